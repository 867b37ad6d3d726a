"""One view of a directory or an archive: its entries, each with its content when it is visited."""

from __future__ import annotations

import mmap
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from counterproof.errors import TreeError
from counterproof.trees.archive import walk_archive
from counterproof.trees.entry import Content, Entry, Kind, Member
from counterproof.trees.safety import MAX_MEMBERS, name_problem

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


def walk(path: Path) -> Iterator[Member]:
    """Give every entry below ``path``: a directory or an archive.

    Archives are ``.tar``, ``.tar.gz``, ``.tar.zst`` and ``.zip``, told by their content.
    Links are given, never followed. The content belongs to the visitor for as long as it wants.
    Raises :class:`TreeError`, and no other error.
    """
    if path.is_dir():
        yield from _walk_directory(path)
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


def _walk_directory(top: Path) -> Iterator[Member]:
    count = 0
    pending = [PurePosixPath()]
    while pending:
        folder = pending.pop()
        for name in _names(top, folder):
            count += 1
            if count > MAX_MEMBERS:
                raise TreeError(str(top), f"more than {MAX_MEMBERS} entries are no install tree")
            member = _member(top, folder / name)
            if member.entry.kind is Kind.DIRECTORY:
                pending.append(member.entry.path)
            yield member


def _names(top: Path, folder: PurePosixPath) -> list[str]:
    try:
        return sorted(item.name for item in (top / folder).iterdir())
    except OSError as error:
        raise _unreadable(top, folder, error) from error


def _member(top: Path, path: PurePosixPath) -> Member:
    place = top / path
    if problem := name_problem(path.as_posix()):
        raise TreeError(str(top), problem, member=str(path))
    try:
        status = place.lstat()
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), Kind.OTHER)
        entry = Entry(
            path=path,
            kind=kind,
            mode=stat.S_IMODE(status.st_mode),
            size=status.st_size if kind is Kind.FILE else 0,
            link_target=str(place.readlink()) if kind is Kind.SYMLINK else None,
            mtime=int(status.st_mtime),
        )
        return Member(entry=entry, content=_map(place) if entry.size else b"")
    except (OSError, ValueError) as error:  # mmap's word for a file that shrinks is ValueError
        raise _unreadable(top, path, error) from error


def _map(path: Path) -> Content:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _unreadable(top: Path, path: PurePosixPath, error: OSError | ValueError) -> TreeError:
    problem = error.strerror if isinstance(error, OSError) else None
    return TreeError(str(top), problem or str(error), member=str(path))
