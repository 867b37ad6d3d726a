"""Which kind of archive a file is, by content, and its members made safe to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from counterproof.entry import Entry, Member
from counterproof.errors import TreeError, UnsupportedTreeError
from counterproof.safety import Budget, refuse_escapes
from counterproof.tarball import walk_gzipped_tar, walk_tar
from counterproof.zipball import walk_zip

__all__ = ["walk_archive"]


class _Magic(NamedTuple):
    offset: int
    magic: bytes
    name: str
    walk: Callable[[Path, Budget], Iterator[Member]] | None
    """How to read it; None for what is recognised only to be named."""


_MAGICS: Final = (
    _Magic(0, b"\x1f\x8b", "gzip", walk_gzipped_tar),
    _Magic(0, b"PK\x03\x04", "zip", walk_zip),
    _Magic(0, b"PK\x05\x06", "zip", walk_zip),
    _Magic(257, b"ustar", "tar", walk_tar),
    _Magic(0, b"\x28\xb5\x2f\xfd", "zstd", None),
    _Magic(0, b"BZh", "bzip2", None),
    _Magic(0, b"\xfd7zXZ\x00", "xz", None),
)
_HEAD: Final = 512


def walk_archive(path: Path) -> Iterator[Member]:
    """Give every member once, in the order of the archive, in one pass and bounded memory.

    Raises :class:`TreeError` for what cannot be read and :class:`HostileArchiveError`, by the
    member's name, for what should not be unpacked. Links and duplicates are judged when all names
    are known: after the last member.
    """
    entries: list[Entry] = []
    for member in _reader(path)(path, Budget(str(path))):
        entries.append(member.entry)
        yield member
    refuse_escapes(entries, str(path))


def _reader(path: Path) -> Callable[[Path, Budget], Iterator[Member]]:
    if path.exists() and not path.is_file():  # opening a pipe would wait for ever
        raise UnsupportedTreeError(str(path), "neither a directory nor an archive")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise TreeError(str(path), error.strerror or str(error)) from error
    for kind in _MAGICS:
        if head.startswith(kind.magic, kind.offset):
            if kind.walk is None:
                raise UnsupportedTreeError(str(path), f"{kind.name} is not supported yet")
            return kind.walk
    raise UnsupportedTreeError(str(path), "neither a directory nor an archive")
