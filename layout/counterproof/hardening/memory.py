"""An image as the loader lays it out: reading by address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Memory", "Region"]


class Region(NamedTuple):
    """Bytes of the file that appear at an address."""

    address: int
    size: int
    offset: int
    """From the start of the file."""


class Memory:
    """What of a file is in memory."""

    def __init__(self, data: bytes, regions: Iterable[Region]) -> None:
        self._data = data
        self._regions = tuple(regions)

    def read(self, address: int, size: int) -> bytes:
        """Read up to ``size`` bytes; fewer, or none, where the file has no more for the address."""
        for start, length, offset in self._regions:
            if start <= address < start + length:
                end = offset + min(address - start + size, length)
                return self._data[offset + address - start : end]
        return b""
