"""The parts of ELF and PE files by their names and places; enough to say where two files differ.

Formats: System V ABI, "Object Files"; Microsoft's "PE Format". What makes no sense has no parts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from countersign.image import ImageFormat
from countersign.source import Source

__all__ = ["Section", "sections_of"]

_MAX_SECTIONS: Final = 4096
_MAX_NAMES: Final = 1 << 20
"""Bytes of section names that are read."""
_NOBITS: Final = 8
_SYMBOL_SIZE: Final = 18
"""Bytes of a COFF symbol; the long names stand behind the last one."""


class Section(NamedTuple):
    """A part of a file."""

    name: str
    offset: int
    size: int

    def holds(self, offset: int) -> bool:
        """Tell whether a byte of the file belongs to it."""
        return self.offset <= offset < self.offset + self.size


class _Table(NamedTuple):
    """The places of an ELF's section headers, and how their fields are laid out."""

    layout: struct.Struct
    at: int
    rows: int
    names: int
    """The number of the section that has the names."""


def sections_of(source: Source, form: ImageFormat) -> tuple[Section, ...]:
    """Read the sections of an ELF or PE; none of what makes no sense.

    Raises what the source raises.
    """
    read = {ImageFormat.ELF: _elf, ImageFormat.PE: _pe}.get(form)
    try:
        found = tuple(read(source)) if read is not None else ()
    except struct.error:
        return ()
    return tuple(each for each in found if each.size and each.offset + each.size <= source.size)


def _elf(source: Source) -> Iterator[Section]:
    table = _elf_table(_bytes(source, 0, 64))
    size = table.layout.size
    places = (table.at + size * number for number in range(min(table.rows, _MAX_SECTIONS)))
    rows = [table.layout.unpack(_bytes(source, place, size)) for place in places]
    if not table.names < len(rows):
        return
    names = _bytes(source, rows[table.names][4], min(rows[table.names][5], _MAX_NAMES))
    for name, kind, _, _, offset, size in rows:
        if kind != _NOBITS:
            yield Section(_text(names, name), offset, size)


def _elf_table(head: bytes) -> _Table:
    order = "<" if head[5:6] == b"\1" else ">"
    if head[4:5] == b"\2":
        (at,) = struct.unpack_from(f"{order}Q", head, 0x28)
        size, count, names = struct.unpack_from(f"{order}3H", head, 0x3A)
        layout = struct.Struct(f"{order}2I4Q24x")
    else:
        (at,) = struct.unpack_from(f"{order}I", head, 0x20)
        size, count, names = struct.unpack_from(f"{order}3H", head, 0x2E)
        layout = struct.Struct(f"{order}6I16x")
    return _Table(layout, at, count if size == layout.size else 0, names)


def _pe(source: Source) -> Iterator[Section]:
    (header,) = struct.unpack("<I", _bytes(source, 0x3C, 4))
    coff = _bytes(source, header, 24)
    count, symbols_at, symbols, size = struct.unpack_from("<6xH4x2IH", coff)
    at = header + 24 + size
    for number in range(min(count, _MAX_SECTIONS)):
        name, stored, offset = struct.unpack("<8s8x2I16x", _bytes(source, at + 40 * number, 40))
        long_names = symbols_at + symbols * _SYMBOL_SIZE
        yield Section(_pe_name(source, name, long_names), offset, stored)


def _pe_name(source: Source, name: bytes, long_names: int) -> str:
    """Name a section; a long name stands behind the symbols, at ``/`` and an offset."""
    short = _text(name, 0)
    if short[:1] != "/" or not short[1:].isdecimal():
        return short
    at = long_names + int(short[1:])
    size = min(64, source.size - at)
    return _text(source.read(at, size), 0) if size > 0 else short


def _text(names: bytes, at: int) -> str:
    return names[at : at + 200].partition(b"\0")[0].decode("latin-1")


def _bytes(source: Source, at: int, size: int) -> bytes:
    """Read a range; raise :class:`struct.error` when it is not in the file."""
    if size < 0 or at + size > source.size:
        raise struct.error("it reaches beyond the end")
    return source.read(at, size)
