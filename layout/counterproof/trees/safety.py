"""What an archive or a directory must not hold, because reading or unpacking it would do harm."""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from counterproof.errors import HostileArchiveError, TreeError
from counterproof.trees.entry import Entry, Kind

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_MEMBERS",
    "MAX_NAME",
    "Budget",
    "leaves_tree",
    "name_problem",
    "refuse_escapes",
    "safe_path",
    "telling_damage",
]

MAX_MEMBERS: Final = 50_000
"""Entries that one tree may have; a release has dozens."""
MAX_BYTES: Final = 8 << 30
"""Bytes that one archive may expand to; unstripped programs of every kind fit several times."""
MAX_DEPTH: Final = 32
"""Directories that one file may stand in, one in the other."""
MAX_NAME: Final = 4096
"""Characters of a path or a link's target: Linux's PATH_MAX."""

_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(slots=True)
class Budget:
    """How much more of one archive is read before it is refused."""

    path: str
    members: int = MAX_MEMBERS
    bytes: int = MAX_BYTES
    outer: Budget | None = None
    """That of the archive which this one stands in: what is spent here is spent there too."""
    most: int = field(init=False)
    """How many members there may be altogether."""

    def __post_init__(self) -> None:
        self.most = self.members

    def inside(self, name: str) -> Budget:
        """Give the budget of an archive that is the member ``name``."""
        return Budget(f"{self.path}: {name}", outer=self)

    def spend_member(self) -> None:
        """Count one entry; raise :class:`HostileArchiveError` when there are too many."""
        if self.outer is not None:
            self.outer.spend_member()
        self.members -= 1
        if self.members < 0:
            raise HostileArchiveError(self.path, f"more than {self.most} members")

    def spend_bytes(self, count: int) -> None:
        """Count expanded bytes; raise :class:`HostileArchiveError` when there are too many."""
        if self.outer is not None:
            self.outer.spend_bytes(count)
        self.bytes -= count
        if self.bytes < 0:
            raise HostileArchiveError(self.path, f"expands to more than {MAX_BYTES >> 30} GiB")


def safe_path(name: str, source: str) -> PurePosixPath:
    """Turn a stored name into a path below the top of the archive ``source``.

    Raises :class:`HostileArchiveError` naming the member when there is a :func:`name_problem`.
    """
    if problem := name_problem(name):
        raise HostileArchiveError(source, problem, member=name)
    return PurePosixPath(name)


def name_problem(name: str) -> str | None:
    """Say why a path could leave its tree on some platform, or not be shown in a line of a report;
    None when it could do neither.
    """
    for refused, problem in (
        (not name, "it has no name"),
        (len(name) > MAX_NAME, f"its name has more than {MAX_NAME} characters"),
        (name.count("/") > MAX_DEPTH, f"it stands in more than {MAX_DEPTH} directories"),
        (not name.isprintable(), "its name has characters that cannot be shown"),
        ("\\" in name, "its name has a backslash, which separates directories on Windows"),
        (name.startswith("/") or _DRIVE.match(name) is not None, "its path is absolute"),
        (".." in name.split("/"), "its path climbs with '..'"),
    ):
        if refused:
            return problem
    return None


def leaves_tree(entry: Entry) -> bool:
    """Tell whether a symbolic link points out of the tree it stands in, by its text alone."""
    target = entry.link_target or ""
    if target.startswith("/") or "\\" in target or _DRIVE.match(target):
        return True
    resolved = posixpath.normpath(posixpath.join(entry.path.parent.as_posix(), target))
    return resolved == ".." or resolved.startswith("../")


def refuse_escapes(entries: Iterable[Entry], source: str) -> None:
    """Refuse an archive whose entries overlay each other or link out of it.

    Raises :class:`HostileArchiveError` for the first such member: a name used twice, something
    below what is not a directory, or a link that points outside.
    """
    kinds: dict[PurePosixPath, Kind] = {}
    for entry in entries:
        if entry.path in kinds:
            raise HostileArchiveError(source, "its name occurs twice", member=str(entry.path))
        kinds[entry.path] = entry.kind
        if entry.kind is Kind.SYMLINK and leaves_tree(entry):
            problem = f"it links out of the archive, to {entry.link_target!a}"
            raise HostileArchiveError(source, problem, member=str(entry.path))
    _refuse_overlays(kinds, source)


def _refuse_overlays(kinds: Mapping[PurePosixPath, Kind], source: str) -> None:
    """Check every directory above an entry once, whether the archive lists it or not."""
    directories: set[PurePosixPath] = set()
    for path in kinds:
        for parent in path.parents:
            if parent in directories:
                break
            directories.add(parent)
            if kinds.get(parent, Kind.DIRECTORY) is not Kind.DIRECTORY:
                problem = f"it stands below {parent}, which is a {kinds[parent]}"
                raise HostileArchiveError(source, problem, member=str(path))
        if len(directories) > MAX_MEMBERS:
            raise HostileArchiveError(source, f"more than {MAX_MEMBERS} directories")


@contextlib.contextmanager
def telling_damage(source: str, damage: tuple[type[Exception], ...]) -> Iterator[None]:
    """Turn what a library raises, an error of ``damage``, into a :class:`TreeError`.

    The system's own errors are told as they are; all others say that the archive is damaged.
    """
    try:
        yield
    except damage as error:
        if isinstance(error, OSError) and error.strerror:
            raise TreeError(source, error.strerror) from error
        problem = f"the archive is damaged: {str(error) or type(error).__name__}"
        raise TreeError(source, problem) from error
