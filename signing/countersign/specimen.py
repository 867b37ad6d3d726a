"""A specimen: a Mach-O image of any wished size, to try and to measure signing on.

It is a thin arm64 program for macOS as a linker leaves it, but unsigned. Its code is noise, so no
file system can compress it or store parts of it only once; the same size always gives the same
bytes. Format: ``mach-o/loader.h``.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import Final

from countersign.macho.cpu import ARM64
from countersign.macho.header import MH_DYLDLINK, MH_EXECUTE, MH_PIE
from countersign.rounding import round_up

__all__ = ["SPECIMEN_SIZES", "specimen"]

SPECIMEN_SIZES: Final = range(0x8000, 0xF0000000)
"""The sizes in bytes that can be had; a signature still fits behind the largest."""

_PAGE: Final = 0x4000
_CODE_AT: Final = 0x1000
"""Where the code starts; before it is room for more load commands."""
_BASE: Final = 0x100000000
"""Where the image is loaded, behind __PAGEZERO."""
_BLOCK: Final = 1 << 20
_NOUNDEFS, _TWOLEVEL = 0x1, 0x80
_READ, _READ_EXECUTE = 1, 5
_MACOS, _VERSION_14 = 1, 14 << 16


def specimen(size: int) -> Iterator[bytes]:
    """Make an image of exactly ``size`` bytes, in pieces of at most 1 MiB.

    Raises :class:`ValueError` for a size that is not in :data:`SPECIMEN_SIZES`.
    """
    if size not in SPECIMEN_SIZES:
        raise ValueError(f"no image of {size} bytes can be made")
    text_size = (size - 1) // _PAGE * _PAGE
    yield _head(text_size, size - text_size)
    for number, at in enumerate(range(_CODE_AT, text_size, _BLOCK)):
        yield hashlib.shake_128(number.to_bytes(4)).digest(min(_BLOCK, text_size - at))
    yield bytes(size - text_size)


def _head(text_size: int, linkedit_size: int) -> bytes:
    """Return the header and the load commands of the image, and the room behind them."""
    commands = _commands(text_size, linkedit_size)
    flags = MH_PIE | MH_DYLDLINK | _NOUNDEFS | _TWOLEVEL
    counts = (len(commands), sum(map(len, commands)))
    header = struct.pack("<8I", 0xFEEDFACF, ARM64, 0, MH_EXECUTE, *counts, flags, 0)
    return (header + b"".join(commands)).ljust(_CODE_AT, b"\0")


def _commands(text_size: int, linkedit_size: int) -> tuple[bytes, ...]:
    linkedit_memory = round_up(linkedit_size, _PAGE)
    strings = (text_size, linkedit_size)
    return (
        _segment("__PAGEZERO", (0, _BASE), (0, 0), 0),
        _segment("__TEXT", (_BASE, text_size), (0, text_size), _READ_EXECUTE, _code(text_size)),
        _segment("__LINKEDIT", (_BASE + text_size, linkedit_memory), strings, _READ),
        struct.pack("<6I", 0x2, 24, text_size, 0, *strings),  # LC_SYMTAB: strings, no symbols
        struct.pack("<20I", 0xB, 80, *[0] * 18),  # LC_DYSYMTAB
        _named(0xE, 12, "/usr/lib/dyld", ()),  # LC_LOAD_DYLINKER
        struct.pack("<2I16s", 0x1B, 24, hashlib.shake_128(b"uuid").digest(16)),  # LC_UUID
        struct.pack("<6I", 0x32, 24, _MACOS, _VERSION_14, _VERSION_14, 0),  # LC_BUILD_VERSION
        struct.pack("<2I2Q", 0x80000028, 24, _CODE_AT, 0),  # LC_MAIN
        _named(0xC, 24, "/usr/lib/libSystem.B.dylib", (2, 1 << 16, 1 << 16)),  # LC_LOAD_DYLIB
    )


def _segment(
    name: str, memory: tuple[int, int], file: tuple[int, int], protection: int, section: bytes = b""
) -> bytes:
    """Return an LC_SEGMENT_64; ``memory`` and ``file`` are address or offset, and size."""
    fields = (*memory, *file, protection, protection, bool(section), 0)
    return struct.pack("<2I16s4Q4I", 0x19, 72 + len(section), name.encode(), *fields) + section


def _code(text_size: int) -> bytes:
    """Return the section ``__text``, of nothing but instructions."""
    place = (_BASE + _CODE_AT, text_size - _CODE_AT, _CODE_AT)
    return struct.pack("<16s16s2Q8I", b"__text", b"__TEXT", *place, 2, 0, 0, 0x80000400, 0, 0, 0)


def _named(kind: int, name_at: int, name: str, numbers: tuple[int, ...]) -> bytes:
    """Return a load command that names a file, ``name_at`` bytes from its start."""
    size = -(-(name_at + len(name) + 1) // 8) * 8
    fixed = struct.pack(f"<{3 + len(numbers)}I", kind, size, name_at, *numbers)
    return (fixed + name.encode()).ljust(size, b"\0")
