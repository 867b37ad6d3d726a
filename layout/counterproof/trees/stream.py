"""The plain bytes of a tar, as :mod:`tarfile` may see them: forwards, counted, a bit at a time."""

from __future__ import annotations

import io
import tarfile
from typing import Final, Protocol

from counterproof.trees.content import CHUNK
from counterproof.trees.safety import Budget

__all__ = ["ForwardStream", "Readable"]

_MAX_HEADERS: Final = 4 * CHUNK
"""Bytes of all headers of one member together; those of a long name take a few blocks."""


class Readable(Protocol):
    """What plain bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Read up to ``size`` bytes; none only at the end."""
        ...


class ForwardStream(io.BufferedIOBase):
    """Gives headers to :mod:`tarfile`, of which it keeps a copy, and contents to others.

    That it cannot go back also ends every loop that a negative size or offset would start.
    """

    def __init__(self, source: Readable, budget: Budget) -> None:
        self._source = source
        self._budget = budget
        self._position = 0
        self._last = b""
        self._headers = bytearray()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read ``size`` bytes of headers, which must be given and not be more than a chunk."""
        wanted = -1 if size is None else size
        self._last = self.read_content(wanted)
        while len(self._last) < wanted and (more := self.read_content(wanted - len(self._last))):
            self._last += more
        self._headers += self._last
        if len(self._headers) > _MAX_HEADERS:
            raise tarfile.ReadError(f"headers of more than {_MAX_HEADERS} bytes")
        return self._last

    def read_content(self, size: int) -> bytes:
        """Read up to ``size`` bytes that are not kept, at most a chunk; none only at the end."""
        if not 0 <= size <= CHUNK:
            raise tarfile.ReadError(f"a header of {size} bytes")
        data = self._source.read(size)
        self._budget.spend_bytes(len(data))
        self._position += len(data)
        return data

    def take_headers(self) -> bytes:
        """Give all headers that were read since the last time, as they are stored."""
        headers = bytes(self._headers)
        self._headers.clear()
        return headers

    def seek(self, position: int, whence: int = io.SEEK_SET, /) -> int:
        """Skip forwards to ``position``, or to the end of the stream when that comes first."""
        if whence != io.SEEK_SET or position < self._position:
            raise tarfile.ReadError(f"a member at offset {position} overlaps the one before")
        while self._position < position:
            if not self.read_content(min(CHUNK, position - self._position)):
                break
        return self._position

    def tell(self) -> int:
        """Tell how many bytes were read."""
        return self._position

    def expect_end(self) -> None:
        """Check that the archive ends in a block of zeros and that only zeros follow it."""
        if self._last != bytes(tarfile.BLOCKSIZE):
            where = f"near offset {self._position}"
            raise tarfile.ReadError(f"it is cut short, or a header is wrong, {where}")
        while data := self.read_content(CHUNK):
            if data.strip(b"\0"):
                raise tarfile.ReadError("data follows the end of the archive")
