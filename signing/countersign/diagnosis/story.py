"""The story of a file: its verdict, and to every finding where, by what, and what is seen."""

from __future__ import annotations

from dataclasses import dataclass

from countersign.findings import FileVerdict, Finding, SliceVerdict
from countersign.symptoms import Subject

__all__ = ["FileStory", "FindingStory", "Mending", "Place", "SliceStory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A range of bytes, and what stands there."""

    offset: int
    """From the start of the file."""
    size: int
    pages: tuple[int, int] | None = None
    """The first and the last page of the range, where it is made of signed pages."""
    holds: tuple[str, ...] = ()
    """Sections and segments, or the load commands."""
    symbols: tuple[str, ...] = ()
    """The first functions or variables in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingStory:
    """What is known of one finding."""

    finding: Finding
    places: tuple[Place, ...] = ()
    places_left_out: int = 0
    """How many more there are."""
    happened: str | None = None
    """What was done to the file; None where only the usual cause is known."""
    proven: bool = False
    """True when the bytes prove it."""
    usually: str
    """Which tools usually do that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceStory:
    """What is known of one slice."""

    verdict: SliceVerdict
    subject: Subject = Subject.ANY
    """Whether it is a program or something that programs load; any when it cannot be read."""
    arm64: bool | None = None
    """True for code of Apple silicon; None when it cannot be read."""
    runs_on: str | None = None
    """The Macs that can run it if its signature is good."""
    linked_by: str | None = None
    built_for: str | None = None
    signed_by: str | None = None
    findings: tuple[FindingStory, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """What makes the file good again."""

    command: str | None
    """A command line; None when no command does."""
    advice: str
    """What to do instead of the command, or to know before it; may be empty."""
    tried: bool = False
    """True when the command was tried in memory, and its result is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStory:
    """What is known of a file."""

    verdict: FileVerdict
    findings: tuple[FindingStory, ...] = ()
    """Those about the file as a whole; the others stand at their slice."""
    slices: tuple[SliceStory, ...] = ()
    mending: Mending | None = None
    """None for a file that is accepted."""
