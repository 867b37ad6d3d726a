"""Where the bytes of an image come from: memory, or a file that others may change meanwhile.

A file is read, not mapped: a mapping of a file that somebody cuts short kills the process.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Protocol

from countersign.errors import ChangedError, ReadError

__all__ = [
    "BytesSource",
    "FileSource",
    "ForgottenError",
    "PassedSource",
    "PiecesSource",
    "Source",
    "open_source",
]


class Source(Protocol):
    """The bytes of a whole file; offsets count from its start."""

    @property
    def size(self) -> int:
        """Bytes of the file."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """Read exactly ``size`` bytes, all inside the file."""
        ...

    def view(self, offset: int, size: int) -> memoryview:
        """Look at exactly ``size`` bytes, all inside the file; a copy of them if need be."""
        ...

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer``, all inside the file."""
        ...


class BytesSource:
    """A file in memory."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._view = memoryview(data)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self._view)

    def read(self, offset: int, size: int) -> bytes:
        """Copy a range."""
        return bytes(self._view[offset : offset + size])

    def view(self, offset: int, size: int) -> memoryview:
        """Look at a range."""
        return self._view[offset : offset + size]

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Copy a range over ``buffer``."""
        buffer[:] = self._view[offset : offset + len(buffer)]


class PiecesSource:
    """A file in memory, in the pieces in which it came out of an archive."""

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self._pieces = [memoryview(piece) for piece in pieces if piece]
        self._starts = [0, *accumulate(map(len, self._pieces))]

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._starts[-1]

    def read(self, offset: int, size: int) -> bytes:
        """Copy a range."""
        return b"".join(self.parts(offset, size))

    def view(self, offset: int, size: int) -> memoryview:
        """Copy a range: the memory of the pieces may be used again."""
        return memoryview(self.read(offset, size))

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Copy a range over ``buffer``."""
        at = 0
        for part in self.parts(offset, len(buffer)):
            buffer[at : at + len(part)] = part
            at += len(part)

    def parts(self, offset: int, size: int) -> Iterator[memoryview]:
        """Give a range as it lies in the pieces; their memory may be used again later."""
        index = bisect_right(self._starts, offset) - 1
        while size > 0:
            start = offset - self._starts[index]
            part = self._pieces[index][start : start + size]
            yield part
            offset, size, index = offset + len(part), size - len(part), index + 1


class ForgottenError(Exception):
    """Something was asked of bytes that passed by; whoever asked has to look at all of them."""


class PassedSource:
    """A file that passed by once: of most of it nothing is left but the digests of its pages."""

    def __init__(
        self,
        size: int,
        kept: Sequence[tuple[int, bytes]],
        digests: Mapping[tuple[int, int, int, int], bytes],
    ) -> None:
        self.size = size
        """Bytes of the file."""
        self._kept = kept
        """Ranges by their start, in file order."""
        self._digests = digests
        """By start and size of what was hashed, the page size, and the hash type."""

    def read(self, offset: int, size: int) -> bytes:
        """Copy a range that was kept; raises :class:`ForgottenError` for others."""
        if size == 0:
            return b""
        index = bisect_right(self._kept, offset, key=lambda each: each[0]) - 1
        start, data = self._kept[index] if index >= 0 else (0, b"")
        if offset + size > start + len(data):
            raise ForgottenError
        return data[offset - start : offset - start + size]

    def view(self, offset: int, size: int) -> memoryview:
        """Look at a range that was kept; raises :class:`ForgottenError` for others."""
        return memoryview(self.read(offset, size))

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Copy a range that was kept; raises :class:`ForgottenError` for others."""
        buffer[:] = self.read(offset, len(buffer))

    def pages(self, offset: int, size: int, page_size: int, hash_type: int) -> bytes:
        """Give the digests of a range's pages; raises :class:`ForgottenError` for other ranges."""
        try:
            return self._digests[offset, size, page_size, hash_type]
        except KeyError:
            raise ForgottenError from None


class FileSource:
    """An open regular file; any thread may read from it."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.status = os.fstat(descriptor)
        """What the file was when it was opened."""

    @property
    def size(self) -> int:
        """Bytes of the file when it was opened."""
        return self.status.st_size

    def read(self, offset: int, size: int) -> bytes:
        """Read a range; raises :class:`ReadError` or :class:`ChangedError`."""
        buffer = bytearray(size)
        self.read_into(offset, memoryview(buffer))
        return bytes(buffer)

    def view(self, offset: int, size: int) -> memoryview:
        """Read a range; raises :class:`ReadError` or :class:`ChangedError`."""
        return memoryview(self.read(offset, size))

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Read over ``buffer``; raises :class:`ReadError` or :class:`ChangedError`."""
        while buffer:
            try:
                count = os.preadv(self.descriptor, [buffer], offset)
            except OSError as error:
                raise ReadError(error.strerror or str(error)) from error
            if count == 0:
                raise ChangedError
            offset, buffer = offset + count, buffer[count:]

    def expect_unchanged(self, path: Path) -> None:
        """Raise :class:`ChangedError` when ``path`` is not the file that was read, as it was.

        The file itself may be closed. A change of its names or of its mode counts too.
        """
        try:
            now = path.stat()
        except OSError as error:
            raise ChangedError from error
        if _identity(now) != _identity(self.status):
            raise ChangedError


@contextmanager
def open_source(path: Path) -> Iterator[FileSource]:
    """Open a regular file; raises :class:`ReadError` for what cannot be read or is none."""
    try:
        # A pipe would block, and a device may do anything, before fstat could tell.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise ReadError(getattr(error, "strerror", None) or str(error)) from error
    try:
        source = FileSource(descriptor)
        if not stat.S_ISREG(source.status.st_mode):
            raise ReadError("it is not a regular file")
        yield source
    finally:
        os.close(descriptor)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
