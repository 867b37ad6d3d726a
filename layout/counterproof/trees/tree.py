"""One view of a directory or an archive: its entries, each with its content when it is visited."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from counterproof.errors import TreeError
from counterproof.trees.archive import walk_archive
from counterproof.trees.entry import Entry, Kind, Member
from counterproof.trees.safety import MAX_MEMBERS, name_problem
from countersign.errors import ChangedError, ReadError
from countersign.source import FileSource, open_source

__all__ = ["split_prefix", "walk"]

_STANDARD_DIRECTORIES: Final = frozenset(
    ("bin", "etc", "include", "lib", "lib64", "libexec", "sbin", "share", "var")
)
"""Top directories of an install tree, which are never taken for a ``NAME-VERSION`` prefix."""

_KINDS: Final = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
}


def walk(path: Path, wanted: Callable[[PurePosixPath], bool] | None = None) -> Iterator[Member]:
    """Give every entry below ``path``: a directory or an archive.

    Archives are ``.tar``, ``.tar.gz``, ``.tar.zst`` and ``.zip``, told by their content.
    Of a directory only what is ``wanted`` is opened or entered: everything, when that is None.
    Links are given, never followed. A member's content is there until the next one is asked for.
    Raises :class:`TreeError`, and no other error; what its contents raise is the visitor's.
    """
    if path.is_dir():
        yield from _walk_directory(path, wanted or _everything)
    else:
        yield from walk_archive(path)


def split_prefix(entries: Sequence[Entry]) -> tuple[str | None, tuple[Entry, ...]]:
    """Take the one directory that an archive's members all stand in off their paths.

    Gives its name, or None where there is no such directory; its own entry becomes ``.``.
    """
    tops = {entry.path.parts[0] for entry in entries if entry.path.parts}
    if len(tops) != 1 or tops <= _STANDARD_DIRECTORIES:
        return None, tuple(entries)
    (prefix,) = tops
    if any(str(entry.path) == prefix and entry.kind is not Kind.DIRECTORY for entry in entries):
        return None, tuple(entries)
    return prefix, tuple(replace(entry, path=_below(entry.path)) for entry in entries)


def _below(path: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(*path.parts[1:])


def _everything(_: PurePosixPath) -> bool:
    return True


def _walk_directory(top: Path, wanted: Callable[[PurePosixPath], bool]) -> Iterator[Member]:
    count = 0
    pending = [PurePosixPath()]
    while pending:
        folder = pending.pop()
        names = [name for name in _names(top, folder) if wanted(folder / name)]
        count += len(names)
        if count > MAX_MEMBERS:
            raise TreeError(str(top), f"more than {MAX_MEMBERS} entries are no install tree")
        for name in names:
            entry, status = _look(top, folder / name)
            if entry.kind is Kind.DIRECTORY:
                pending.append(entry.path)
            if entry.size:
                with _open(top, entry.path, status) as source:
                    yield Member(entry=entry, content=source)
            else:
                yield Member(entry=entry)


def _names(top: Path, folder: PurePosixPath) -> list[str]:
    try:
        return sorted(item.name for item in (top / folder).iterdir())
    except OSError as error:
        raise _unreadable(top, folder, error) from error


def _look(top: Path, path: PurePosixPath) -> tuple[Entry, os.stat_result]:
    place = top / path
    if problem := name_problem(path.as_posix()):
        raise TreeError(str(top), problem, member=str(path))
    try:
        status = place.lstat()
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), Kind.OTHER)
        shared = kind is Kind.FILE and status.st_nlink > 1
        entry = Entry(
            path=path,
            kind=kind,
            mode=stat.S_IMODE(status.st_mode),
            size=status.st_size if kind is Kind.FILE else 0,
            link_target=str(place.readlink()) if kind is Kind.SYMLINK else None,
            mtime=int(status.st_mtime),
            inode=(status.st_dev, status.st_ino) if shared else None,
        )
    except OSError as error:
        raise _unreadable(top, path, error) from error
    return entry, status


@contextmanager
def _open(top: Path, path: PurePosixPath, status: os.stat_result) -> Iterator[FileSource]:
    """Open the very file that was looked at, and not what has taken its place."""
    try:
        with open_source(top / path) as source:
            if not os.path.samestat(source.status, status):
                raise ChangedError
            yield source
    except (ReadError, ChangedError) as error:
        raise TreeError(str(top), str(error), member=str(path)) from error


def _unreadable(top: Path, path: PurePosixPath, error: OSError) -> TreeError:
    return TreeError(str(top), error.strerror or str(error), member=str(path))
