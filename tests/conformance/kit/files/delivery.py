"""How images travel, as small archives, and what is demanded of them: rulebook/delivery.py."""

from __future__ import annotations

import struct
from typing import Final

from kit.bases import PROGRAM, Files, signed_with
from kit.image import Image
from kit.signature import ADHOC, LINKER_SIGNED
from kit.tree import tar

__all__ = ["FILES"]

NAME: Final = "program"
"""The image in each archive."""

XZ: Final = bytes.fromhex("fd377a585a0000")
"""How a compressed file of xz begins."""


def apple_double(fork: bytes) -> bytes:
    """Write the file that macOS makes of a resource fork where none can be kept.

    Format: "AppleSingle/AppleDouble Formats for Foreign Files", with the entries that macOS writes:
    32 bytes of Finder information, and the fork.
    """
    head = struct.pack(">2I16sH", 0x00051607, 0x00020000, b"Mac OS X        ", 2)
    start = len(head) + 24
    entries = struct.pack(">6I", 9, start, 32, 2, start + 32, len(fork))
    return head + entries + bytes(32) + fork


def _with(**others: bytes) -> bytes:
    return tar({NAME: PROGRAM.build(), **others})


FILES: Final[Files] = {
    "R60-pass.tar": _with,
    "R60-fail.tar": lambda: _with(**{"._program": apple_double(b"icon")}),
    "P9-pass.tar": _with,
    "P9-fail.tar": lambda: _with(**{"._text": apple_double(b"icon"), "text": b"text"}),
    "N9-pass.tar": lambda: tar({"inner.tar": _with()}),
    "N9-fail.tar": lambda: _with(**{"text.xz": XZ.ljust(64, b"\0")}),
    "Q1-pass": PROGRAM.build,
    "Q1-fail": Image(arch="x86_64").build,
    "Q2-pass": PROGRAM.build,
    "Q2-fail": signed_with(PROGRAM, flags=ADHOC | LINKER_SIGNED).build,
    "Q3-pass": PROGRAM.build,
    "Q3-fail": signed_with(PROGRAM, identifier="another").build,
    "Q4-pass": PROGRAM.build,
    "Q4-fail": PROGRAM.build,
    "Q4-fail-claimed": signed_with(PROGRAM, team="TEAM000001").build,
}
