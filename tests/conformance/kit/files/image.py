"""The image around the signature: the rules of rulebook/image.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kit.bases import LIBRARY, PROGRAM, Files, resealed
from kit.image import CODE_SIGNATURE, DSYM, KEXT, SYMTAB, Image, Segment

__all__ = ["FILES"]

VMSIZE, FILEOFF, FILESIZE, DATASIZE, STRSIZE = 32, 40, 48, 12, 20
"""Offsets in LC_SEGMENT_64, LC_CODE_SIGNATURE and LC_SYMTAB."""

LARGEST: Final = 40 << 20
"""Bytes of the largest signature of a library: F_ADDFILESIGS_RETURN in xnu's kern_descrip.c."""


def _room(image: Image, size: int) -> bytes:
    """Give the signature ``size`` bytes, a multiple of 16."""
    return resealed(image, align=size).build()


def _claimed(image: Image, more: int) -> bytes:
    """Let LC_CODE_SIGNATURE claim ``more`` bytes than there are."""
    size = len(image.build()) - image.limit
    return image.edited(CODE_SIGNATURE, DATASIZE, "I", size + more).build()


def _data(offset: int) -> bytes:
    """Begin a segment ``offset`` bytes into its page."""
    image = replace(PROGRAM, segments=(Segment("__DATA", b"data"),))
    start, size = image.text_size, image.cpu.page
    image = image.edited("__DATA", FILEOFF, "Q", start + offset)
    return image.edited("__DATA", FILESIZE, "Q", size - offset).build()


def _beyond(image: Image) -> bytes:
    """Let the contents of a segment be behind the end of the file."""
    image = replace(image, segments=(Segment("__DATA", b"data"),))
    return image.edited("__DATA", FILEOFF, "Q", 1 << 20).build()


FILES: Final[Files] = {
    "R10-pass": PROGRAM.build,
    "R10-fail": replace(PROGRAM, rest=b"payload").build,
    "R11-pass": PROGRAM.build,
    "R11-fail": replace(PROGRAM, signature_size=24).build,
    "R11-fail-two": replace(PROGRAM, signatures=2).build,
    "R12-pass": PROGRAM.build,
    "R12-fail": lambda: _claimed(PROGRAM, 16),
    "R13-pass": PROGRAM.build,
    "R13-fail": Image(arch="x86_64", room=12).build,
    "R14-pass": PROGRAM.build,
    "R14-fail": replace(PROGRAM, hole=4).build,
    "R15-pass": PROGRAM.build,
    "R15-fail": PROGRAM.edited(SYMTAB, STRSIZE, "I", 32).build,
    "R16-pass": PROGRAM.build,
    "R16-fail": lambda: _claimed(resealed(PROGRAM, spare=16), -16),
    "R16-fail-longer.dylib": lambda: _claimed(LIBRARY, 16),
    "R17-pass.dylib": LIBRARY.build,
    "R17-fail.dylib": LIBRARY.edited("__LINKEDIT", VMSIZE, "Q", 16).build,
    "R18-pass": lambda: _data(0),
    "R18-fail": lambda: _data(16),
    "R18-fail-beyond": lambda: _beyond(PROGRAM),
    "R18-fail-beyond.dylib": lambda: _beyond(LIBRARY),
    "R20-pass": replace(PROGRAM, filetype=KEXT).build,
    "R20-fail": Image(filetype=DSYM).build,
    "R21-pass.dylib": lambda: _room(LIBRARY, LARGEST),
    "R21-fail.dylib": lambda: _room(LIBRARY, LARGEST + 16),
    "A1-pass": PROGRAM.build,
    "A1-fail": Image().build,
    "A1-fail-intel": Image(arch="x86_64").build,
}
