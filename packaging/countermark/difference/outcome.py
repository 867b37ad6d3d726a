"""What the comparison of two archives or trees gave: the outcome, and the causes."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from counterproof.rules import breach
from countersign.findings import Finding
from countersign.rule import Rule

__all__ = ["MAX_PLACES", "Cause", "Outcome", "Place", "Side", "TreeComparison"]

MAX_PLACES: Final = 100
"""Places of one cause that are kept; the others are counted."""


class Outcome(enum.StrEnum):
    """How much two archives or trees have in common."""

    IDENTICAL = "identical"
    """Everything; of two directories, everything that an archive made of them would hold."""
    CONTENT = "content"
    """The same files, in two forms whose bytes cannot be the same: a directory, a tar, a zip."""
    COMPRESSION = "compression"
    """The same archive, compressed otherwise, or ended by another number of zeros."""
    SIGNATURES = "signatures"
    """All but signatures, which is proven of every file that differs."""
    DIFFERENT = "different"


class Place(NamedTuple):
    """One place where a cause shows, in words."""

    member: str | None
    """The path on both sides, without the directory that everything stands in; None for the
    archive as a whole."""
    what: str
    """What differs, such as ``line 12``; may be empty where the rule says it all."""
    first: str | None
    """What was found in the first; None when it is not there."""
    second: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why the two differ, and where."""

    rule: Rule
    """Its name, its usual reason and its fix."""
    total: int
    """How many places there are."""
    places: tuple[Place, ...]
    """The first hundred of them at most, in the order of the first archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two."""

    path: Path
    form: str
    """``directory``, ``tar``, ``tar.gz``, ``tar.zst``, ``zip``, or ``unknown``."""
    sha256: str | None
    """Of the archive in 64 hexadecimal digits; None for a directory."""
    content_sha256: str | None
    """Of the tar inside; None for what holds none, or was not read to its end."""
    compressor: str | None
    """What is told of the compressor; None where nothing was compressed."""
    prefix: str | None
    """The one directory that everything stands in."""
    members: int | None
    """How many members were listed; None when that was not needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeComparison:
    """How two archives or trees differ."""

    first: Side
    second: Side
    outcome: Outcome
    causes: tuple[Cause, ...] = ()
    """Why they differ, the gravest first; none when they are the same."""

    def equal(self, *, modulo_signature: bool = False) -> bool:
        """Tell whether they are the same, or the same apart from signatures.

        Two archives are the same when all their bytes are; other forms, when their files are. A
        signed archive has other compressed bytes, and another end of its tar, so these do not count
        either without signatures.
        """
        if modulo_signature and self.outcome in (Outcome.COMPRESSION, Outcome.SIGNATURES):
            return True
        return self.outcome in (Outcome.IDENTICAL, Outcome.CONTENT)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The causes as findings, one for each, which name the first place."""
        return tuple(breach(cause.rule, _message(cause)) for cause in self.causes)


def _message(cause: Cause) -> str:
    from countersign.escaping import printable

    member, what, first, second = cause.places[0]
    place = ": ".join(printable(each) for each in (member, what) if each)
    values = " -> ".join("(none)" if each is None else printable(each) for each in (first, second))
    more = f", and {cause.total - 1:,} more" if cause.total > 1 else ""
    return f"{place}: {values}{more}" if place else f"{values}{more}"
