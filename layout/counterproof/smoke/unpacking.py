"""Putting the members of an archive into a directory, and nothing anywhere else."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final

from counterproof.errors import TreeError
from counterproof.trees.archive import walk_archive
from counterproof.trees.content import CHUNK
from counterproof.trees.entry import Entry, Kind, Member
from counterproof.trees.safety import MAX_MEMBERS
from countersign.source import Source

__all__ = ["unpack"]

_PERMISSIONS: Final = 0o777
"""What is kept of a mode: nothing here is set-user-id."""
_UNRECORDED: Final = 0o755
"""The mode of everything in a zip that records none."""


def unpack(archive: Path, top: Path, *, members: int = MAX_MEMBERS) -> Path:
    """Unpack ``archive`` below ``top``, an empty directory, and give that.

    More than ``members`` are refused, for a release has dozens and a source tree thousands.
    Links are made when all files are written, so that nothing is written through one; that they
    stay inside is proven by then. Raises :class:`TreeError`, and no other error.
    """
    entries: list[Entry] = []
    for member in walk_archive(archive, members):
        entries.append(member.entry)
        with _telling(archive, member.entry):
            _write(member, top)
    files = {entry.path for entry in entries if entry.kind is Kind.FILE}
    for entry in entries:
        with _telling(archive, entry):
            _finish(entry, top, files)
    return top


def _write(member: Member, top: Path) -> None:
    """Write a file; it must be new, for a name that occurs twice is no reason to overwrite one."""
    path = top / member.entry.path
    if member.entry.kind is Kind.DIRECTORY:
        path.mkdir(parents=True, exist_ok=True)
    elif member.entry.kind is Kind.FILE:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            _copy(member.content, file)
        path.chmod(_mode(member.entry))


def _copy(content: Source, file: IO[bytes]) -> None:
    for start in range(0, content.size, CHUNK):
        file.write(content.read(start, min(CHUNK, content.size - start)))


def _finish(entry: Entry, top: Path, files: Collection[PurePosixPath]) -> None:
    """Make links, now that they can mislead nobody, and give directories their modes.

    A directory stays open to its owner: it must be possible to remove it.
    """
    path, target = top / entry.path, entry.link_target or ""
    if entry.kind is Kind.DIRECTORY:
        path.chmod(_mode(entry) | 0o700)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry.kind is Kind.SYMLINK:
        path.symlink_to(target)
    elif entry.kind is Kind.HARD_LINK:
        if PurePosixPath(target) not in files:
            raise OSError("it is a hard link to no file of the archive")
        path.hardlink_to(top / target)


def _mode(entry: Entry) -> int:
    return (_UNRECORDED if entry.mode is None else entry.mode) & _PERMISSIONS


@contextmanager
def _telling(archive: Path, entry: Entry) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"it cannot be unpacked: {error.strerror or error}"
        raise TreeError(str(archive), problem, member=str(entry.path)) from error
