"""The kit as one list: every file, and what is expected of each.

The expectations are data that anybody can read, ``kit.toml``; what makes the files is in
``kit.files``, one module for each module of the rulebook.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kit.bases import Files
from kit.files import (
    bundles,
    container,
    contents,
    delivery,
    directory,
    image,
    loading,
    seal,
    superblob,
    trust,
    world,
)

__all__ = ["ENFORCERS", "TABLE", "Expectation", "expectations", "make", "names"]

TABLE: Final = Path(__file__).parent.parent / "kit.toml"
ENFORCERS: Final = ("kernel", "dyld", "codesign", "codesign-strict")

_MODULES: Final = (
    container,
    image,
    superblob,
    directory,
    seal,
    trust,
    contents,
    bundles,
    loading,
    delivery,
    world,
)
_FILES: Final[Files] = {name: make for module in _MODULES for name, make in module.FILES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What macOS says of one file."""

    name: str
    what: str
    verdict: Mapping[str, str]
    """``accept`` or ``refuse``, by enforcer."""
    primary: str | None = None
    """The broken rule; None in a file that passes."""
    also: tuple[str, ...] = ()
    """Rules that are broken along with it."""
    path: str | None = None
    """What is judged of an archive; None for what its first member lies in."""
    demand: Mapping[str, str | bool] = field(default_factory=dict)
    """What is demanded besides: ``signed``, ``kind``, ``identifier`` or ``team``."""

    @property
    def rule(self) -> str:
        """The rule that the file is about."""
        return self.name.partition("-")[0]

    @property
    def archived(self) -> bool:
        """True for an archive, out of which most tools have to be helped."""
        return self.name.endswith(".tar")

    @property
    def passes(self) -> bool:
        """True when nothing is wrong with the file."""
        return self.primary is None

    @property
    def is_bad(self) -> bool:
        """True when the one who asks is not to get it, whatever macOS does."""
        return bool(self.demand) and not self.passes

    @property
    def refused_by(self) -> frozenset[str]:
        """Those who refuse the file."""
        return frozenset(each for each in ENFORCERS if self.verdict[each] == "refuse")


def expectations() -> tuple[Expectation, ...]:
    """Read the table."""
    return tuple(_entries(tomllib.loads(TABLE.read_text(encoding="utf-8"))))


def _entries(table: Mapping[str, list[dict[str, object]]]) -> Iterator[Expectation]:
    for entry in table["file"]:
        also = entry.pop("also", [])
        assert isinstance(also, list)
        yield Expectation(**entry, also=tuple(also))  # type: ignore[arg-type]


def names() -> tuple[str, ...]:
    """Give the names of all files that can be made, in the order of the rulebook."""
    return tuple(_FILES)


def make(name: str) -> bytes:
    """Make one file of the kit; the same bytes every time."""
    return _FILES[name]()
