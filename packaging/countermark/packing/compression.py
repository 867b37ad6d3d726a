"""Compressing a stream by a library, so that the same bytes in always give the same bytes out.

What comes out depends on the version of the library, zlib or libzstd, and on nothing else.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

__all__ = ["GzipPacker", "Packer", "PlainPacker", "Write", "ZstdPacker"]

Write: TypeAlias = Callable[[bytes], object]
"""Takes all of the bytes that it is given."""

_GZIP_HEADER: Final = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3))
"""RFC 1952, as ``gzip -9n`` writes it: no name, no time, best compression, Unix."""
_ZSTD_LEVEL: Final = 5
"""Several times as fast as ``gzip -9``, and smaller; nothing needs more than 8 MiB to unpack it."""


class Packer(Protocol):
    """Takes plain bytes and writes them compressed."""

    def write(self, data: bytes, /) -> None:
        """Take the next bytes."""
        ...

    def finish(self) -> None:
        """Write what is left, once, after the last bytes."""
        ...


class PlainPacker:
    """Does not compress at all."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def write(self, data: bytes, /) -> None:
        """Take the next bytes."""
        self._write(data)

    def finish(self) -> None:
        """Do nothing: everything is written."""


class GzipPacker:
    """Writes one gzip member, with the header that ``gzip -9n`` writes."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._check = 0
        self._size = 0
        write(_GZIP_HEADER)

    def write(self, data: bytes, /) -> None:
        """Take the next bytes."""
        self._check = zlib.crc32(data, self._check)
        self._size += len(data)
        self._write(self._stream.compress(data))

    def finish(self) -> None:
        """Write what is left, the check sum and the size."""
        self._write(self._stream.flush())
        self._write(self._check.to_bytes(4, "little"))
        self._write((self._size & 0xFFFFFFFF).to_bytes(4, "little"))


class ZstdPacker:
    """Writes one zstd frame with a check sum, as ``zstd -5 -T1`` does from a pipe.

    The library has a thread of its own, so that reading and hashing go on beside it. What it
    writes is the same for any number of threads but none.
    """

    def __init__(self, write: Write) -> None:
        from zstandard import ZstdCompressor

        self._write = write
        self._stream = ZstdCompressor(
            level=_ZSTD_LEVEL, write_checksum=True, write_content_size=False, threads=1
        ).compressobj()

    def write(self, data: bytes, /) -> None:
        """Take the next bytes."""
        self._write(self._stream.compress(data))

    def finish(self) -> None:
        """Write what is left and the check sum."""
        self._write(self._stream.flush())
