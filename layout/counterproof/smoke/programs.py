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
    image: bool = True
    """False for what stands where a program should be and is none, by its content."""


def startable_programs(subject: Subject, top: Path) -> dict[str, Startable]:
    """Give the programs of a tree by name, sorted by place.

    These are the executable images, and whatever stands where the profile wants a program: a
    damaged one must fail, not vanish. ``top`` is where the tree is now. Of several copies the one
    in its place counts; a link that leads out of the tree is none of its programs.
    """
    wanted = {program.name: subject.place(program) for program in subject.programs}
    chosen: dict[str, Startable] = {}
    for program in _startable(subject, top):
        in_place = program.place == wanted.get(program.name)
        if in_place or (program.image and program.name not in chosen):
            chosen[program.name] = program
    return chosen


def _startable(subject: Subject, top: Path) -> Iterator[Startable]:
    for sample in subject.survey.files:
        behind = subject.survey.behind(sample)
        if behind is None or not subject.is_program(sample):
            continue
        place = sample.entry.path
        name = subject.target.program_name(place.name)
        if name is not None:
            yield Startable(name=name, place=place, path=top / place, image=_can_start(behind))


def _can_start(sample: Sample) -> bool:
    """A static position-independent program of ELF looks like a library."""
    image = sample.image
    if image is None:
        return False
    if image.format is ImageFormat.ELF and image.kind is ImageKind.LIBRARY:
        return True
    return image.kind is ImageKind.EXECUTABLE
