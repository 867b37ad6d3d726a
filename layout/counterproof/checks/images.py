"""What programs and libraries are made of. Rules L05 and L12 to L14."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from counterproof.rulebook.layout import (
    ARCHITECTURE,
    EMPTY_FILE,
    FORMAT,
    NOT_A_PROGRAM,
)
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.survey import Sample
from counterproof.target import Target
from counterproof.trees.entry import Kind
from countersign.findings import Finding
from countersign.image import Image, ImageFormat, ImageKind

__all__ = ["check_images", "check_programs"]

_FEW: Final = 3
"""Architectures that one message names."""


def check_programs(subject: Subject) -> Iterator[Located]:
    """Check that every program is one, and that nothing that matters is empty."""
    for sample in subject.survey.files:
        listed = subject.listed(sample)
        if sample.entry.kind is Kind.FILE and sample.entry.size == 0:
            if _must_have_content(subject, sample):
                message = "is empty, expected content"
                yield Located(sample.entry.path, breach(EMPTY_FILE, message))
        elif listed and (problem := _not_a_program(subject, sample)):
            message = f"{problem}, expected an executable image"
            yield Located(sample.entry.path, breach(NOT_A_PROGRAM, message))


def check_images(subject: Subject) -> Iterator[Located]:
    """Check the format and the architectures of every image, wherever it stands."""
    for sample in subject.survey.files:
        if subject.form == "nsis" and not subject.listed(sample):
            continue  # what serves the installer itself is for 32 bits
        if sample.image and (finding := _foreign(sample.image, subject.target)):
            yield Located(sample.entry.path, finding)


def _must_have_content(subject: Subject, sample: Sample) -> bool:
    path = sample.entry.path
    if any(file.empty and file.pattern.matches(path) for file in subject.allowed_files):
        return False
    return subject.profile.unlisted == "refused" or subject.is_program(sample)


def _not_a_program(subject: Subject, sample: Sample) -> str | None:
    """Say what is wrong with a program of the profile; links without an end have their own rule."""
    behind = subject.survey.behind(sample)
    if sample.entry.kind not in (Kind.FILE, Kind.SYMLINK) or behind is None:
        return None
    found = "is" if behind is sample else f"leads to {behind.entry.path}, which is"
    if behind.image is None:
        return f"{found} a script" if behind.script else f"{found} no image"
    return f"{found} of kind {behind.image.kind}" if _is_part(behind.image) else None


def _is_part(image: Image) -> bool:
    """Tell whether an image cannot be started; a static-PIE ELF looks just like a library."""
    if image.format is ImageFormat.ELF:
        return image.kind is ImageKind.OBJECT
    return image.kind in (ImageKind.OBJECT, ImageKind.LIBRARY)


def _foreign(image: Image, target: Target) -> Finding | None:
    if image.format is not target.image_format:
        return breach(FORMAT, f"format is {image.format}, expected {target.image_format}")
    if image.architectures != (target.architecture,):
        found = _some(image.architectures)
        return breach(ARCHITECTURE, f"architecture is {found}, expected {target.architecture}")
    return None


def _some(architectures: tuple[str, ...]) -> str:
    """List what an image runs on; a universal one that was made up may claim a hundred."""
    named = ", ".join(architectures[:_FEW]) or "none"
    more = len(architectures) - _FEW
    return f"{named} and {more} more" if more > 0 else named
