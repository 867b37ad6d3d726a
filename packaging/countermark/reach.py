"""Looking at every Mach-O in what a user names: files, directories and archives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from countermark.errors import CountermarkError, WorkError, missing
from countermark.targets import nothing
from counterproof.entry import Content
from counterproof.errors import LayoutError
from counterproof.format import is_archive
from counterproof.tree import walk
from countersign.discovery import find_linked_images, identify_file
from countersign.errors import ReadError, SigningError
from countersign.image import ImageFormat, identify
from countersign.source import BytesSource, Source, open_source

__all__ = ["Found", "Visited", "visit"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that is to be looked at."""

    path: Path
    member: str | None = None
    """The path inside the archive ``path``."""
    source: Source
    """Its bytes; open only while it is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited(Generic[T]):
    """What was seen, and what could not be looked at and why."""

    results: tuple[T, ...]
    problems: tuple[Exception, ...]
    """Errors with a ``hint``, of one of the three packages."""


def visit(paths: Iterable[Path], look: Callable[[Found], T]) -> Visited[T]:
    """Look at every Mach-O in ``paths``, and go on after one that cannot be looked at.

    A file that is named is looked at if it is an image of any format. A path in which there is
    nothing to look at is a problem.
    """
    results: list[T] = []
    problems: list[Exception] = []
    for path in paths:
        before = len(results), len(problems)
        try:
            for place in _find(path, problems):
                try:
                    results.append(_look(place, look))
                except SigningError as error:
                    problems.append(WorkError(f"{place.path}: {error}", hint=error.hint))
            if (len(results), len(problems)) == before:
                problems.append(nothing(path))
        except (CountermarkError, LayoutError, SigningError) as error:
            problems.append(error)
        except OSError as error:
            problems.append(WorkError(f"{path} cannot be read: {error.strerror}"))
    return Visited(results=tuple(results), problems=tuple(problems))


class _Place(NamedTuple):
    """A file, or a member of an archive with its content."""

    path: Path
    member: str | None = None
    content: Content = b""


def _look(place: _Place, look: Callable[[Found], T]) -> T:
    """Look at one file; raises :class:`ChangedError` when it was changed meanwhile."""
    if place.member is not None:
        source = BytesSource(memoryview(place.content))
        return look(Found(path=place.path, member=place.member, source=source))
    with open_source(place.path) as file:
        result = look(Found(path=place.path, source=file))
        file.expect_unchanged(place.path)
    return result


def _find(path: Path, problems: list[Exception]) -> Iterator[_Place]:
    def fail(place: Path, error: ReadError) -> None:
        problems.append(WorkError(f"{place}: {error}", hint=error.hint))

    if not path.exists():
        raise missing(path)
    if path.is_dir():
        for names in find_linked_images(path, fail):
            yield _Place(names[0])
    elif _is_image(path):
        yield _Place(path)
    else:
        yield from _find_in_archive(path)


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


def _find_in_archive(path: Path) -> Iterator[_Place]:
    if not is_archive(path):
        return
    for member in walk(path):
        image = identify(memoryview(member.content))
        if image is not None and image.format is ImageFormat.MACH_O:
            yield _Place(path, member.entry.path.as_posix(), member.content)
