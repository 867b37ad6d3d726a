"""What the kernel and dyld demand of any image: the rules of rulebook/loading.py."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Final

from kit.bases import INTEL, LIBRARY, PROGRAM, Files
from kit.image import DYLD_LINK, PIE, RPATH, TWO_LEVEL, Image, Segment

__all__ = ["FILES"]

VMADDR, INITPROT = 24, 60
"""Offsets in an LC_SEGMENT_64."""

FIRST_SECTION, SIZE = 72, 40
"""Where the first section begins, and the offset of its size."""

READ_ONLY: Final = 0x10
"""SG_READ_ONLY: the segment is written once, by dyld."""

FUNCTION_STARTS: Final = 0x26


def _starts(size: int) -> bytes:
    """Write an empty LC_FUNCTION_STARTS of ``size`` bytes, where 16 are right."""
    return struct.pack("<4I", FUNCTION_STARTS, size, 0, 0).ljust(size, b"\0")


def _path(text: str) -> bytes:
    """Write a search path, with a zero behind it if there is room in 20 bytes."""
    return struct.pack("<3I20s", RPATH, 32, 12, text.encode())


def _sealed(*names: str) -> Image:
    return replace(PROGRAM, segments=tuple(Segment(each, b"data", 3, READ_ONLY) for each in names))


def _constant(flags: int) -> Image:
    return replace(PROGRAM, segments=(Segment("__DATA_CONST", b"data", flags=flags),))


def _two(first: str, second: str) -> Image:
    return replace(PROGRAM, segments=(Segment(first, b"data"), Segment(second, b"more")))


def _swapped(program: Image = PROGRAM) -> bytes:
    """Let the second of two segments have the addresses before the first's."""
    image = replace(program, segments=_two("__DATA", "__MORE").segments)
    text, page = 1 << 32, image.alignment
    image = image.edited("__DATA", VMADDR, "Q", text + 2 * page)
    return image.edited("__MORE", VMADDR, "Q", text + page).build()


CATALYST: Final = struct.pack("<6I", 0x32, 24, 6, 14 << 16, 26 << 16, 0)
"""An LC_BUILD_VERSION for Mac Catalyst, as libraries have for both platforms."""

SECOND_UUID: Final = struct.pack("<2I16s", 0x1B, 24, bytes(range(16)))
NARROW: Final = struct.pack("<2I16s8I", 0x1, 56, b"__NARROW", *[0] * 8)
"""An LC_SEGMENT of nothing."""

STATIC: Final = replace(INTEL, flags=1, entry="thread", dylinker=None, libraries=())

FILES: Final[Files] = {
    "K1-pass": PROGRAM.build,
    "K1-fail": replace(PROGRAM, dylinker="/usr/lib/other").build,
    "K1-fail-none": replace(PROGRAM, dylinker=None).build,
    "K2-pass": replace(PROGRAM, flags=PIE | DYLD_LINK).build,
    "K2-fail": replace(PROGRAM, flags=DYLD_LINK | TWO_LEVEL).build,
    "K3-pass": PROGRAM.build,
    "K3-fail": replace(PROGRAM, pagezero=0x4000).build,
    "K4-pass": PROGRAM.build,
    "K4-fail": replace(PROGRAM, sdk=(10, 14)).edited("__TEXT", INITPROT, "I", 1).build,
    "K5-pass": STATIC.build,
    "K5-fail": replace(PROGRAM, flags=PIE | TWO_LEVEL).build,
    "K6-pass": _sealed("__DATA_CONST").build,
    "K6-fail": _sealed("__DATA_CONST", "__MORE_CONST").build,
    "K7-pass": replace(PROGRAM, sdk=(15, 5), uuid=False).build,
    "K7-fail": replace(PROGRAM, uuid=False).build,
    "K7-fail.dylib": replace(LIBRARY, sdk=(12, 0), uuid=False).build,
    "K10-pass": _constant(READ_ONLY).build,
    "K10-fail": _constant(0).build,
    "K12-pass.dylib": LIBRARY.build,
    "K12-fail.dylib": LIBRARY.edited("__LINKEDIT", VMADDR, "Q", 0x1000).build,
    "K12-fail": PROGRAM.edited("__LINKEDIT", VMADDR, "Q", (1 << 32) + 0x1000).build,
    "K13-pass": replace(PROGRAM, commands=(_starts(16),)).build,
    "K13-fail": replace(PROGRAM, commands=(_starts(24),)).build,
    "K14-pass": replace(PROGRAM, entry="thread").build,
    "K14-fail": replace(PROGRAM, entry=None).build,
    "K15-pass": PROGRAM.build,
    "K15-fail": replace(PROGRAM, page=0x1000).build,
    "K16-pass.dylib": LIBRARY.build,
    "K16-fail.dylib": replace(LIBRARY, install_name=None).build,
    "K17-pass": replace(PROGRAM, sdk=(15, 3), libraries=()).build,
    "K17-fail": replace(PROGRAM, libraries=()).build,
    "K18-pass": replace(PROGRAM, commands=(_path("/usr/lib"), _path("/lib"))).build,
    "K18-fail": replace(PROGRAM, libraries=PROGRAM.libraries * 2).build,
    "K18-fail-path": replace(PROGRAM, commands=(_path("/usr/lib"),) * 2).build,
    "K19-pass": _two("__DATA", "__MORE").build,
    "K19-fail": replace(PROGRAM, segments=(Segment("__DATA", b"data", 1),)).build,
    "K20-pass": _two("__DATA", "__MORE").build,
    "K20-pass-fixed": lambda: _swapped(replace(INTEL, flags=DYLD_LINK | TWO_LEVEL)),
    "K20-fail": _two("__DATA", "__DATA").build,
    "K20-fail-order": _swapped,
    "K21-pass.dylib": replace(LIBRARY, commands=(CATALYST,)).build,
    "K21-fail": replace(PROGRAM, commands=(CATALYST,)).build,
    "K22-pass": PROGRAM.build,
    "K22-fail": replace(PROGRAM, commands=(SECOND_UUID,)).build,
    "K23-pass.dylib": LIBRARY.build,
    "K23-fail.dylib": LIBRARY.edited("__LINKEDIT", VMADDR, "Q", (1 << 64) - 0x1000).build,
    "K24-pass.dylib": LIBRARY.build,
    "K24-fail.dylib": LIBRARY.edited("__TEXT", 8, "Q", int.from_bytes(b"__CODE", "little")).build,
    "K25-pass": PROGRAM.build,
    "K25-fail": replace(PROGRAM, commands=(NARROW,)).build,
    "K26-pass": PROGRAM.build,
    "K26-fail": replace(PROGRAM, arch="arm64 swapped").build,
    "K27-pass": replace(PROGRAM, commands=(_path("/usr/lib"),)).build,
    "K27-fail": replace(PROGRAM, commands=(_path("/usr/lib/kit/kit/kit"),)).build,
    "K28-pass": replace(PROGRAM, commands=(struct.pack("<2I", 0x7FFF, 8),)).build,
    "K28-fail": replace(PROGRAM, commands=(struct.pack("<2I", 0x80007FFF, 8),)).build,
    "K29-pass": PROGRAM.build,
    "K29-fail": PROGRAM.edited("__TEXT", FIRST_SECTION + SIZE, "Q", 0x4000).build,
    "K30-pass": replace(PROGRAM, commands=(_starts(16),)).build,
    "K30-fail": replace(PROGRAM, commands=(_starts(16),) * 2).build,
}
