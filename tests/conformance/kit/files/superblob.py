"""The index of a signature: the rules of rulebook/superblob.py."""

from __future__ import annotations

from typing import Final

from kit.bases import PROGRAM, Files, directories, put, resealed, signed_with
from kit.image import Image
from kit.signature import (
    CMS,
    EMPTY_CMS,
    EMPTY_REQUIREMENTS,
    ENTITLEMENTS,
    REQUIREMENTS,
    SHA1,
    SHA256,
    Directory,
    blob,
)

__all__ = ["FILES"]

START: Final = PROGRAM.limit
"""Where the superblob of :data:`PROGRAM` is; its index of three entries begins at 12."""
PROGRAM_END: Final = START + int.from_bytes(PROGRAM.build()[START + 4 : START + 8])
XML: Final = blob(0xFADE7171, b"<plist><dict/></plist>")
BLOBS: Final = ((REQUIREMENTS, EMPTY_REQUIREMENTS), (CMS, EMPTY_CMS))


def _index(offset: int, value: int) -> bytes:
    return put(PROGRAM.build(), START + offset, ">I", value)


def _bare() -> bytes:
    """Put a code directory where a superblob should be."""
    data = PROGRAM.build()
    signature = data[START:]
    at, length = (int.from_bytes(signature[where : where + 4]) for where in (16, 40))
    return data[:START] + signature[at : at + length].ljust(len(signature), b"\0")


def _inside_the_index() -> bytes:
    """Let an entry point into the index itself, where the count of 3 passes for a length."""
    data = resealed(PROGRAM, blobs=BLOBS[:1], gap=8).build()
    return put(put(data, START + 8, ">I", 3), START + 28, ">2I", 0x10001, 4)


def _full() -> bytes:
    """Leave no byte behind the superblob."""
    return resealed(PROGRAM, align=1).build()


def _two(*types: int) -> Image:
    return directories(PROGRAM, *(Directory(hash_type=each) for each in types))


def _entitled(*blobs: tuple[int, bytes]) -> bytes:
    return resealed(PROGRAM, blobs=(*BLOBS, *blobs)).build()


FILES: Final[Files] = {
    "R22-pass": PROGRAM.build,
    "R22-fail": lambda: _index(0, 0xFADE0CC1),
    "R22-fail-bare": _bare,
    "R23-pass": _full,
    "R23-fail": lambda: put(_full(), START + 4, ">I", len(_full()) - START + 1),
    "R23-fail-index": lambda: _index(8, 0x1000),
    "R24-pass": PROGRAM.build,
    "R24-fail": lambda: _index(16, 0x10000),
    "R24-fail-index": _inside_the_index,
    "R25-pass": PROGRAM.build,
    "R25-fail": resealed(PROGRAM, gap=4).build,
    "R25-fail-nowhere": lambda: _index(32, 0),
    "R25-fail-short": lambda: put(PROGRAM.build(), PROGRAM_END - 4, ">I", 0),
    "R26-pass": lambda: _entitled((ENTITLEMENTS, XML)),
    "R26-fail": lambda: _entitled((ENTITLEMENTS, blob(0xFADE7173, XML[8:]))),
    "R26-fail-twice": lambda: _entitled((ENTITLEMENTS, XML), (ENTITLEMENTS, XML)),
    "R28-pass": _two(SHA1, SHA256).build,
    "R28-fail": resealed(PROGRAM, slots=(0x1000,)).build,
    "R29-pass": _two(SHA1, SHA256).build,
    "R29-fail": _two(SHA256, SHA256).build,
    "R34-pass": PROGRAM.build,
    "R34-fail": resealed(PROGRAM, rest=b"left over").build,
    "P4-pass": _two(SHA1, SHA256).build,
    "P4-fail": resealed(_two(SHA1, SHA256), slots=(0, 0x1001)).build,
    "P6-pass": PROGRAM.build,
    "P6-fail": resealed(PROGRAM, blobs=(*BLOBS, (0x10001, EMPTY_CMS))).build,
    "P6-fail-magic": resealed(PROGRAM, blobs=(BLOBS[0], (CMS, blob(0xFADE0B02)))).build,
    "P6-fail-unsealed": signed_with(PROGRAM, unsealed=(REQUIREMENTS,)).build,
    "P6-fail-twice": resealed(PROGRAM, blobs=(*BLOBS, BLOBS[0])).build,
}
