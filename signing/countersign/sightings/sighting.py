"""One thing that a Mac reported, and what it means."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Reporter", "Sighting"]


class Reporter(enum.StrEnum):
    """Who printed it."""

    KERNEL = "the kernel"
    DYLD = "dyld"
    AMFI = "AMFI"
    SECURITY = "Security"
    CRASH_REPORT = "a crash report"
    DESKTOP = "a shell or the desktop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A text that was recognised, with the facts in it."""

    quote: str
    """The text itself, cut where it is long."""
    reporter: Reporter
    source: str | None
    """Where Apple's sources print it; None for closed code, known from published logs alone."""
    meaning: str
    rules: tuple[str, ...] = ()
    """Ids of the rules that are broken, the most likely first; empty when none is."""
    advice: str = ""
    """What to do where the fix of a rule does not say it."""
    process: str | None = None
    pid: int | None = None
    path: str | None = None
    """The file that is meant, as the Mac named it."""
    offset: int | None = None
    """The place that is meant, in bytes from the start of that file."""
    address: int | None = None
    """The place in memory."""
    memory_offset: int | None = None
    """The place in memory, from where the image begins there."""
    arch: str | None = None
    uuid: str | None = None
    """LC_UUID of the image, in hexadecimal digits without dashes."""
