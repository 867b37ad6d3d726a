"""Reading zstd, frame by frame and block by block. Format: RFC 8878.

A library decompresses the blocks. Where they begin and end is followed here, for the library's
streams take data that is cut short for data that has ended, and may give without bounds: a block
gives at most 128 KiB.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from counterproof.errors import WindowError
from counterproof.trees.content import split

if TYPE_CHECKING:
    from zstandard import ZstdDecompressor

    from counterproof.trees.stream import Readable

__all__ = ["MAX_WINDOW", "ZstdStream", "plain_blocks"]

MAX_WINDOW: Final = 128 << 20
"""Bytes that a frame may want to look back; the program zstd takes no more either, unless told."""

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_SKIPPABLE: Final = tuple(bytes((0x50 + each, 0x2A, 0x4D, 0x18)) for each in range(16))
_MAX_BLOCK: Final = 128 << 10
_RLE, _RESERVED = 1, 3


class ZstdStream(io.BufferedIOBase):
    """The plain bytes of ``file``, which holds zstd frames and is closed along with this.

    Reading raises :class:`ValueError` for what is no zstd, :class:`EOFError` where it is cut short
    and :class:`WindowError`, which names ``source``, for a frame that takes too much memory.
    """

    def __init__(self, file: BinaryIO, source: str) -> None:
        self._file = file
        self._blocks = plain_blocks(file, source)
        self._ready = bytearray()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read ``size`` bytes, which must be given; fewer only at the end."""
        if size is None or size < 0:
            raise ValueError("a whole file may be too large to read at once")
        while len(self._ready) < size and (block := next(self._blocks, None)) is not None:
            self._ready += block
        data = bytes(self._ready[:size])
        del self._ready[:size]
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def plain_blocks(file: Readable, source: str) -> Iterator[bytes]:
    """Give what each block of each frame decompresses to, which may be nothing."""
    from zstandard import ZstdDecompressor, ZstdError

    decompressor = ZstdDecompressor(max_window_size=MAX_WINDOW)
    try:
        while magic := file.read(4):
            if magic in _SKIPPABLE:
                _skip_frame(file)
            elif magic == _MAGIC:
                yield from _frame(file, decompressor, source)
            else:
                raise ValueError("data that is no zstd frame")
    except ZstdError as error:
        raise ValueError(str(error)) from error


def _skip_frame(file: Readable) -> None:
    for _ in split(file.read, int.from_bytes(_exactly(file, 4), "little")):
        pass


def _frame(file: Readable, decompressor: ZstdDecompressor, source: str) -> Iterator[bytes]:
    header, check_size = _frame_header(file, source)
    frame = decompressor.decompressobj()
    decompress: Callable[[bytes], bytes] = frame.decompress
    yield decompress(header)
    last = False
    while not last:
        block = _exactly(file, 3)
        last, stored = _block_header(block)
        yield decompress(block + _exactly(file, stored + check_size * last))
    if not frame.eof:
        raise ValueError("a frame does not end with its last block")


def _frame_header(file: Readable, source: str) -> tuple[bytes, int]:
    """Read a header, magic included; give it and the size of the check sum behind the blocks."""
    from zstandard import frame_header_size, get_frame_parameters

    header = _MAGIC + _exactly(file, 1)
    header += _exactly(file, frame_header_size(header) - len(header))
    parameters = get_frame_parameters(header)
    if parameters.window_size > MAX_WINDOW:
        raise WindowError(source, parameters.window_size, MAX_WINDOW)
    return header, 4 if parameters.has_checksum else 0


def _block_header(block: bytes) -> tuple[bool, int]:
    """Tell whether it is the frame's last block, and how many bytes are stored for it."""
    fields = int.from_bytes(block, "little")
    last, kind, size = bool(fields & 1), fields >> 1 & 3, fields >> 3
    if kind == _RESERVED or size > _MAX_BLOCK:
        raise ValueError(f"a block of kind {kind} and {size} bytes")
    return last, 1 if kind == _RLE else size


def _exactly(file: Readable, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise EOFError(f"{size - len(data)} bytes of a zstd frame are missing")
    return data
