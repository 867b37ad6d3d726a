"""Taking one member's content out of a stream, in bounded memory."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from counterproof.entry import Content

__all__ = ["CHUNK", "split", "take"]

CHUNK: Final = 1 << 20
"""Bytes that are asked of a stream at a time."""
IN_MEMORY: Final = 64 << 20
"""Bytes of the largest member that is held in memory; larger ones pass through a temporary file."""


def take(chunks: Iterable[bytes], size: int) -> Content:
    """Put together the ``chunks`` of a content that says it has ``size`` bytes.

    Memory grows with the bytes that are really there, never with ``size``.
    """
    if size <= IN_MEMORY:
        return b"".join(chunks)
    with tempfile.TemporaryFile() as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def split(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    """Read ``size`` bytes, a chunk at a time; raise :class:`EOFError` when there are fewer."""
    left = size
    while left:
        chunk = read(min(CHUNK, left))
        if not chunk:
            raise EOFError(f"{left} bytes of a member of {size} bytes are missing")
        left -= len(chunk)
        yield chunk
