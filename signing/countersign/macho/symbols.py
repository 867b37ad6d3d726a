"""The names of functions and data in an image, by their place in the file.

Format: ``nlist`` and ``nlist_64`` in ``mach-o/nlist.h``, LC_FUNCTION_STARTS in ``mach-o/loader.h``,
which tells functions apart whose names were stripped. A symbol has no size: it ends where the next
one or its section does. The files that are looked into are damaged more often than not, so whatever
makes no sense is passed over; the tables are bounded.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import groupby, islice, pairwise
from operator import attrgetter
from typing import Final, NamedTuple

from countersign.errors import FormatError
from countersign.escaping import printable
from countersign.macho.slice import Slice, load_commands
from countersign.reading import read_head
from countersign.window import Window

__all__ = ["MAX_NAME", "Range", "Symbols", "read_symbols"]

MAX_SYMBOLS: Final = 1 << 20
"""More than the largest programs have; bounds the memory that a hostile table can ask for."""
MAX_NAME: Final = 200
"""Bytes of a name that are shown."""
NO_END: Final = 1 << 64
LC_FUNCTION_STARTS: Final = 0x26

_ENTRY: Final = {32: "I B 3x I", 64: "I B 3x Q"}
_STAB, _TYPE, _IN_SECTION = 0xE0, 0x0E, 0x0E


class _Symbol(NamedTuple):
    """A symbol that is defined in a section of the file, or a function whose name was stripped."""

    offset: int
    """From the start of the slice."""
    name_at: int
    """From the start of the string table; -1 when there is no name."""


class Range(NamedTuple):
    """What belongs to a symbol; the offset counts from the start of the slice."""

    name: str
    """Bytes that are no UTF-8 are escaped; terminal commands are not."""
    offset: int
    size: int


_place = attrgetter("offset")


class Symbols:
    """The symbols of one slice, sorted by their place."""

    def __init__(
        self,
        strings: Window,
        found: Iterable[_Symbol],
        sections: Iterable[tuple[int, int]],
        *,
        complete: bool = True,
    ) -> None:
        self._strings = strings
        self._found = sorted(found)
        self._sections = sorted(sections)
        """Where sections start and end."""
        self.complete = complete
        """False when there are more than are read."""

    def __len__(self) -> int:
        return len(self._found)

    def names(self, place: range, limit: int) -> tuple[str, ...]:
        """Name what begins in ``place``, and first what reaches into it from before.

        ``place`` counts from the start of the slice. At most ``limit`` names are given.
        """
        first = max(0, bisect_right(self._found, place.start, key=_place) - 1)
        last = bisect_left(self._found, place.stop, key=_place)
        chosen = filter(None, map(self._name, self._found[first:last]))
        return tuple(islice(chosen, limit))

    def text_at(self, offset: int) -> str | None:
        """Say what a byte of the slice belongs to, such as ``_main+0x10``."""
        index = bisect_right(self._found, offset, key=_place) - 1
        if index < 0:
            return None
        symbol = self._found[index]
        if offset >= self._section_end(symbol.offset):
            return None
        name = self._name(symbol) or f"function at {symbol.offset:#x}"
        return f"{name}+{offset - symbol.offset:#x}"

    def ranges(self) -> Iterator[Range]:
        """Give everything that has a name, in the order of its place."""
        strings = bytes(self._strings[:])
        for start, end in self._sections:
            first = bisect_left(self._found, start, key=_place)
            last = bisect_left(self._found, end, key=_place)
            places = [
                (offset, [name_at for _, name_at in symbols])
                for offset, symbols in groupby(self._found[first:last], key=_place)
            ]
            for (offset, names), (stop, _) in pairwise([*places, (end, [])]):
                for name_at in names:
                    if 0 <= name_at < len(strings):
                        yield Range(_text(strings, name_at), offset, stop - offset)

    def _section_end(self, offset: int) -> int:
        """Say where the section ends that a place lies in; one in no section ends where it is."""
        index = bisect_right(self._sections, (offset, NO_END)) - 1
        return max(offset, self._sections[index][1]) if index >= 0 else offset

    def _name(self, symbol: _Symbol) -> str:
        if symbol.name_at < 0:
            return ""
        raw = bytes(self._strings[symbol.name_at : symbol.name_at + MAX_NAME])
        return printable(raw.partition(b"\0")[0].decode("utf-8", "replace"))


def read_symbols(data: Window, thin: Slice) -> Symbols:
    """Read the symbol table of the slice ``data``; one that makes no sense is empty."""
    offset, size = thin.strings or (0, 0)
    found = list(_defined(data, thin))
    named = {symbol.offset for symbol in found}
    found += (_Symbol(at, -1) for at in _function_starts(data, thin) if at not in named)
    return Symbols(
        data.part(offset, offset + size),
        found,
        _sections(thin),
        complete=(thin.symbols or (0, 0))[1] <= MAX_SYMBOLS,
    )


def _text(strings: bytes, at: int) -> str:
    end = strings.find(b"\0", at)
    return strings[at : end if end >= 0 else None].decode("utf-8", "backslashreplace")


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


def _function_starts(data: Window, thin: Slice) -> Iterator[int]:
    """Give the offsets of functions: differences in ULEB128, the first from __TEXT's start on."""
    text = thin.segment("__TEXT")
    offset, shift, delta = text.fileoff if text else 0, 0, 0
    for byte in _function_table(data, thin):
        delta |= (byte & 0x7F) << shift
        shift += 7
        if byte & 0x80 and shift < 64:
            continue
        if delta == 0 or byte & 0x80:
            return
        offset += delta
        yield offset
        shift = delta = 0


def _function_table(data: Window, thin: Slice) -> bytes:
    for command in load_commands(read_head(data), thin.header, thin.base):
        if command.kind == LC_FUNCTION_STARTS:
            try:
                start, size = command.numbers("8x2I")
            except FormatError:
                break
            return bytes(data.part(start, start + min(size, MAX_SYMBOLS))[:])
    return b""


def _sections(thin: Slice) -> Iterator[tuple[int, int]]:
    for segment in thin.segments:
        for section in segment.sections:
            if section.has_contents:
                yield section.offset, min(section.offset + section.size, thin.size)
