"""Looking at every Mach-O in what a user names: files, directories and archives, to any depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from countermark.errors import CountermarkError, WorkError, missing
from countermark.targets import nothing
from counterproof.errors import LayoutError, TreeError, UnsupportedTreeError, WindowError
from counterproof.format import is_archive, starts_archive
from countersign.appledouble import AppleDouble, owner_of, parse_apple_double
from countersign.discovery import find_linked_files, identify_content, identify_file, is_code
from countersign.errors import ReadError, SigningError
from countersign.source import Source, open_source

if TYPE_CHECKING:
    from counterproof.nested import ArchivedFile

__all__ = ["Companion", "Found", "Unread", "Visited", "visit"]

T = TypeVar("T")

HEAD = 4096
"""Bytes by which it is told what a file in a directory is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that is to be looked at."""

    path: Path
    member: str | None = None
    """The path inside the archive ``path``, through the archives in it: ``inner.zip: bin/x``."""
    source: Source
    """Its bytes; open only while it is looked at."""


class Companion(NamedTuple):
    """An AppleDouble file, by which macOS knows more about another file."""

    path: Path
    """The archive that it stands in, or itself."""
    member: str | None
    owner: str | None
    """The member that it belongs to; None in a directory, where macOS does not join them."""
    content: AppleDouble


class Unread(NamedTuple):
    """An archive that is not looked into, because it is of a kind that is not read."""

    path: Path
    member: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited(Generic[T]):
    """What was seen, and what could not be looked at and why."""

    results: tuple[T, ...]
    problems: tuple[Exception, ...]
    """Errors with a ``hint``, of one of the three packages."""
    companions: tuple[Companion, ...] = ()
    unread: tuple[Unread, ...] = ()


def visit(paths: Iterable[Path], look: Callable[[Found], T]) -> Visited[T]:
    """Look at every Mach-O in ``paths``, and go on after one that cannot be looked at.

    A file that is named is looked at if it is an image of any format; in directories and archives
    only code is, and each file once, whatever its names. Symbolic links there are not followed. A
    path in which there is nothing to look at is a problem.
    """
    visitor = _Visitor(look)
    for path in paths:
        visitor.path(path)
    return Visited(
        results=tuple(visitor.results),
        problems=tuple(visitor.problems),
        companions=tuple(visitor.companions),
        unread=tuple(visitor.unread),
    )


class _Visitor(Generic[T]):
    """Collects what is seen on the way."""

    def __init__(self, look: Callable[[Found], T]) -> None:
        self._look = look
        self.results: list[T] = []
        self.problems: list[Exception] = []
        self.companions: list[Companion] = []
        self.unread: list[Unread] = []

    def path(self, path: Path) -> None:
        """Look at what a user named."""
        before = len(self.results) + len(self.problems)
        try:
            if not path.exists():
                raise missing(path)
            if path.is_dir():
                self._directory(path)
            elif _is_image(path):
                self._file(path)
            elif is_archive(path):
                self._archive(path)
            if before == len(self.results) + len(self.problems):
                raise nothing(path)
        except (CountermarkError, LayoutError, SigningError) as error:
            self.problems.append(error)
        except OSError as error:
            self.problems.append(_unreadable(path, error))

    def _directory(self, root: Path) -> None:
        def fail(place: Path, error: ReadError) -> None:
            self.problems.append(WorkError(f"{place}: {error}", hint=error.hint))

        for path, *_ in find_linked_files(root, fail):
            try:
                self._file_in_directory(path)
            except UnsupportedTreeError as error:
                self.unread.append(Unread(path, None, error.problem))
            except TreeError as error:
                self.problems.append(error)
            except OSError as error:
                self.problems.append(_unreadable(path, error))

    def _file_in_directory(self, path: Path) -> None:
        with path.open("rb", buffering=0) as file:
            head = file.read(HEAD)
        if is_code(identify_content(head)) and is_code(identify_file(path)):
            self._file(path)
        elif starts_archive(head):
            self._archive(path)
        elif owner_of(PurePosixPath(path)) and (content := parse_apple_double(head)):
            self.companions.append(Companion(path, None, None, content))

    def _file(self, path: Path) -> None:
        """Look at a file; not when it was changed meanwhile."""
        try:
            with open_source(path) as source:
                result = self._look(Found(path=path, source=source))
                source.expect_unchanged(path)
            self.results.append(result)
        except SigningError as error:
            self.problems.append(WorkError(f"{path}: {error}", hint=error.hint))

    def _archive(self, path: Path) -> None:
        from counterproof import nested

        damaged: set[str] = set()
        for found in nested.walk_files(path):
            try:
                if isinstance(found, nested.Unread):
                    raise found.error
                self._member(path, found)
            except (UnsupportedTreeError, WindowError) as error:
                self.unread.append(Unread(path, _member_name(found.names), error.problem))
            except TreeError as error:
                if error.path == str(path):  # the outermost archive: there is nothing more in it
                    raise
                if error.path not in damaged:
                    self.problems.append(error)
                damaged.add(error.path)

    def _member(self, path: Path, found: ArchivedFile) -> None:
        member = _member_name(found.names)
        if is_code(identify_content(found.head)):
            with found.content() as source:
                self.results.append(self._look(Found(path=path, member=member, source=source)))
        elif owner := owner_of(PurePosixPath(found.names[-1])):
            content = parse_apple_double(found.head)
            if content is not None:
                owner_name = _member_name((*found.names[:-1], str(owner)))
                self.companions.append(Companion(path, member, owner_name, content))


def _member_name(names: Iterable[str]) -> str:
    return ": ".join(names)


def _is_image(path: Path) -> bool:
    if not path.is_file():
        raise WorkError(
            f"{path} is neither a file nor a directory",
            hint="Name a Mach-O, or a directory or an archive that holds one.",
        )
    return identify_file(path) is not None


def _unreadable(path: Path, error: OSError) -> WorkError:
    return WorkError(f"{path} cannot be read: {error.strerror or error}")
