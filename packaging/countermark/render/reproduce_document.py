"""What ``reproduce`` and ``rebuild`` found, as JSON documents."""

from __future__ import annotations

from typing import Literal

import msgspec

from countermark.difference.outcome import Place
from countermark.render.tree_document import CompareTreesDocument, compare_trees_document
from countermark.reproduction.culprit import Culprit
from countermark.reproduction.rebuilding import Rebuilt
from countermark.reproduction.record import BuildRecord
from countermark.reproduction.reproducing import Reproduction, Varied
from countermark.rulebook.reproducibility import rule_of
from countersign.escaping import printable

__all__ = ["RebuildDocument", "ReproduceDocument", "rebuild_document", "reproduce_document"]


class VariedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One variation."""

    name: str
    what: str
    values: tuple[str, ...]
    """What the conditions were, for each build; empty when it was not varied."""
    not_varied: str | None
    """Why it was not varied."""


class ComparedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One artifact in all builds."""

    name: str
    equal: bool
    sha256: tuple[str | None, ...]
    """Of each build; null where it did not come out of one."""


class PlaceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One place where two builds differ."""

    file: str | None
    what: str
    first: str | None
    second: str | None


class CulpritEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The first step of a host that gave something else."""

    host: str | None
    step: Literal["configure", "generate", "compile", "archive", "link", "install", "sign", "pack"]
    files: tuple[str, ...]
    """What the step made differently."""
    places: tuple[PlaceEntry, ...]
    """Where the first of them differ, and how."""
    spoilt: tuple[str, ...]
    """The files of the archive that differ because of it."""


class ReproduceDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``reproduce`` found."""

    schema: Literal["countermark.reproduce/1"] = "countermark.reproduce/1"
    equal: bool
    name: str
    version: str
    source: str
    """``sha256:`` with 64 digits over the files of the suite."""
    seconds: tuple[float, ...]
    """How long each build took."""
    varied: tuple[VariedEntry, ...]
    artifacts: tuple[ComparedEntry, ...]
    culprits: tuple[CulpritEntry, ...]
    chance: bool
    """Whether two builds differ under the same conditions."""
    causes: tuple[tuple[str, ...], ...]
    """Variations that make a difference by themselves, or several that do together."""
    rules: tuple[str, ...]
    """The rules that they break, for ``explain``."""
    more_builds: int
    """Builds that it took to find the causes."""


class RebuildDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``rebuild`` found."""

    schema: Literal["countermark.rebuild/1"] = "countermark.rebuild/1"
    equal: bool
    source: str
    """What was built."""
    mismatches: tuple[str, ...]
    """What was not as recorded, in words; nothing unless it was built anyway."""
    record: BuildRecord
    """What the artifact says that it was made from."""
    comparison: CompareTreesDocument
    """Of the artifact with the rebuilt one."""


def rebuild_document(rebuilt: Rebuilt, *, modulo_signature: bool) -> RebuildDocument:
    """Return what ``rebuild`` prints."""
    comparison = compare_trees_document(
        rebuilt.comparison, modulo_signature=modulo_signature, command=None, shown=None
    )
    return RebuildDocument(
        equal=comparison.equal,
        source=printable(rebuilt.source.words),
        mismatches=tuple(map(printable, rebuilt.mismatches)),
        record=rebuilt.record,
        comparison=comparison,
    )


def reproduce_document(result: Reproduction) -> ReproduceDocument:
    """Return what ``reproduce`` prints."""
    return ReproduceDocument(
        equal=result.equal,
        name=result.name,
        version=result.version,
        source=f"sha256:{result.source}",
        seconds=tuple(round(seconds, 3) for seconds in result.seconds),
        varied=tuple(map(_varied, result.varied)),
        artifacts=tuple(
            ComparedEntry(
                name=each.name,
                equal=each.equal,
                sha256=tuple(digest or None for digest in each.digests),
            )
            for each in result.artifacts
        ),
        culprits=tuple(map(_culprit, result.culprits)),
        chance=result.chance,
        causes=result.causes,
        rules=tuple(rule_of(name).id for name in _broken(result)),
        more_builds=result.extra,
    )


def _broken(result: Reproduction) -> tuple[str, ...]:
    names = (name for cause in result.causes for name in cause)
    return tuple(dict.fromkeys(("chance",) if result.chance else names))


def _varied(varied: Varied) -> VariedEntry:
    return VariedEntry(
        name=varied.variation.name,
        what=varied.variation.what,
        values=varied.values,
        not_varied=printable(varied.obstacle) or None,
    )


def _culprit(culprit: Culprit) -> CulpritEntry:
    return CulpritEntry(
        host=culprit.host or None,
        step=culprit.part.value,
        files=tuple(map(printable, culprit.files)),
        places=tuple(map(_place, culprit.places)),
        spoilt=tuple(map(printable, culprit.spoilt)),
    )


def _place(place: Place) -> PlaceEntry:
    member, what, first, second = (None if word is None else printable(word) for word in place)
    return PlaceEntry(file=member, what=what or "", first=first, second=second)
