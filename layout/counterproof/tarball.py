"""Reading a tar in one pass, forwards, trusting neither its headers nor its end.

Format: POSIX.1-2017 pax, with GNU's long names. :mod:`tarfile` reads the headers; where it is
lenient (a damaged header ends the archive quietly, a size may be negative) the archive is refused.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from counterproof.content import CHUNK, take
from counterproof.entry import Entry, Kind, Member
from counterproof.errors import HostileArchiveError
from counterproof.safety import Budget, damaged, safe_path

__all__ = ["walk_gzipped_tar", "walk_tar"]

_DAMAGE: Final = (
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RecursionError,  # tarfile follows a chain of long-name headers by recursion
)

_KINDS: Final = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARD_LINK,
}


def walk_gzipped_tar(path: Path, budget: Budget) -> Iterator[Member]:
    """Give every member of a ``.tar.gz``, whose check sums must hold to the end."""
    with gzip.open(path, "rb") as source:
        yield from _walk(source, budget)


def walk_tar(path: Path, budget: Budget) -> Iterator[Member]:
    """Give every member of a ``.tar``."""
    with path.open("rb") as source:
        yield from _walk(source, budget)


def _walk(source: IO[bytes] | gzip.GzipFile, budget: Budget) -> Iterator[Member]:
    """Give the members in their order; raise :class:`TreeError`, and no other error."""
    stream = _ForwardStream(source, budget)
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            while (info := archive.next()) is not None:
                budget.spend_member()
                yield _member(info, stream, budget.path)
        stream.expect_end()
    except _DAMAGE as error:
        raise damaged(budget.path, error) from error


def _member(info: tarfile.TarInfo, stream: _ForwardStream, source: str) -> Member:
    kind = _KINDS.get(info.type)
    if kind is None or info.issparse():
        problem = "it is neither a file nor a directory nor a link"
        raise HostileArchiveError(source, problem, member=info.name)
    entry = Entry(
        path=safe_path(info.name, source),
        kind=kind,
        mode=info.mode & 0o7777,
        size=info.size if kind is Kind.FILE else 0,
        link_target=info.linkname if info.issym() or info.islnk() else None,
        owner=(info.uid, info.gid),
        mtime=int(info.mtime),
    )
    if kind is Kind.HARD_LINK:
        safe_path(info.linkname, source)
    if kind is not Kind.FILE:
        return Member(entry=entry)
    stream.seek(info.offset_data)
    return Member(entry=entry, content=take(stream.read, info.size))


class _ForwardStream(io.BufferedIOBase):
    """The plain bytes of a tar as :mod:`tarfile` may see them: forwards, counted, a bit at a time.

    That it cannot go back also ends every loop that a negative size or offset would start.
    """

    def __init__(self, source: IO[bytes] | gzip.GzipFile, budget: Budget) -> None:
        self._source = source
        self._budget = budget
        self._position = 0
        self._last = b""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most ``size`` bytes, which must be given and not be more than a chunk."""
        if size is None or not 0 <= size <= CHUNK:
            raise tarfile.ReadError(f"a header of {size} bytes")
        data = self._source.read(size)
        self._budget.spend_bytes(len(data))
        self._position += len(data)
        self._last = data
        return data

    def seek(self, position: int, whence: int = io.SEEK_SET, /) -> int:
        """Skip forwards to ``position``, or to the end of the stream when that comes first."""
        if whence != io.SEEK_SET or position < self._position:
            raise tarfile.ReadError(f"a member at offset {position} overlaps the one before")
        while self._position < position and self.read(min(CHUNK, position - self._position)):
            pass
        return self._position

    def tell(self) -> int:
        """Tell how many bytes were read."""
        return self._position

    def expect_end(self) -> None:
        """Check that the archive ends in a block of zeros and that only zeros follow it."""
        if self._last != bytes(tarfile.BLOCKSIZE):
            where = f"near offset {self._position}"
            raise tarfile.ReadError(f"it is cut short, or a header is wrong, {where}")
        while data := self.read(CHUNK):
            if data.strip(b"\0"):
                raise tarfile.ReadError("data follows the end of the archive")
