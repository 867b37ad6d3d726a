"""The story of a file as a part of a JSON document."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

import msgspec

from countermark.render.finding_entry import FindingEntry, finding_entry
from countersign.diagnosis.story import FileStory, FindingStory, Mending, Place, SliceStory
from countersign.escaping import printable
from countersign.symptoms import Subject, Symptom, symptoms

__all__ = ["FileStoryEntry", "SymptomEntry", "story_entry", "symptom_entry"]


class SymptomEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be seen on a Mac."""

    where: str
    text: str


class PlaceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A range of bytes, and what stands there; the offset counts from the start of the file."""

    offset: int
    size: int
    first_page: int | None
    last_page: int | None
    holds: tuple[str, ...]
    symbols: tuple[str, ...]


class FindingStoryEntry(FindingEntry, frozen=True, kw_only=True):
    """A finding, and what is known beyond it."""

    places: tuple[PlaceEntry, ...]
    places_left_out: int
    happened: str | None
    proven: bool
    usually: str
    symptoms: tuple[SymptomEntry, ...]


class SliceStoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One architecture."""

    arch: str
    signed: bool
    kind: Literal["ad-hoc", "linker", "cms"] | None
    accepted: bool
    identifier: str | None
    cdhash: str | None
    runs_on: str | None
    linked_by: str | None
    built_for: str | None
    signed_by: str | None
    findings: tuple[FindingStoryEntry, ...]


class MendingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What makes the file good again."""

    command: str | None
    advice: str
    tried: bool
    """True when the command was tried in memory, and its result is accepted."""


class FileStoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One file, or one member of an archive."""

    path: str
    member: str | None
    accepted: bool
    findings: tuple[FindingStoryEntry, ...]
    slices: tuple[SliceStoryEntry, ...]
    mending: MendingEntry | None


def story_entry(story: FileStory) -> FileStoryEntry:
    """Return what is known of a file."""
    verdict = story.verdict
    name = printable(PurePath(verdict.member or verdict.path).name)
    return FileStoryEntry(
        path=printable(verdict.path),
        member=None if verdict.member is None else printable(verdict.member),
        accepted=verdict.accepted,
        findings=tuple(_finding(told, name, Subject.ANY, None) for told in story.findings),
        slices=tuple(_slice(part, name) for part in story.slices),
        mending=_mending(story.mending) if story.mending else None,
    )


def symptom_entry(seen: Symptom) -> SymptomEntry:
    """Return what is seen, and where."""
    return SymptomEntry(where=seen.where, text=seen.text)


def _slice(part: SliceStory, name: str) -> SliceStoryEntry:
    verdict = part.verdict
    return msgspec.convert(
        {
            "arch": verdict.arch,
            "signed": verdict.signed,
            "kind": verdict.kind,
            "accepted": verdict.accepted,
            "identifier": verdict.identifier,
            "cdhash": verdict.cdhash,
            "runs_on": part.runs_on,
            "linked_by": part.linked_by,
            "built_for": part.built_for,
            "signed_by": part.signed_by,
            "findings": tuple(
                _finding(told, name, part.subject, part.arm64) for told in part.findings
            ),
        },
        SliceStoryEntry,
    )


def _finding(
    told: FindingStory, name: str, subject: Subject, arm64: bool | None
) -> FindingStoryEntry:
    finding = told.finding
    seen = symptoms(finding.rule, finding.enforced_by, name=name, subject=subject, arm64=arm64)
    return FindingStoryEntry(
        **msgspec.structs.asdict(finding_entry(finding)),
        places=tuple(map(_place, told.places)),
        places_left_out=told.places_left_out,
        happened=told.happened,
        proven=told.proven,
        usually=told.usually,
        symptoms=tuple(map(symptom_entry, seen)),
    )


def _place(place: Place) -> PlaceEntry:
    first, last = place.pages or (None, None)
    return PlaceEntry(
        offset=place.offset,
        size=place.size,
        first_page=first,
        last_page=last,
        holds=place.holds,
        symbols=place.symbols,
    )


def _mending(mending: Mending) -> MendingEntry:
    command = None if mending.command is None else printable(mending.command)
    return MendingEntry(command=command, advice=mending.advice, tried=mending.tried)
