"""What the kernel and dyld demand of any image: the rules of rulebook/loading.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kit.bases import LIBRARY, PROGRAM, Files
from kit.image import DYLD_LINK, PIE, TWO_LEVEL

__all__ = ["FILES"]

VMADDR: Final = 24
"""Offset in an LC_SEGMENT_64."""

FILES: Final[Files] = {
    "K2-pass": replace(PROGRAM, flags=PIE | DYLD_LINK).build,
    "K2-fail": replace(PROGRAM, flags=DYLD_LINK | TWO_LEVEL).build,
    "K7-pass": replace(PROGRAM, sdk=(15, 5), uuid=False).build,
    "K7-fail": replace(PROGRAM, uuid=False).build,
    "K12-pass.dylib": LIBRARY.build,
    "K12-fail.dylib": LIBRARY.edited("__LINKEDIT", VMADDR, "Q", 0x1000).build,
}
