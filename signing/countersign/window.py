"""A part of a file that is read where it is looked at, and no sooner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countersign.source import BytesSource, Source

__all__ = ["Window"]

PIECE: Final = 1 << 18
"""Bytes that are held while a range of any length is walked."""


class Window:
    """A range of a source; offsets count from its start, and never reach beyond its end.

    A slice of it is read at once, so only ranges whose size has a bound are taken as slices; all
    others are walked in pieces, or hashed by :mod:`countersign.rehash`. Reading raises what the
    source raises.
    """

    def __init__(self, source: Source, start: int = 0, stop: int | None = None) -> None:
        self.source = source
        self.start = start
        """Where it begins in the source."""
        self._size = (source.size if stop is None else min(stop, source.size)) - start

    @classmethod
    def over(cls, data: bytes | memoryview) -> Window:
        """Look at bytes in memory."""
        return cls(BytesSource(data))

    def __len__(self) -> int:
        return max(0, self._size)

    def __getitem__(self, part: slice) -> memoryview:
        start, stop, _ = part.indices(len(self))
        return self.source.view(self.start + start, max(0, stop - start))

    def part(self, start: int, stop: int) -> Window:
        """Look at a range of this range."""
        start, stop, _ = slice(start, stop).indices(len(self))
        return Window(self.source, self.start + start, self.start + stop)

    def pieces(self) -> Iterator[memoryview]:
        """Walk the whole range, a piece at a time."""
        return (self[at : at + PIECE] for at in range(0, len(self), PIECE))
