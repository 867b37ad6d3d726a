"""Read what a Mac reported: a crash report, or any text with lines of a log in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countersign.sightings.crash import read_crash, sightings_of
from countersign.sightings.lines import recognize_lines
from countersign.sightings.sighting import Sighting

__all__ = ["MAX_REPORT", "is_text", "read_report"]

MAX_REPORT: Final = 1 << 24
"""Bytes of a report that are read."""
MAX_SIGHTINGS: Final = 50
_SAMPLE: Final = 4096


def is_text(data: bytes) -> bool:
    """Tell whether a file is text, by its first bytes."""
    return bool(data) and b"\0" not in data[:_SAMPLE]


def read_report(data: bytes) -> tuple[Sighting, ...]:
    """Recognise what is known in a report; each meaning of a place once. Never raises.

    At most 50 things are given, and what lies behind the first 16 MiB is not looked at.
    """
    text = data[:MAX_REPORT].decode("utf-8", "replace")
    crash = read_crash(text)
    found = sightings_of(crash) if crash is not None else recognize_lines(text)
    return tuple(_once(found))


def _once(found: Iterator[Sighting]) -> Iterator[Sighting]:
    seen: set[tuple[object, ...]] = set()
    for sighting in found:
        key = (sighting.meaning, sighting.path, sighting.offset, sighting.memory_offset)
        if key in seen:
            continue
        if len(seen) == MAX_SIGHTINGS:
            return
        seen.add(key)
        yield sighting
