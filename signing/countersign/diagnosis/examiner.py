"""Find out the story of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from countersign.diagnosis.causes import REASONS
from countersign.diagnosis.landmarks import standing_in
from countersign.diagnosis.pages import Cause, PageDamage, examine_pages
from countersign.diagnosis.parts import Part, read_parts
from countersign.diagnosis.payload import name_payload
from countersign.diagnosis.provenance import built_for, linked_by, runs_on, signed_by
from countersign.diagnosis.story import FileStory, FindingStory, Place, SliceStory
from countersign.findings import FileVerdict, Finding, SliceVerdict
from countersign.macho.header import MH_EXECUTE
from countersign.macho.slice import Slice
from countersign.macho.symbols import Symbols, read_symbols
from countersign.rulebook import RULES
from countersign.symptoms import Subject
from countersign.window import Window

__all__ = ["examine"]

MAX_PLACES: Final = 8
MAX_NAMES: Final = 4
"""Places of a finding, and symbols of a place, that are told."""
_PAGES: Final = ("R27", "R64")
"""The rules that changed pages break."""
_BEHIND: Final = ("R8", "R10")
"""The rules that something behind the image breaks."""


def examine(data: Window, verdict: FileVerdict) -> FileStory:
    """Tell the story of the whole file ``data``, of which ``verdict`` was given.

    Raises what the source raises.
    """
    parts = read_parts(data)
    end = max(part.data.start + len(part.data) for part in parts)
    return FileStory(
        verdict=verdict,
        findings=tuple(
            _behind(finding, data.part(end, len(data)))
            if finding.rule in _BEHIND
            else _plain(finding, parts)
            for finding in verdict.findings
        ),
        slices=tuple(
            _slice_story(each, part, [other.data for other in parts if other is not part])
            for each, part in _paired(verdict.slices, parts)
        ),
    )


def _paired(
    verdicts: Sequence[SliceVerdict], parts: Sequence[Part]
) -> Iterator[tuple[SliceVerdict, Part]]:
    """Give each slice that was judged its bytes."""
    return zip(verdicts, parts, strict=False)


def _slice_story(verdict: SliceVerdict, part: Part, others: Sequence[Window]) -> SliceStory:
    thin, signature = part.thin, part.signature
    return SliceStory(
        verdict=verdict,
        subject=_subject(thin),
        arm64=thin.is_arm64 if thin else None,
        runs_on=runs_on(thin) if thin else None,
        linked_by=linked_by(thin) if thin else None,
        built_for=built_for(thin) if thin else None,
        signed_by=signed_by(thin, signature) if thin and signature else None,
        findings=tuple(_finding_stories(verdict, part, others)),
    )


def _subject(thin: Slice | None) -> Subject:
    if thin is None:
        return Subject.ANY
    return Subject.PROGRAM if thin.header.filetype == MH_EXECUTE else Subject.LIBRARY


def _finding_stories(
    verdict: SliceVerdict, part: Part, others: Sequence[Window]
) -> Iterator[FindingStory]:
    broken = any(finding.rule in _PAGES for finding in verdict.findings)
    damages = list(_damages(part, others)) if broken else []
    for finding in verdict.findings:
        damage = _take(damages, finding, part) if finding.rule in _PAGES else None
        if part.thin is not None and damage is not None:
            yield _pages(finding, damage, part.data, part.thin)
        elif part.thin is not None and finding.rule in _BEHIND:
            end = part.thin.claimed_end or 0
            yield _behind(finding, part.data.part(end, len(part.data)))
        else:
            yield _plain(finding, (part,))


def _damages(part: Part, others: Sequence[Window]) -> Iterator[PageDamage]:
    """Examine the pages of every code directory."""
    if part.thin is None or part.signature is None:
        return
    length = part.signature.superblob.length
    for directory in part.signature.directories:
        yield from examine_pages(part.data, part.thin, directory.code, length, others)


def _take(damages: list[PageDamage], finding: Finding, part: Part) -> PageDamage | None:
    """Take out the first damage that is that of a finding."""
    at = (finding.offset or 0) - part.data.start
    for index, damage in enumerate(damages):
        padded = damage.cause is Cause.PADDED
        if padded is (finding.rule == "R64") and any(at in place for place in damage.places):
            return damages.pop(index)
    return None


def _pages(finding: Finding, damage: PageDamage, data: Window, thin: Slice) -> FindingStory:
    reason = REASONS[damage.cause]
    symbols = read_symbols(data, thin)
    detail = f" {damage.detail[0].upper()}{damage.detail[1:]}." if damage.detail else ""
    return FindingStory(
        finding=finding,
        places=tuple(
            _page_place(run, damage.page_size, thin, symbols) for run in damage.wrong[:MAX_PLACES]
        ),
        places_left_out=max(0, len(damage.wrong) - MAX_PLACES),
        happened=reason.happened + detail,
        proven=damage.proven,
        usually=reason.usually,
    )


def _page_place(run: range, page_size: int, thin: Slice, symbols: Symbols) -> Place:
    end = thin.signature.data_offset if thin.signature else thin.size
    place = range(run.start * page_size, min(run.stop * page_size, end, thin.size))
    return Place(
        offset=thin.base + place.start,
        size=len(place),
        pages=(run.start, run.stop - 1),
        holds=standing_in(thin, place),
        symbols=_symbols(thin, place, symbols),
    )


def _symbols(thin: Slice, place: range, symbols: Symbols) -> tuple[str, ...]:
    """Name what lies in the sections that a place meets."""
    names: list[str] = []
    for segment in thin.segments:
        for section in segment.sections:
            start = max(place.start, section.offset)
            stop = min(place.stop, section.offset + section.size)
            if section.has_contents and start < stop:
                names += symbols.names(range(start, stop), MAX_NAMES)
    return tuple(dict.fromkeys(names))[:MAX_NAMES]


def _behind(finding: Finding, tail: Window) -> FindingStory:
    """Tell what stands behind an image."""
    rule = RULES[finding.rule]
    count = "1 byte follows" if len(tail) == 1 else f"{len(tail):,} bytes follow"
    happened = f"{count}: {name_payload(tail)}." if len(tail) else None
    place = Place(offset=tail.start, size=len(tail))
    return FindingStory(
        finding=finding,
        places=(place,) if len(tail) else (),
        happened=happened,
        proven=happened is not None,
        usually=rule.cause,
    )


def _plain(finding: Finding, parts: Sequence[Part]) -> FindingStory:
    """Tell what the rule says, and what stands at the place of the finding."""
    places = tuple(
        Place(offset=finding.offset, size=1, holds=standing_in(thin, range(at, at + 1)))
        for part in parts
        if (thin := part.thin) is not None
        and finding.offset is not None
        and (at := finding.offset - part.data.start) in range(len(part.data))
    )
    return FindingStory(finding=finding, places=places, usually=RULES[finding.rule].cause)
