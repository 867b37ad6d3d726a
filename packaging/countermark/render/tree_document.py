"""The JSON document of ``compare`` for archives and trees."""

from __future__ import annotations

from typing import Literal

import msgspec

from countermark.difference.diffoscope import Shown
from countermark.difference.outcome import Cause, Side, TreeComparison
from countermark.process import Command
from countersign.escaping import printable

__all__ = ["CompareTreesDocument", "compare_trees_document"]


class SideEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two."""

    path: str
    form: Literal["directory", "tar", "tar.gz", "tar.zst", "zip", "unknown"]
    sha256: str | None
    """Of the archive; null for a directory."""
    content_sha256: str | None
    """Of the tar inside; null for what holds none, or was not read to its end."""
    compressor: str | None
    """What the archive tells of its compressor."""
    prefix: str | None
    """The one directory that everything stands in."""
    members: int | None
    """Null when there was no need to list them."""


class PlaceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a cause shows."""

    member: str | None
    """Null for the archive as a whole."""
    what: str
    first: str | None
    """What was found in the first; null when it is not there."""
    second: str | None


class CauseEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why the two differ."""

    rule: str
    name: str
    cause: str
    """The usual reason."""
    fix: str
    total: int
    """How many places there are."""
    places: tuple[PlaceEntry, ...]
    """The first hundred at most."""


class ShownEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What diffoscope said of one member."""

    member: str
    lines: tuple[str, ...]
    stopped: bool
    """True when it took too long, so that the lines are not all."""


class CompareTreesDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``compare`` found in archives and trees."""

    schema: Literal["countermark.compare-trees/1"] = "countermark.compare-trees/1"
    first: SideEntry
    second: SideEntry
    modulo_signature: bool
    equal: bool
    """Whether nothing differs that was compared."""
    outcome: Literal["identical", "content", "compression", "signatures", "different"]
    causes: tuple[CauseEntry, ...]
    """The gravest first."""
    diffoscope_command: str | None
    """What shows more, where diffoscope is installed."""
    diffoscope: ShownEntry | None
    """Null when it was not asked for, or no file differs in its content."""


def compare_trees_document(
    comparison: TreeComparison,
    *,
    modulo_signature: bool,
    command: Command | None,
    shown: Shown | None,
) -> CompareTreesDocument:
    """Return what ``compare`` prints of archives and trees."""
    return CompareTreesDocument(
        first=_side(comparison.first),
        second=_side(comparison.second),
        modulo_signature=modulo_signature,
        equal=comparison.equal(modulo_signature=modulo_signature),
        outcome=comparison.outcome.value,
        causes=tuple(map(_cause, comparison.causes)),
        diffoscope_command=printable(str(command)) if command is not None else None,
        diffoscope=_shown(shown) if shown is not None else None,
    )


def _side(side: Side) -> SideEntry:
    return msgspec.convert(
        {
            "path": printable(str(side.path)),
            "form": side.form,
            "sha256": side.sha256,
            "content_sha256": side.content_sha256,
            "compressor": _printable(side.compressor),
            "prefix": _printable(side.prefix),
            "members": side.members,
        },
        SideEntry,
    )


def _cause(cause: Cause) -> CauseEntry:
    return CauseEntry(
        rule=cause.rule.id,
        name=cause.rule.name,
        cause=cause.rule.cause,
        fix=cause.rule.fix,
        total=cause.total,
        places=tuple(
            PlaceEntry(
                member=_printable(each.member),
                what=printable(each.what),
                first=_printable(each.first),
                second=_printable(each.second),
            )
            for each in cause.places
        ),
    )


def _shown(shown: Shown) -> ShownEntry:
    lines = tuple(printable(line.expandtabs()) for line in shown.lines)
    return ShownEntry(member=printable(shown.member), lines=lines, stopped=shown.stopped)


def _printable(text: str | None) -> str | None:
    return printable(text) if text is not None else None
