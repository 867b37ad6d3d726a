"""A text that a Mac prints about code that it refuses, and its meaning.

Every pattern is linear: no repeated group holds another repetition, and every repetition has a
bound. Groups give the facts, by the names of the fields of
:class:`countersign.sightings.sighting.Sighting`; numbers are hexadecimal after ``0x``.
The tables stand in :mod:`countersign.sightings.kernel`, ``loader``, ``policy``, ``security`` and
``ending``; sources are of xnu-11417, dyld-1378, where not said otherwise, and Security-61901.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from countersign.sightings.sighting import Reporter

__all__ = ["IMAGE", "SEALED", "STALE", "Meaning", "Phrase", "phrase"]


class Meaning(NamedTuple):
    """What a text means."""

    text: str
    rules: tuple[str, ...] = ()
    """The most likely first."""
    advice: str = ""


class Phrase(NamedTuple):
    """One text."""

    mark: str
    """A part of it that is always the same: lines without it need not be searched."""
    pattern: re.Pattern[str]
    reporter: Reporter
    source: str | None
    """Where Apple's sources print it; None for closed code."""
    meaning: Meaning | Callable[[re.Match[str]], Meaning]


STALE: Final = (
    "Put a new file in its place instead of writing into the old one: copy it to a new name and "
    "rename it, or restart the Mac."
)
SEALED: Final = ("R22", "R24", "R30", "R31", "R32", "R41", "R42")
"""The rules that make the kernel refuse a signature as a whole."""
IMAGE: Final = r"<(?P<uuid>[^>]{0,64})> '(?P<path>[^']{0,1024})'"
"""How dyld names an image."""


def phrase(
    mark: str,
    pattern: str,
    reporter: Reporter,
    source: str | None,
    meaning: Meaning | Callable[[re.Match[str]], Meaning],
) -> Phrase:
    """Make a phrase of its parts."""
    return Phrase(mark, re.compile(pattern), reporter, source, meaning)
