"""Where the bytes of a new file go: to memory, to a file, or to a comparison with one."""

from __future__ import annotations

import errno
import os
import struct
from typing import Final, Protocol

from countersign.durability import begin_writing
from countersign.errors import WriteError
from countersign.source import FileSource, Source

__all__ = ["BytesSink", "DifferentError", "FileSink", "Matcher", "Nowhere", "Sink"]

FICLONERANGE: Final = 0x4020940D
"""``linux/fs.h``: let a range of one file share the blocks of another's."""
LARGE: Final = 1 << 19
"""Bytes of a piece that the disk may begin to write at once, while more is to come."""
WORTH_SHARING: Final = 1 << 20
"""Bytes that are copied faster than a file system shares them."""
_NOT_CLONABLE: Final = frozenset(
    (errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.EXDEV, errno.EBADF, errno.ENOSYS)
)


class Sink(Protocol):
    """A new file; every byte of it is given once, in any order, by any thread."""

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Put ``data`` at ``offset`` bytes from the start."""
        ...

    def share(self, source: Source, offset: int, size: int, at: int) -> Source | None:
        """Take a range of ``source`` over without copying it; None when that cannot be.

        Gives what holds it now, at ``at``.
        """
        ...


class BytesSink:
    """A new file in memory, of a known size."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(size)

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Put ``data`` in its place."""
        self.data[offset : offset + len(data)] = data

    def share(self, source: Source, offset: int, size: int, at: int) -> Source | None:
        """Memory shares nothing."""
        return None


class FileSink:
    """A new file on disk; errors are :class:`WriteError`.

    The disk begins to write large pieces while others are still made.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Write ``data`` in its place."""
        view, at = memoryview(data), offset
        while view:
            try:
                count = os.pwrite(self.descriptor, view, at)
            except OSError as error:
                raise WriteError.of(error) from error
            at, view = at + count, view[count:]
        if len(data) >= LARGE:
            begin_writing(self.descriptor, offset, len(data))

    def share(self, source: Source, offset: int, size: int, at: int) -> Source | None:
        """Let the file system share blocks, where it can (Btrfs, XFS and others)."""
        if not isinstance(source, FileSource) or size < WORTH_SHARING:
            return None
        from fcntl import ioctl

        request = struct.pack("=qQQQ", source.descriptor, offset, size, at)
        try:
            ioctl(self.descriptor, FICLONERANGE, request)
        except OSError as error:
            if error.errno in _NOT_CLONABLE:
                return None
            raise WriteError.of(error) from error
        return FileSource(self.descriptor)


class DifferentError(Exception):
    """A byte is not the one that is there; ends a comparison early and never leaves the package."""


class Matcher:
    """No new file at all: the bytes are matched with those of one that is there."""

    def __init__(self, present: Source) -> None:
        self._present = present

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Raise :class:`DifferentError` unless ``data`` is what is there."""
        inside = offset + len(data) <= self._present.size
        if not inside or self._present.read(offset, len(data)) != bytes(data):
            raise DifferentError

    def share(self, source: Source, offset: int, size: int, at: int) -> Source | None:
        """A range is itself."""
        return source if source is self._present and offset == at else None


class Nowhere:
    """No new file: the bytes are only hashed."""

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Drop ``data``."""

    def share(self, source: Source, offset: int, size: int, at: int) -> Source | None:
        """Nothing can be shared with nothing."""
        return None
