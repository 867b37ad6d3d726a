"""What was put behind an image, by the marks that packers leave.

Packers that make a program of a script append their data to an interpreter; macOS has no place for
such data behind a signature. Marks: bun's StandaloneModuleGraph, deno's ``MAGIC_BYTES``,
PyInstaller's ``MAGIC`` in archive/writers.py, and the end of a zip's directory (APPNOTE.TXT).
"""

from __future__ import annotations

from typing import Final

from countersign.window import Window
from countersign.zeros import first_nonzero

__all__ = ["name_payload"]

REACH: Final = 1 << 16
"""Bytes at the end in which marks are looked for."""
_OLD_SIGNATURE: Final = bytes.fromhex("fade0cc0")
_MARKS: Final = (
    (b"---- Bun! ----", "the script of bun build --compile"),
    (b"d3n0l4nd", "the script of deno compile"),
    (b"MEI\x0c\x0b\n\x0b\x0e", "the archive of PyInstaller"),
    (b"PK\x05\x06", "a zip archive"),
)


def name_payload(tail: Window) -> str:
    """Name what stands in ``tail``, everything behind an image."""
    end = bytes(tail[-REACH:])
    if bytes(tail[:4]) == _OLD_SIGNATURE:
        return "the rest of an older signature"
    for mark, name in _MARKS:
        if mark in end:
            return name
    if first_nonzero(tail) is None:
        return "zeros"
    return "data that is not known here"
