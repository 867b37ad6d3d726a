"""What a check of hardening is given beside the facts, and how it answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from counterproof.hardening.allowances import Allowances
from counterproof.hardening.facts import BuildPath, Leftovers, Undecided

__all__ = [
    "SYMBOL",
    "Answer",
    "Case",
    "build_paths",
    "foreign",
    "listed",
    "shown",
    "unless",
    "unstripped",
]

Answer: TypeAlias = Iterable[str | Undecided]
"""What is wrong, a text for each fault, or why that cannot be told; nothing when all is well."""

_LISTED: Final = 3
_LENGTH: Final = 120
"""Characters of a name that a message shows at most."""
SYMBOL: Final = 40
"""The same of a symbol: mangled ones tell little by their ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What one image is measured against."""

    program: str
    """The name of its file, without ``.exe``."""
    allowances: Allowances
    published: bool
    """False in a build tree, whose programs keep what installing takes away."""
    brought: frozenset[str] = frozenset()
    """The names of all files that the release brings."""
    closed: bool = False
    """True where nothing of the building machine may be in it."""


def unless(fact: bool | Undecided, problem: str) -> Answer:
    """Answer with ``problem`` where a fact does not hold."""
    if isinstance(fact, Undecided):
        return (fact,)
    return () if fact else (problem,)


def listed(names: Iterable[str], count: int | None = None, *, length: int = _LENGTH) -> str:
    """List the first of some names, and say how many more there are."""
    known = tuple(names)
    more = (len(known) if count is None else count) - _LISTED
    text = ", ".join(shown(name, length) for name in known[:_LISTED])
    return f"{text} and {more} more" if more > 0 else text


def shown(name: str, length: int = _LENGTH) -> str:
    """Make a name out of a file safe to show."""
    safe = name if name.isprintable() else ascii(name)[1:-1]
    return safe if len(safe) <= length else f"{safe[:length]}..."


def unstripped(leftovers: Leftovers, case: Case) -> Answer:
    """Answer for what stripping would have taken away."""
    if case.published and leftovers.debug:
        yield f"it holds debug information: {listed(leftovers.debug)}"
    elif case.published and leftovers.symbols:
        yield f"it holds {leftovers.symbols} symbols that only debuggers need"


def foreign(names: Iterable[str], allowed: frozenset[str] | None, case: Case, whose: str) -> Answer:
    """Answer for the libraries that no system of a platform brings; ``allowed`` is its table.

    Where there is a table, its own rule speaks of a release that may hold what it finds.
    """
    if allowed is not None and not case.closed:
        return
    surplus = [name for name in names if name.rpartition("/")[2] not in (allowed or ())]
    if surplus:
        yield f"it loads {listed(surplus)}: no part of {whose}, nor of the release"


def build_paths(paths: tuple[BuildPath, ...]) -> Answer:
    """Answer for paths of the building machine."""
    if paths:
        yield f"it holds paths of a build: {listed(path.text for path in paths)}"
