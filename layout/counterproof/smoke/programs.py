"""The programs of a tree that can be started, once it is unpacked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from counterproof.subject import Subject
from counterproof.survey import Sample
from countersign.image import ImageFormat, ImageKind

__all__ = ["Startable", "startable_programs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Startable:
    """A program's file."""

    name: str
    """Without any ``.exe``."""
    place: PurePosixPath
    """From the top of the tree."""
    path: Path
    """Where it is now."""


def startable_programs(subject: Subject, top: Path) -> dict[str, Startable]:
    """Give the executable images among the programs of a tree by name, sorted by place.

    ``top`` is where the tree is now. Of several copies the one counts that stands where the
    profile wants it; a link that leads out of the tree is none of its programs.
    """
    wanted = {program.name: subject.place(program) for program in subject.programs}
    chosen: dict[str, Startable] = {}
    for program in _startable(subject, top):
        if program.name not in chosen or program.place == wanted.get(program.name):
            chosen[program.name] = program
    return chosen


def _startable(subject: Subject, top: Path) -> Iterator[Startable]:
    for sample in subject.survey.files:
        behind = subject.survey.behind(sample)
        if behind is None or not subject.is_program(sample) or not _can_start(behind):
            continue
        place = sample.entry.path
        name = subject.target.program_name(place.name)
        if name is not None:
            yield Startable(name=name, place=place, path=top / place)


def _can_start(sample: Sample) -> bool:
    """A static position-independent program of ELF looks like a library."""
    image = sample.image
    if image is None:
        return False
    if image.format is ImageFormat.ELF and image.kind is ImageKind.LIBRARY:
        return True
    return image.kind is ImageKind.EXECUTABLE
