"""The names of functions and data in an image, by their place in the file.

Format: ``nlist`` and ``nlist_64`` in ``mach-o/nlist.h``. Only what is asked for is read of the
names; the table itself is bounded. Files that are explained are damaged more often than not, so
whatever makes no sense is passed over.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Final, NamedTuple

from countersign.escaping import printable
from countersign.macho.slice import Slice
from countersign.window import Window

__all__ = ["Symbols", "read_symbols"]

MAX_SYMBOLS: Final = 1 << 21
"""More than the largest programs have; bounds the memory that a hostile table can ask for."""
MAX_NAME: Final = 200
"""Bytes of a name that are shown."""

_ENTRY: Final = {32: "I B 3x I", 64: "I B 3x Q"}
_STAB, _TYPE, _IN_SECTION = 0xE0, 0x0E, 0x0E


class _Symbol(NamedTuple):
    """A symbol that is defined in a section of the file."""

    offset: int
    """From the start of the slice."""
    name_at: int
    """From the start of the string table."""


_place = attrgetter("offset")


class Symbols:
    """The symbols of one slice, sorted by their place."""

    def __init__(self, strings: Window, found: list[_Symbol]) -> None:
        self._strings = strings
        self._found = sorted(found)

    def __len__(self) -> int:
        return len(self._found)

    def names(self, place: range, limit: int) -> tuple[str, ...]:
        """Name what begins in ``place``, and first what reaches into it from before.

        ``place`` counts from the start of the slice. At most ``limit`` names are given.
        """
        first = max(0, bisect_right(self._found, place.start, key=_place) - 1)
        last = bisect_left(self._found, place.stop, key=_place)
        chosen = self._found[first : min(last, first + limit)]
        return tuple(filter(None, map(self._name, chosen)))

    def _name(self, symbol: _Symbol) -> str:
        raw = bytes(self._strings[symbol.name_at : symbol.name_at + MAX_NAME])
        return printable(raw.partition(b"\0")[0].decode("utf-8", "replace"))


def read_symbols(data: Window, thin: Slice) -> Symbols:
    """Read the symbol table of the slice ``data``; one that makes no sense is empty."""
    offset, size = thin.strings or (0, 0)
    return Symbols(data.part(offset, offset + size), list(_defined(data, thin)))


def _defined(data: Window, thin: Slice) -> Iterator[_Symbol]:
    """Give every symbol whose address lies in what a segment takes of the file."""
    start, count = thin.symbols or (0, 0)
    entry = struct.Struct(thin.header.order + _ENTRY[thin.header.bits])
    table = data.part(start, start + entry.size * min(count, MAX_SYMBOLS))
    spans = [
        (segment.vmaddr, segment.vmaddr + segment.filesize, segment.fileoff)
        for segment in thin.segments
        if segment.filesize
    ]
    whole = len(table) // entry.size * entry.size
    for name_at, kind, address in entry.iter_unpack(table[:whole]):
        if kind & _STAB or kind & _TYPE != _IN_SECTION:
            continue
        for low, high, fileoff in spans:
            if low <= address < high:
                yield _Symbol(address - low + fileoff, name_at)
                break
