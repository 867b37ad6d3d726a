"""Facts of PE images: LIEF reads headers, imports and resources, we ask them.

Format: Microsoft's "PE Format".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from counterproof.hardening.buildpaths import build_paths
from counterproof.hardening.facts import Leftovers, PeFacts, Undecided, Unreadable
from counterproof.hardening.memory import Memory, Region
from counterproof.hardening.startcode import PROLOGUE, pe_main
from countersign.image import Image, ImageKind
from countersign.pe import pe_checksum, pe_system
from countersign.source import BytesSource

if TYPE_CHECKING:
    import lief

__all__ = ["read_pe"]

_HIGH_ENTROPY_VA: Final = 0x20
_DYNAMIC_BASE: Final = 0x40
_NX_COMPAT: Final = 0x100

_SYMBOL_SIZE: Final = 18
"""Bytes of a COFF symbol; the table of long names follows the last one."""
_MAIN: Final = b"main\0\0\0\0"
_CANARY: Final = b"__stack_chk_fail\0"
_CANARY_TEXT: Final = b"stack smashing detected"
"""What the function of that name prints, which only programs that call it are linked with."""
_MAX_NAMES: Final = 20


def read_pe(data: bytes, image: Image) -> PeFacts | Unreadable:
    """Take the facts of the PE image ``data``."""
    import lief

    binary = lief.PE.parse(data, _configuration())
    if binary is None:
        return Unreadable("LIEF cannot read it")
    header, source = binary.optional_header, BytesSource(data)
    flags = int(header.dll_characteristics)
    memory = Memory(data, _regions(binary))
    relocations = binary.data_directory(lief.PE.DataDirectory.TYPES.BASE_RELOCATION_TABLE)
    (architecture,) = image.architectures
    return PeFacts(
        architecture=architecture,
        program=image.kind is ImageKind.EXECUTABLE,
        dynamic_base=bool(flags & _DYNAMIC_BASE),
        high_entropy=bool(flags & _HIGH_ENTROPY_VA),
        nx=bool(flags & _NX_COMPAT),
        relocations=relocations is not None and _has_entries(memory, relocations.rva),
        canary=_canary(data, binary),
        main=_main(data, memory, binary, architecture),
        libraries=tuple(str(library) for library in binary.libraries),
        subsystem_version=f"{header.major_subsystem_version}.{header.minor_subsystem_version}",
        manifest=bool(binary.has_resources and _has_manifest(binary)),
        checksum=header.checksum,
        true_checksum=pe_checksum(source, pe_system(source).checksum_at),
        leftovers=Leftovers(tuple(_debug_sections(data, binary)), binary.header.numberof_symbols),
        paths=build_paths(data, _debug_ranges(data, binary)),
    )


def _configuration() -> lief.PE.ParserConfig:
    """Leave out what no fact needs."""
    import lief

    config = lief.PE.ParserConfig()
    config.parse_exceptions = False
    config.parse_exports = False
    config.parse_reloc = False
    config.parse_signature = False
    config.parse_arm64x_binary = False
    return config


def _regions(binary: lief.PE.Binary) -> Iterator[Region]:
    """Give the sections by their addresses from the start of the image in memory."""
    for section in binary.sections:
        size = min(section.virtual_size or section.size, section.size)
        yield Region(section.virtual_address, size, section.offset)


def _has_entries(memory: Memory, address: int) -> bool:
    """Tell whether the first block of relocations is longer than its head."""
    head = memory.read(address, 8) if address else b""
    return len(head) == 8 and int.from_bytes(head[4:], "little") > 8


def _long_names(binary: lief.PE.Binary) -> int:
    header = binary.header
    return header.pointerto_symbol_table + header.numberof_symbols * _SYMBOL_SIZE


def _canary(data: bytes, binary: lief.PE.Binary) -> bool | Undecided:
    if binary.header.numberof_symbols:
        return data.find(_CANARY, _long_names(binary)) >= 0
    if _CANARY in data or _CANARY_TEXT in data:  # imported, or linked in
        return True
    return Undecided("it does not import __stack_chk_fail, and was stripped of what is linked in")


def _main(
    data: bytes, memory: Memory, binary: lief.PE.Binary, architecture: str
) -> bytes | Undecided:
    if architecture != "x86_64":
        return Undecided("it is not for x86-64")
    named = _named_main(data, binary)
    if named is not None:
        return memory.read(named, PROLOGUE) or Undecided("`main` has no place in the file")
    return pe_main(memory, binary.optional_header.addressof_entrypoint)


def _named_main(data: bytes, binary: lief.PE.Binary) -> int | None:
    """Find `main` among the symbols, whose short names stand in the table itself."""
    start, end = binary.header.pointerto_symbol_table, _long_names(binary)
    at = data.find(_MAIN, start, end)
    while at >= 0 and (at - start) % _SYMBOL_SIZE:
        at = data.find(_MAIN, at + 1, end)
    if at < 0 or at + _SYMBOL_SIZE > len(data):
        return None
    value, number = struct.unpack_from("<Ih", data, at + 8)
    sections = tuple(binary.sections)
    if not 1 <= number <= len(sections):
        return None
    return int(sections[number - 1].virtual_address) + int(value)


def _has_manifest(binary: lief.PE.Binary) -> bool:
    import lief

    resources = binary.resources_manager
    return isinstance(resources, lief.PE.ResourcesManager) and bool(resources.has_manifest)


def _debug_sections(data: bytes, binary: lief.PE.Binary) -> list[str]:
    names = (_name(data, section, _long_names(binary)) for section in binary.sections)
    return [name for name in names if name.startswith(".debug_")][:_MAX_NAMES]


def _debug_ranges(data: bytes, binary: lief.PE.Binary) -> list[tuple[int, int]]:
    return [
        (section.offset, section.offset + section.size)
        for section in binary.sections
        if _name(data, section, _long_names(binary)).startswith(".debug_")
    ]


def _name(data: bytes, section: lief.PE.Section, names: int) -> str:
    """Name a section; a long name stands in the table of long names, at ``/`` and an offset."""
    name = str(section.name)
    if name[:1] == "/" and name[1:].isdecimal():
        at = names + int(name[1:])
        return data[at : at + 64].partition(b"\0")[0].decode("latin-1")
    return name
