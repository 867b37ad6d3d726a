"""The Mach-O header: its magic decides byte order and word size.

Format: ``mach_header`` and ``mach_header_64`` in ``mach-o/loader.h``.
"""

from __future__ import annotations

import struct
from typing import Final, Literal, NamedTuple

from countersign.errors import FormatError
from countersign.macho.cpu import architecture_name

__all__ = [
    "CODE_TYPES",
    "FILE_TYPES",
    "HEADER_SIZE",
    "MH_BUNDLE",
    "MH_DSYM",
    "MH_DYLDLINK",
    "MH_DYLIB",
    "MH_EXECUTE",
    "MH_OBJECT",
    "MH_PIE",
    "Header",
    "claimed_architecture",
    "parse_header",
    "starts_thin",
]

HEADER_SIZE: Final = 32
"""Bytes of the larger of the two headers."""

MH_OBJECT: Final = 1
MH_EXECUTE: Final = 2
MH_DYLIB: Final = 6
MH_BUNDLE: Final = 8
MH_DSYM: Final = 10

MH_DYLDLINK: Final = 0x4
MH_PIE: Final = 0x200000

FILE_TYPES: Final = {
    MH_OBJECT: "object file",
    MH_EXECUTE: "program",
    3: "fixed library",
    4: "core file",
    5: "preloaded program",
    MH_DYLIB: "library",
    7: "dynamic linker",
    MH_BUNDLE: "bundle",
    9: "library stub",
    MH_DSYM: "dSYM companion",
    11: "kernel extension",
    12: "file set",
}
CODE_TYPES: Final = frozenset({MH_EXECUTE, 5, MH_DYLIB, 7, MH_BUNDLE, 11})
"""The file types that Security takes for code (``MachORep::candidate``, machorep.cpp)."""

_MAGICS: Final[dict[bytes, tuple[Literal["<", ">"], int]]] = {
    b"\xce\xfa\xed\xfe": ("<", 32),
    b"\xcf\xfa\xed\xfe": ("<", 64),
    b"\xfe\xed\xfa\xce": (">", 32),
    b"\xfe\xed\xfa\xcf": (">", 64),
}


class _Fields(NamedTuple):
    """The part that both word sizes share, in file order."""

    magic: bytes
    cputype: int
    cpusubtype: int
    filetype: int
    command_count: int
    commands_size: int
    flags: int


_FIELDS = "4s6I"


class Header(NamedTuple):
    """A Mach-O header, freed from its byte order."""

    order: Literal["<", ">"]
    """The prefix of every :mod:`struct` format for this image."""
    bits: int
    cputype: int
    cpusubtype: int
    filetype: int
    command_count: int
    commands_size: int
    flags: int

    @property
    def size(self) -> int:
        """Bytes before the first load command."""
        return 28 if self.bits == 32 else 32

    @property
    def commands_end(self) -> int:
        """Where the load commands end, from the start of the slice."""
        return self.size + self.commands_size


def starts_thin(data: memoryview) -> bool:
    """Tell whether ``data`` begins with the magic of a thin Mach-O."""
    return bytes(data[:4]) in _MAGICS


def parse_header(data: memoryview, offset: int = 0) -> Header:
    """Read the header of the slice ``data``, which begins ``offset`` bytes into the file."""
    if not starts_thin(data):
        raise FormatError("Mach-O header", offset, "the magic is not that of a Mach-O")
    order, bits = _MAGICS[bytes(data[:4])]
    if len(data) < (28 if bits == 32 else 32):
        raise FormatError("Mach-O header", offset, f"{len(data)} bytes are too few")
    fields = _Fields._make(struct.unpack_from(order + _FIELDS, data))
    return Header(order, bits, *fields[1:])


def claimed_architecture(data: memoryview) -> str:
    """Name the architecture of a thin Mach-O that may be cut short anywhere behind its magic."""
    order: Literal["little", "big"] = "little" if data[0] in (0xCE, 0xCF) else "big"
    cputype, cpusubtype = (int.from_bytes(data[at : at + 4], order) for at in (4, 8))
    return architecture_name(cputype, cpusubtype)
