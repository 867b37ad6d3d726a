"""Taking one member's content out of a stream, in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import IO, Final

from countersign.source import FileSource, PiecesSource, Source

__all__ = ["CHUNK", "Shelf", "split", "spool"]

CHUNK: Final = 1 << 20
"""Bytes that are asked of a stream at a time."""
HELD: Final = 256 << 20
"""Bytes of the largest member that is held in memory; larger ones pass through a temporary file."""


class Shelf:
    """Holds one content after the other in the same memory, for fresh memory is slow to get.

    Memory grows with the bytes that are really there, up to a bound; what is larger passes through
    a temporary file.
    """

    def __init__(self, held: int | None = None) -> None:
        """``held`` are the bytes of the largest content that stays in memory."""
        self._held = HELD if held is None else held
        self._free: list[bytearray] = []

    @contextmanager
    def hold(self, chunks: Iterable[bytes]) -> Iterator[Source]:
        """Give the whole of a content to be looked at, as long as the context lasts."""
        pieces: list[memoryview] = []
        taken: list[bytearray] = []
        try:
            more = iter(chunks)
            for chunk in more:
                self._put(chunk, pieces, taken)
                if len(taken) * CHUNK > self._held:
                    with spool(chain(pieces, more)) as file:
                        yield FileSource(file.fileno())
                    return
            yield PiecesSource(pieces)
        finally:
            self._free += taken

    def _put(self, chunk: bytes, pieces: list[memoryview], taken: list[bytearray]) -> None:
        """Append a chunk to the last piece, and to as many more as it takes."""
        rest = memoryview(chunk)
        while rest:
            if not pieces or len(pieces[-1]) == CHUNK:
                taken.append(self._free.pop() if self._free else bytearray(CHUNK))
                pieces.append(memoryview(taken[-1])[:0])
            filled = len(pieces[-1])
            part = rest[: CHUNK - filled]
            taken[-1][filled : filled + len(part)] = part
            pieces[-1] = memoryview(taken[-1])[: filled + len(part)]
            rest = rest[len(part) :]


@contextmanager
def spool(chunks: Iterable[bytes | memoryview]) -> Iterator[IO[bytes]]:
    """Put a content into a temporary file, to be read from its start in any order."""
    with tempfile.TemporaryFile() as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        file.seek(0)
        yield file


def split(read: Callable[[int], bytes], size: int, chunk_size: int = CHUNK) -> Iterator[bytes]:
    """Read ``size`` bytes, a chunk at a time; raise :class:`EOFError` when there are fewer."""
    left = size
    while left:
        chunk = read(min(chunk_size, left))
        if not chunk:
            raise EOFError(f"{left} bytes of a member of {size} bytes are missing")
        left -= len(chunk)
        yield chunk
