"""What a Mac reported, as a part of a JSON document."""

from __future__ import annotations

from typing import Literal

import msgspec

from countermark.sightings import ReadReport, Recognized
from countersign.escaping import printable
from countersign.sightings.pinpoint import Spot

__all__ = ["ReportEntry", "report_entry"]


class SpotEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the file at the place that the report names."""

    offset: int
    arch: str | None
    page: int | None
    page_size: int | None
    state: Literal["good", "changed", "unsigned", "outside"]
    holds: tuple[str, ...]
    symbols: tuple[str, ...]
    other_build: bool
    """True when the report names another LC_UUID than the file has."""


class SightingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was recognised."""

    quote: str
    reporter: str
    source: str | None
    """Where Apple's sources print it; null for closed code."""
    meaning: str
    rules: tuple[str, ...]
    confirmed: bool
    """True when the file breaks these rules, and not only may have."""
    advice: str
    process: str | None
    pid: int | None
    path: str | None
    offset: int | None
    address: int | None
    memory_offset: int | None
    arch: str | None
    uuid: str | None
    spot: SpotEntry | None


class ReportEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One report."""

    name: str
    recognized: tuple[SightingEntry, ...]


def report_entry(report: ReadReport) -> ReportEntry:
    """Return what was recognised in a report."""
    return ReportEntry(
        name=printable(report.name), recognized=tuple(map(_sighting, report.recognized))
    )


def _sighting(recognized: Recognized) -> SightingEntry:
    sighting = recognized.sighting
    return SightingEntry(
        quote=printable(sighting.quote),
        reporter=sighting.reporter.value,
        source=sighting.source,
        meaning=sighting.meaning,
        rules=recognized.rules,
        confirmed=recognized.confirmed,
        advice=sighting.advice,
        process=_printable(sighting.process),
        pid=sighting.pid,
        path=_printable(sighting.path),
        offset=sighting.offset,
        address=sighting.address,
        memory_offset=sighting.memory_offset,
        arch=_printable(sighting.arch),
        uuid=_printable(sighting.uuid),
        spot=_spot(recognized.spot) if recognized.spot else None,
    )


def _spot(spot: Spot) -> SpotEntry:
    return msgspec.convert(
        {
            "offset": spot.offset,
            "arch": spot.arch,
            "page": spot.page,
            "page_size": spot.page_size,
            "state": spot.state.value,
            "holds": spot.holds,
            "symbols": spot.symbols,
            "other_build": spot.other_build,
        },
        SpotEntry,
    )


def _printable(text: str | None) -> str | None:
    return None if text is None else printable(text)
