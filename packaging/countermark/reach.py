"""Looking at every Mach-O in what a user names: files, directories and archives, to any depth."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from countermark.errors import CountermarkError, WorkError, missing, nothing
from countermark.surroundings import Surroundings, member_name
from counterproof.errors import LayoutError, TreeError, UnsupportedTreeError, WindowError
from counterproof.trees.format import is_archive, starts_archive
from countersign.bundle.candidates import may_lie_in_bundle
from countersign.discovery import (
    find_linked_files,
    identify_content,
    identify_file,
    identify_source,
    is_code,
    reaches_beyond,
)
from countersign.errors import ReadError, SigningError
from countersign.image import identify
from countersign.source import ForgottenError, Source, open_source
from countersign.window import Window

if TYPE_CHECKING:
    from counterproof.trees.nested import ArchivedFile, Opened, Passed, Unread

__all__ = ["Found", "Visited", "visit"]

T = TypeVar("T")

HEAD: Final = 4096
"""Bytes by which it is told what a file in a directory is."""
LARGE: Final = 1 << 18
"""Bytes of a member that is not held as a whole without need."""


class Found(NamedTuple):
    """A file that is to be looked at."""

    path: Path
    member: str | None
    """The path inside the archive ``path``, through the archives in it: ``inner.zip: bin/x``."""
    source: Source
    """Its bytes; open only while it is looked at."""


class Visited(NamedTuple, Generic[T]):
    """What was seen, and what could not be looked at and why."""

    results: tuple[T, ...]
    problems: tuple[Exception, ...]
    """Errors with a ``hint``, of one of the three packages."""


def visit(
    paths: Iterable[Path], look: Callable[[Found], T], around: Surroundings | None = None
) -> Visited[T]:
    """Look at every Mach-O in ``paths``, and go on after one that cannot be looked at.

    A file that is named is looked at if it is an image of any format; in directories and archives
    only code is, and each file once, whatever its names. Symbolic links there are not followed. A
    path in which there is nothing to look at is a problem. ``around`` is told of all the rest.
    """
    visitor = _Visitor(look, around)
    for path in paths:
        visitor.path(path)
    return Visited(results=tuple(visitor.results), problems=tuple(visitor.problems))


class _Visitor(Generic[T]):
    """Collects what is seen on the way."""

    def __init__(self, look: Callable[[Found], T], around: Surroundings | None) -> None:
        self._look = look
        self._around = around
        self._forgetful = False
        """Whether too little was kept of a member of this archive that passed by."""
        self.results: list[T] = []
        self.problems: list[Exception] = []

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

        for path, *others in find_linked_files(root, fail):
            try:
                self._file_in_directory(path)
            except UnsupportedTreeError as error:
                self._unread(path, (), error)
            except TreeError as error:
                self.problems.append(error)
            except OSError as error:
                self.problems.append(_unreadable(path, error))
            if self._around is not None:
                self._around.pass_names(root, [path, *others])
        if self._around is not None:
            self._around.pass_directory(root)

    def _file_in_directory(self, path: Path) -> None:
        with path.open("rb", buffering=0) as file:
            head = file.read(HEAD)
        if identify(head) is not None and is_code(identify_file(path)):
            self._file(path)
        elif starts_archive(head):
            self._archive(path)
        elif self._around is not None:
            self._around.pass_file(path, head)

    def _file(self, path: Path) -> None:
        """Look at a file; not when it was changed meanwhile."""
        try:
            with open_source(path) as source:
                result = self._look(Found(path, None, source))
                source.expect_unchanged(path)
            self.results.append(result)
        except SigningError as error:
            self.problems.append(WorkError(f"{path}: {error}", hint=error.hint))

    def _archive(self, path: Path) -> None:
        from counterproof.trees.nested import walk_nested

        self._forgetful = False
        damaged: set[str] = set()
        for passed in walk_nested(path):
            try:
                self._member(path, passed)
            except (UnsupportedTreeError, WindowError) as error:
                self._unread(path, passed.names, error)
            except TreeError as error:
                if error.path == str(path):  # the outermost archive: there is nothing more in it
                    raise
                if error.path not in damaged:
                    self.problems.append(error)
                damaged.add(error.path)

    def _member(self, path: Path, passed: ArchivedFile | Opened | Passed | Unread) -> None:
        from counterproof.trees.nested import ArchivedFile, Opened, Unread

        if isinstance(passed, Unread):
            if self._around is not None:
                self._around.forget(path, passed.names)
            raise passed.error
        if isinstance(passed, ArchivedFile):
            self._member_file(path, passed)
        elif self._around is not None and isinstance(passed, Opened):
            self._around.pass_archive(path, passed.names, passed.entry, passed.stream.watch)
        elif self._around is not None:
            self._around.pass_entry(path, passed.names, passed.entry)

    def _member_file(self, path: Path, file: ArchivedFile) -> None:
        around = self._around
        if is_code(identify_content(file.head)):
            self.results.append(self._look_at_member(path, file))
        elif reaches_beyond(file.head):
            self._search(path, file)
        elif around is not None:
            around.pass_head(path, file.names, file.head)
            around.pass_member(path, file.names, file.entry, file.stream.pieces())

    def _search(self, path: Path, file: ArchivedFile) -> None:
        """Look for code in a universal file whose first slices are none."""
        with file.content() as source:
            if is_code(identify_source(source)):
                self.results.append(self._look_into(path, file, source))
            elif self._around is not None:
                pieces = map(bytes, Window(source).pieces())
                self._around.pass_member(path, file.names, file.entry, pieces)

    def _look_at_member(self, path: Path, file: ArchivedFile) -> T:
        """Look at an image as it passes by, where it is large; hold all of it if need be.

        An archive is gone through twice at most: one odd member may well be one of thousands.
        """
        held = self._forgetful or file.entry.size < LARGE
        if held or may_lie_in_bundle(file.entry.path):
            return self._hold(path, file)
        from countersign.passing import let_pass

        found = Found(path, member_name(file.names), let_pass(file.stream.pieces()))
        try:
            return self._look(found)
        except ForgottenError:
            self._forgetful = True
            return self._look_again(path, file.names)

    def _hold(self, path: Path, file: ArchivedFile) -> T:
        with file.content() as source:
            return self._look_into(path, file, source)

    def _look_into(self, path: Path, file: ArchivedFile, source: Source) -> T:
        result = self._look(Found(path, member_name(file.names), source))
        if self._around is not None:
            self._around.pass_image(path, file.names, file.entry, source)
        return result

    def _look_again(self, path: Path, names: tuple[str, ...]) -> T:
        """Go through an archive once more, for a member of which too little was kept."""
        from counterproof.trees.nested import ArchivedFile, walk_nested

        with contextlib.closing(walk_nested(path)) as walk:
            for passed in walk:
                if isinstance(passed, ArchivedFile) and passed.names == names:
                    return self._hold(path, passed)
        raise TreeError(str(path), "it was changed while it was being read")

    def _unread(self, path: Path, names: tuple[str, ...], error: TreeError) -> None:
        if self._around is not None:
            self._around.pass_unread(path, names, error.problem)


def _is_image(path: Path) -> bool:
    if not path.is_file():
        raise WorkError(
            f"{path} is neither a file nor a directory",
            hint="Name a Mach-O, or a directory or an archive that holds one.",
        )
    return identify_file(path) is not None


def _unreadable(path: Path, error: OSError) -> WorkError:
    return WorkError(f"{path} cannot be read: {error.strerror or error}")
