"""The code directory: the rules of rulebook/directory.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kit.bases import INTEL, LIBRARY, PROGRAM, Files, fields, put, signed_with
from kit.image import Image
from kit.signature import SHA1, SHA256_TRUNCATED, SHA384, Directory, Seal

__all__ = ["FILES"]

INITPROT: Final = 60
"""Offset in an LC_SEGMENT_64."""

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


def _executable_linkedit(hole: int) -> bytes:
    """Let __LINKEDIT be executable, as dyld lets programs of old SDKs have it."""
    image = replace(PROGRAM, sdk=(15, 0), hole=hole)
    return image.edited("__LINKEDIT", INITPROT, "I", 5).build()


FILES: Final[Files] = {
    "R27-pass": PROGRAM.build,
    "R27-fail": _changed_code,
    "R30-pass": signed_with(PROGRAM, version=0x2F000).build,
    "R30-fail": signed_with(PROGRAM, version=0x2F001).build,
    "R30-fail-small": _smallest,
    "R31-pass": signed_with(PROGRAM, hash_type=SHA384).build,
    "R31-pass-truncated": signed_with(PROGRAM, hash_type=SHA256_TRUNCATED).build,
    "R31-fail": fields(PROGRAM, hash_type=5).build,
    "R32-pass": signed_with(PROGRAM, page_size=0x4000).build,
    "R32-fail": signed_with(INTEL, page_size=0x4000).build,
    "R33-pass": PROGRAM.build,
    "R33-fail": signed_with(PROGRAM, limit_change=-16).build,
    "R33-fail-page": lambda: _page_short(PROGRAM),
    "R33-fail-page.dylib": lambda: _page_short(LIBRARY),
    "R33-fail-nothing": signed_with(PROGRAM, limit_change=-PROGRAM.limit).build,
    "R36-pass": PROGRAM.build,
    "R36-fail": fields(PROGRAM, ident_offset=BEYOND).build,
    "R37-pass": PROGRAM.build,
    "R37-fail": fields(PROGRAM, team_offset=BEYOND).build,
    "R38-pass": PROGRAM.build,
    "R38-fail": fields(PROGRAM, hash_offset=BEYOND).build,
    "R39-pass": PROGRAM.build,
    "R39-fail": fields(PROGRAM, code_count=4).build,
    "R40-pass": lambda: _executable_linkedit(0x1000 - PROGRAM.limit % 0x1000),
    "R40-fail": lambda: _executable_linkedit(0),
    "R44-pass": signed_with(PROGRAM, flags=0x2 | 0x200).build,
    "R44-fail": signed_with(PROGRAM, flags=0x2 | 0x80000000).build,
}
