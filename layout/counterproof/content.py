"""Taking one member's content out of a stream, in bounded memory."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterator
from typing import Final

from counterproof.entry import Content

__all__ = ["CHUNK", "take"]

CHUNK: Final = 1 << 20
"""Bytes that are asked of a stream at a time."""
IN_MEMORY: Final = 64 << 20
"""Bytes of the largest member that is held in memory; larger ones pass through a temporary file."""


def take(read: Callable[[int], bytes], size: int) -> Content:
    """Take ``size`` bytes from ``read``; raise :class:`EOFError` when there are fewer.

    Memory grows with the bytes that are really there, never with ``size``.
    """
    if size <= IN_MEMORY:
        return b"".join(_chunks(read, size))
    with tempfile.TemporaryFile() as file:
        for chunk in _chunks(read, size):
            file.write(chunk)
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _chunks(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    left = size
    while left:
        chunk = read(min(CHUNK, left))
        if not chunk:
            raise EOFError(f"{left} bytes of a member of {size} bytes are missing")
        left -= len(chunk)
        yield chunk
