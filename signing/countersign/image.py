"""What a file is, decided by its first bytes and never by its name.

:func:`identify` reports what a file *announces itself* to be; whether it keeps the promise is
for the verifier to say, so a damaged image is still an image. Formats: ``mach-o/loader.h`` and
``mach-o/fat.h``; System V ABI, "Object Files"; Microsoft's "PE Format".
"""

from __future__ import annotations

import enum
import struct
from typing import Final, NamedTuple

from countersign.errors import FormatError
from countersign.macho.cpu import architecture_name
from countersign.macho.fat import parse_fat, starts_fat, starts_fat64
from countersign.macho.header import (
    MH_BUNDLE,
    MH_DSYM,
    MH_DYLIB,
    MH_EXECUTE,
    MH_OBJECT,
    parse_header,
    starts_thin,
)

__all__ = ["Image", "ImageFormat", "ImageKind", "identify"]


class ImageFormat(enum.StrEnum):
    """The three formats of executables."""

    MACH_O = "mach-o"
    ELF = "elf"
    PE = "pe"


class ImageKind(enum.StrEnum):
    """What an image is for, as far as its header says."""

    EXECUTABLE = "executable"
    LIBRARY = "library"
    OBJECT = "object"
    SYMBOLS = "symbols"
    """Debug information of another image: a dSYM companion."""
    OTHER = "other"


class Image(NamedTuple):
    """What a file announces itself to be."""

    format: ImageFormat
    architectures: tuple[str, ...]
    """In file order; several only in a universal Mach-O."""
    kind: ImageKind = ImageKind.OTHER


_MACHO_KINDS: Final = {
    MH_OBJECT: ImageKind.OBJECT,
    MH_EXECUTE: ImageKind.EXECUTABLE,
    MH_DYLIB: ImageKind.LIBRARY,
    MH_BUNDLE: ImageKind.LIBRARY,
    MH_DSYM: ImageKind.SYMBOLS,
}

_LITTLE, _BIG = 1, 2
_ELF_MACHINES: Final = {
    (3, 32, _LITTLE): "i386",
    (8, 32, _BIG): "mips",
    (8, 32, _LITTLE): "mipsel",
    (8, 64, _BIG): "mips64",
    (8, 64, _LITTLE): "mips64el",
    (20, 32, _BIG): "powerpc",
    (21, 64, _BIG): "powerpc64",
    (21, 64, _LITTLE): "powerpc64le",
    (22, 64, _BIG): "s390x",
    (40, 32, _LITTLE): "arm",
    (40, 32, _BIG): "armeb",
    (62, 32, _LITTLE): "x32",
    (62, 64, _LITTLE): "x86_64",
    (183, 64, _LITTLE): "aarch64",
    (183, 64, _BIG): "aarch64_be",
    (243, 32, _LITTLE): "riscv32",
    (243, 64, _LITTLE): "riscv64",
    (258, 64, _LITTLE): "loongarch64",
}
"""By e_machine, word size and byte order: one number alone does not name an architecture."""

_ET_REL, _ET_EXEC, _ET_DYN = 1, 2, 3
_PT_INTERP = 3

_PE_MACHINES: Final = {0x14C: "i386", 0x1C4: "arm", 0x8664: "x86_64", 0xAA64: "aarch64"}
_PE_LIBRARY = 0x2000


def identify(data: bytes | memoryview) -> Image | None:
    """Tell what ``data``, a whole file or its first 4 KiB, is; None when it is no image.

    Never raises. Java classes and static archives are no images; relocatable objects are. A
    header that is cut short makes a file no image. The kind of a universal file is that of its
    first slice, which takes more than 4 KiB to see and is ``other`` otherwise.
    """
    view = memoryview(data)
    try:
        if starts_thin(view) or starts_fat(view) or starts_fat64(view):
            return _identify_macho(view)
        if bytes(view[:4]) == b"\x7fELF":
            return _identify_elf(view)
        if bytes(view[:2]) == b"MZ":
            return _identify_pe(view)
    except (FormatError, struct.error):
        return None
    return None


def _identify_macho(view: memoryview) -> Image:
    if starts_fat64(view):
        return Image(format=ImageFormat.MACH_O, architectures=_fat64_architectures(view))
    if starts_fat(view):
        archs = parse_fat(view)
        first = view[archs[0].offset :]
        kind = _macho_kind(first) if starts_thin(first) else ImageKind.OTHER
        names = tuple(arch.name for arch in archs)
        return Image(format=ImageFormat.MACH_O, architectures=names, kind=kind)
    header = parse_header(view)
    name = architecture_name(header.cputype, header.cpusubtype)
    return Image(format=ImageFormat.MACH_O, architectures=(name,), kind=_macho_kind(view))


def _macho_kind(thin: memoryview) -> ImageKind:
    return _MACHO_KINDS.get(parse_header(thin).filetype, ImageKind.OTHER)


def _fat64_architectures(view: memoryview) -> tuple[str, ...]:
    (count,) = struct.unpack_from(">I", view, 4)
    entries = struct.Struct(">2I2Q2I")
    whole = min(count, (len(view) - 8) // entries.size)
    table = entries.iter_unpack(view[8 : 8 + whole * entries.size])
    return tuple(architecture_name(cputype, subtype) for cputype, subtype, *_ in table)


def _identify_elf(view: memoryview) -> Image | None:
    word, endian = struct.unpack_from("4x2B", view)
    bits, order = {1: 32, 2: 64}.get(word), {_LITTLE: "<", _BIG: ">"}.get(endian)
    if bits is None or order is None:
        return None
    kind, machine = struct.unpack_from(order + "2H", view, 16)
    name = _ELF_MACHINES.get((machine, bits, endian), f"machine-{machine}")
    return Image(
        format=ImageFormat.ELF, architectures=(name,), kind=_elf_kind(view, kind, order, bits)
    )


def _elf_kind(view: memoryview, kind: int, order: str, bits: int) -> ImageKind:
    """Tell programs from libraries: a position-independent program asks for an interpreter."""
    if kind == _ET_REL:
        return ImageKind.OBJECT
    if kind not in (_ET_EXEC, _ET_DYN):
        return ImageKind.OTHER
    if kind == _ET_EXEC or _PT_INTERP in _program_headers(view, order, bits):
        return ImageKind.EXECUTABLE
    return ImageKind.LIBRARY


def _program_headers(view: memoryview, order: str, bits: int) -> set[int]:
    """Give the types of the program headers that ``view`` reaches."""
    layout = order + ("28xI10x2H" if bits == 32 else "32xQ14x2H")
    start, size, count = struct.unpack_from(layout, view)
    reached = range(start, min(start + size * count, len(view) - 3), size or 1)
    return {struct.unpack_from(order + "I", view, at)[0] for at in reached}


def _identify_pe(view: memoryview) -> Image | None:
    (start,) = struct.unpack_from("<I", view, 0x3C)
    signature, machine, flags = struct.unpack_from("<4sH16xH", view, start)
    if signature != b"PE\0\0":
        return None
    kind = ImageKind.LIBRARY if flags & _PE_LIBRARY else ImageKind.EXECUTABLE
    name = _PE_MACHINES.get(machine, f"machine-{machine:#x}")
    return Image(format=ImageFormat.PE, architectures=(name,), kind=kind)
