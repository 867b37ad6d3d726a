"""Verifying what a user names: files, directories and archives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from countermark.errors import CountermarkError, WorkError, missing
from countermark.targets import nothing
from counterproof.errors import LayoutError
from counterproof.format import is_archive
from counterproof.tree import walk
from countersign.discovery import find_linked_images, identify_file
from countersign.errors import ReadError, SigningError
from countersign.findings import FileVerdict, Verdict
from countersign.image import ImageFormat, identify
from countersign.verifier import verify, verify_image

__all__ = ["Verified", "verify_paths"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found, and what could not be checked and why."""

    verdict: Verdict
    problems: tuple[Exception, ...] = ()
    """Errors with a ``hint``, of one of the three packages."""

    @property
    def accepted(self) -> bool:
        """True when everything could be checked, and everything is accepted."""
        return not self.problems and self.verdict.accepted


def verify_paths(paths: Iterable[Path]) -> Verified:
    """Verify every Mach-O in ``paths``, and go on after one that cannot be checked.

    A path in which there is no Mach-O could not be checked.
    """
    files: list[FileVerdict] = []
    problems: list[Exception] = []
    for path in paths:
        before = len(files), len(problems)
        try:
            for verdict in _verify(path, problems):
                files.append(verdict)
            if (len(files), len(problems)) == before:
                problems.append(nothing(path))
        except (CountermarkError, LayoutError, SigningError) as error:
            problems.append(error)
        except OSError as error:
            problems.append(WorkError(f"{path} cannot be read: {error.strerror}"))
    return Verified(verdict=Verdict(files=tuple(files)), problems=tuple(problems))


def _verify(path: Path, problems: list[Exception]) -> Iterator[FileVerdict]:
    def fail(place: Path, error: ReadError) -> None:
        problems.append(WorkError(f"{place}: {error}", hint=error.hint))

    if not path.exists():
        raise missing(path)
    if path.is_dir():
        for names in find_linked_images(path, fail):
            yield verify(names[0])
    elif _is_image(path):
        yield verify(path)
    else:
        yield from _verify_archive(path)


def _is_image(path: Path) -> bool:
    if not path.is_file():
        raise WorkError(
            f"{path} is neither a file nor a directory",
            hint="Name a Mach-O, or a directory or an archive that holds one.",
        )
    try:
        return identify_file(path) is not None
    except OSError as error:
        raise WorkError(f"{path} cannot be read: {error.strerror}") from error


def _verify_archive(path: Path) -> Iterator[FileVerdict]:
    if not is_archive(path):
        return
    for member in walk(path):
        content = memoryview(member.content)
        image = identify(content)
        if image is not None and image.format is ImageFormat.MACH_O:
            yield replace(
                verify_image(content, path=str(path)), member=member.entry.path.as_posix()
            )
