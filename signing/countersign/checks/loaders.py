"""Who reads an image before it runs: the kernel a program, dyld a library."""

from __future__ import annotations

import struct

from countersign.findings import Enforcer
from countersign.macho.fat import starts_fat64
from countersign.macho.header import MH_EXECUTE, starts_thin
from countersign.window import Window

__all__ = ["claimed_filetype", "loaders"]


def loaders(filetype: int) -> tuple[Enforcer, ...]:
    """Give the one who maps an image of this file type: ``execve`` a program, dyld all else."""
    return (Enforcer.KERNEL,) if filetype == MH_EXECUTE else (Enforcer.DYLD,)


def claimed_filetype(window: Window) -> int:
    """Read the file type of a thin Mach-O, or of the first slice of a 64-bit table; 0 for none."""
    head = window[:32]
    if starts_fat64(head) and len(head) == 32:
        (offset,) = struct.unpack_from(">Q", head, 16)
        head = window[offset : offset + 16]
    if len(head) < 16 or not starts_thin(head):
        return 0
    order = "<" if head[0] in (0xCE, 0xCF) else ">"
    return int(struct.unpack_from(f"{order}I", head, 12)[0])
