"""What a slice shows about the programs that linked, edited and signed it.

Formats: ``symtab_command``, ``dylib_command``, ``build_version_command`` and ``nlist_64`` in
``mach-o/loader.h`` and ``mach-o/nlist.h``. Only files that others published are read here, so
what is damaged raises :class:`FormatError` or :class:`struct.error`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from countersign.macho.fat import parse_fat, starts_fat
from countersign.macho.slice import Slice, parse_slice
from countersign.signature import Signature, parse_signature

__all__ = ["LD", "LLD", "ZIG", "Evidence", "Tool", "read_evidence", "read_file"]

LD: Final = 3
LLD: Final = 4
ZIG: Final = 5
"""Tools of LC_BUILD_VERSION that link."""

LC_SYMTAB: Final = 0x2
LC_ID_DYLIB: Final = 0xD
LC_RPATH: Final = 0x8000001C
LC_CODE_SIGNATURE: Final = 0x1D
LC_FUNCTION_STARTS: Final = 0x26
LC_BUILD_VERSION: Final = 0x32


class Tool(NamedTuple):
    """A tool entry of LC_BUILD_VERSION."""

    kind: int
    version: int
    """``major << 16 | minor << 8 | patch``."""

    @property
    def major(self) -> int:
        """The first number of the version."""
        return self.version >> 16

    def __str__(self) -> str:
        return f"{self.kind}:{self.major}.{self.version >> 8 & 255}.{self.version & 255}"


class _Symtab(NamedTuple):
    """An LC_SYMTAB after its first eight bytes."""

    symbols: int
    symbol_count: int
    strings: int
    string_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One slice with what decides its class; offsets count from the start of the slice."""

    data: memoryview
    thin: Slice
    signature: Signature | None
    kinds: tuple[int, ...]
    """The load commands in order."""
    tools: tuple[Tool, ...]
    symtab: _Symtab | None
    install_name: str | None
    """The last part of LC_ID_DYLIB's path."""
    in_fat: bool
    """True when the file is universal, whatever the number of its slices."""

    @property
    def string_table_start(self) -> bytes:
        """The first four bytes of the string table: each writer has its own."""
        start = self.symtab.strings if self.symtab else len(self.data)
        return bytes(self.data[start : start + 4])

    @property
    def string_table_end(self) -> int | None:
        """Where the string table ends; None without one."""
        return self.symtab.strings + self.symtab.string_size if self.symtab else None

    @property
    def text_section_size(self) -> int | None:
        """Size of the section __TEXT,__text."""
        text = self.thin.segment("__TEXT")
        sections = text.sections if text else ()
        return next((each.size for each in sections if each.name == "__text"), None)

    @property
    def commands_behind_signature(self) -> int:
        """How many load commands follow LC_CODE_SIGNATURE."""
        if LC_CODE_SIGNATURE not in self.kinds:
            return 0
        return len(self.kinds) - 1 - self.kinds.index(LC_CODE_SIGNATURE)

    @property
    def rpath_was_added(self) -> bool:
        """True when an LC_RPATH follows LC_FUNCTION_STARTS, where no linker puts it."""
        if LC_FUNCTION_STARTS not in self.kinds:
            return False
        return LC_RPATH in self.kinds[self.kinds.index(LC_FUNCTION_STARTS) :]

    @property
    def tail(self) -> memoryview:
        """The room that the superblob leaves of the signature."""
        command, signature = self.thin.signature, self.signature
        if command is None or signature is None:
            return memoryview(b"")
        start = command.data_offset + signature.superblob.length
        return self.data[start : command.data_end]

    def has_section(self, name: str) -> bool:
        """Tell whether a segment has a section of this name."""
        return any(each.name == name for part in self.thin.segments for each in part.sections)

    def names(self) -> Iterator[bytes]:
        """Give the strings that symbols use, in the order of the string table."""
        if self.symtab is None:
            return
        start, size, count = self.symtab.strings, self.symtab.string_size, self.symtab.symbol_count
        strings = bytes(self.data[start : start + size])
        entries = self.data[self.symtab.symbols : self.symtab.symbols + 16 * count]
        layout = self.thin.header.order + "I12x"
        for at in sorted({at for (at,) in struct.iter_unpack(layout, entries)}):
            if 0 < at < size:
                end = strings.find(b"\0", at)
                yield strings[at:end] if end >= 0 else strings[at:]


def read_file(data: memoryview) -> Iterator[Evidence]:
    """Read every slice of a whole file."""
    if not starts_fat(data):
        yield read_evidence(data)
        return
    for arch in parse_fat(data):
        yield read_evidence(data[arch.offset : arch.end], in_fat=True)


def read_evidence(data: memoryview, *, in_fat: bool = False) -> Evidence:
    """Read the slice ``data``."""
    thin = parse_slice(data)
    commands = tuple(_commands(data, thin))
    symtab: _Symtab | None = None
    tools: list[Tool] = []
    install_name = None
    order = thin.header.order
    for kind, body in commands:
        if kind == LC_SYMTAB:
            symtab = _Symtab(*struct.unpack_from(order + "8x4I", body))
        elif kind == LC_BUILD_VERSION:
            entries = struct.iter_unpack(order + "2I", body[24:])
            tools += (Tool(*entry) for entry in entries)
        elif kind == LC_ID_DYLIB:
            (start,) = struct.unpack_from(order + "8xI", body)
            path = bytes(body[start:]).partition(b"\0")[0]
            install_name = path.rpartition(b"/")[2].decode(errors="replace")
    return Evidence(
        data=data,
        thin=thin,
        signature=parse_signature(data[thin.signature.data_offset :]) if thin.signature else None,
        kinds=tuple(kind for kind, _ in commands),
        tools=tuple(tools),
        symtab=symtab,
        install_name=install_name,
        in_fat=in_fat,
    )


def _commands(data: memoryview, thin: Slice) -> Iterator[tuple[int, memoryview]]:
    """Walk the load commands, whose bounds :func:`parse_slice` has checked."""
    at = thin.header.size
    for _ in range(thin.header.command_count):
        kind, size = struct.unpack_from(thin.header.order + "2I", data, at)
        yield kind, data[at : at + size]
        at += size
