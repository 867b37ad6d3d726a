"""The code directory: the rules of rulebook/directory.py."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Final

from kit.bases import INTEL, LIBRARY, PROGRAM, Files, directories, fields, put, signed_with
from kit.image import READ, RUN, SEGMENT_64, SYMTAB, Image
from kit.signature import ADHOC, RUNTIME, SHA1, SHA256, SHA256_TRUNCATED, SHA384, Directory, Seal

__all__ = ["FILES"]

STROFF, STRSIZE = 16, 20
"""Offsets in an LC_SYMTAB."""

BEYOND: Final = 0x10000
"""An offset that no directory here reaches."""


def _changed_code() -> bytes:
    """Change a byte of the code: the program returns 1."""
    data = PROGRAM.build()
    at = data.index(PROGRAM.cpu.success)
    return put(data, at, "<I", 0x52800020)  # mov w0, #1


def _smallest() -> bytes:
    """Sign with the oldest version and hash, so that the directory has fewer than 112 bytes."""
    directory = Directory(version=0x20001, hash_type=SHA1, page_size=0x4000, identifier="a")
    return replace(PROGRAM, seal=Seal(directories=(directory,), blobs=())).build()


def _page_short(image: Image) -> bytes:
    """Sign all but the last page of __LINKEDIT."""
    return signed_with(replace(image, symbols=bytes(0x1000)), limit_change=-0x1000).build()


def _without_linkedit() -> bytes:
    """Let __TEXT reach to the signature, and a string table to the end of the file.

    Without a __LINKEDIT it is the string table that tells codesign where the file ends.
    """
    image = replace(PROGRAM, linkedit=False, text_end=PROGRAM.limit)
    strings = image.limit - 16
    image = image.edited(SYMTAB, STROFF, "I", strings)
    return image.edited(SYMTAB, STRSIZE, "I", len(image.build()) - strings).build()


def _unhashed_code() -> bytes:
    """Sign three of the four pages of __TEXT; the code is in the fourth."""
    image = replace(PROGRAM, room=0x3C00)
    return signed_with(image, limit_change=0x3000 - image.limit).build()


def _code_beside(size: int) -> bytes:
    """Let the signature share 16 KiB with the code, behind ``size`` bytes of other contents."""
    image = replace(PROGRAM, page=0x1000, text_pages=2, linkedit=False)
    image = replace(image, symbols=bytes(0x2000 + size - image.limit + len(image.symbols)))
    assert image.limit == 0x2000 + size
    start, end = 0x8000, 0x8010
    image = image.edited(SYMTAB, STROFF, "I", start).edited(SYMTAB, STRSIZE, "I", end - start)
    return image.build().ljust(end, b"\0")


def _code_behind() -> bytes:
    """Let a segment of code follow the signature, and a string table end the file.

    Without a __LINKEDIT it is the string table that tells codesign where the file ends.
    """
    start, size = 0x8000, 0x4000
    fields = (b"__BEHIND", 0x200000000, size, start, size, READ | RUN, READ | RUN, 0, 0)
    command = struct.pack("<2I16s4Q4I", SEGMENT_64, 72, *fields)
    image = replace(PROGRAM, linkedit=False, commands=(command,))
    image = image.edited(SYMTAB, STROFF, "I", start).edited(SYMTAB, STRSIZE, "I", size)
    return image.build().ljust(start + size, b"\0")


def _two(**second: object) -> Image:
    """Sign with SHA-1 and, differently in some way, with SHA-256."""
    first = Directory(hash_type=SHA1)
    return directories(PROGRAM, first, replace(Directory(), **second))  # type: ignore[arg-type]


def _two_limits() -> bytes:
    """Let the weaker directory, whose hashes are right, claim another limit on the last page."""
    weaker = Directory(hash_type=SHA1, fields={"code_limit": PROGRAM.limit - 16})
    return directories(PROGRAM, weaker, Directory()).build()


def _linked(size: int) -> Image:
    """Give a program a linkage hash of ``size`` bytes, which begins with the directory."""
    linkage = {"linkage_type": SHA256, "linkage_offset": 0, "linkage_size": size}
    return signed_with(PROGRAM, version=0x20600, fields=linkage)


PAGES: Final = -(-PROGRAM.limit // 0x1000)
HARDENED: Final = {"version": 0x20500, "flags": ADHOC | RUNTIME}

FILES: Final[Files] = {
    "R19-pass": replace(PROGRAM, room=0x3C00).build,
    "R19-fail": _unhashed_code,
    "R19-fail-behind": _code_behind,
    "R19-fail-beside": lambda: _code_beside(0x1000),
    "R19-fail-scatter": signed_with(PROGRAM, scatter=()).build,
    "R19-fail-moved": signed_with(PROGRAM, scatter=((PAGES, 1),)).build,
    "R27-pass": PROGRAM.build,
    "R27-fail": _changed_code,
    "R30-pass": signed_with(PROGRAM, version=0x2F000).build,
    "R30-fail": signed_with(PROGRAM, version=0x2F001).build,
    "R30-fail-small": _smallest,
    "R31-pass": signed_with(PROGRAM, hash_type=SHA384).build,
    "R31-pass-truncated": signed_with(PROGRAM, hash_type=SHA256_TRUNCATED).build,
    "R31-fail": fields(PROGRAM, hash_type=5).build,
    "R32-pass": signed_with(PROGRAM, page_size=0x4000).build,
    "R32-fail": signed_with(replace(INTEL, text_pages=4), page_size=0x4000).build,
    "R33-pass": PROGRAM.build,
    "R33-fail": signed_with(PROGRAM, limit_change=-16).build,
    "R33-fail-page": lambda: _page_short(PROGRAM),
    "R33-fail-page.dylib": lambda: _page_short(LIBRARY),
    "R33-fail-nothing": signed_with(PROGRAM, limit_change=-PROGRAM.limit).build,
    "R35-pass": fields(PROGRAM, code_limit_64=PROGRAM.limit).build,
    "R35-fail": fields(PROGRAM, code_limit=0, code_limit_64=PROGRAM.limit).build,
    "R36-pass": PROGRAM.build,
    "R36-fail": fields(PROGRAM, ident_offset=BEYOND).build,
    "R37-pass": PROGRAM.build,
    "R37-fail": fields(PROGRAM, team_offset=BEYOND).build,
    "R38-pass": PROGRAM.build,
    "R38-fail": fields(PROGRAM, hash_offset=BEYOND).build,
    "R38-fail-scatter": fields(PROGRAM, scatter_offset=BEYOND).build,
    "R38-fail-encrypted": signed_with(
        PROGRAM, version=0x20500, fields={"pre_encrypt": BEYOND}
    ).build,
    "R39-pass": PROGRAM.build,
    "R39-fail": fields(PROGRAM, code_count=4).build,
    "R40-pass": PROGRAM.build,
    "R40-fail": _without_linkedit,
    "R40-fail-beside": lambda: _code_beside(0x100),
    "R44-pass": signed_with(PROGRAM, flags=0x2 | 0x200).build,
    "R44-fail": signed_with(PROGRAM, flags=0x2 | 0x80000000).build,
    "R46-pass": signed_with(PROGRAM, **HARDENED, runtime=0x1A0000).build,
    "R46-fail": signed_with(PROGRAM, **HARDENED).build,
    "R47-pass": LIBRARY.build,
    "R47-fail": fields(PROGRAM, exec_flags=0).build,
    "R48-pass": _two().build,
    "R48-fail": _two(identifier="other").build,
    "R48-fail-limit": _two_limits,
    "R48-fail-slots": _two(special_count=5).build,
    "R51-pass": PROGRAM.build,
    "R51-fail": signed_with(PROGRAM, scatter=((PAGES, 0),)).build,
    "R52-pass": _linked(20).build,
    "R52-fail": _linked(BEYOND).build,
    "R53-pass": PROGRAM.build,
    "R53-fail": fields(PROGRAM, platform=1).build,
    "R64-pass": PROGRAM.build,
    "R64-fail": signed_with(PROGRAM, padded=True).build,
    "P5-pass": PROGRAM.build,
    "P5-fail": signed_with(PROGRAM, identifier="").build,
}
