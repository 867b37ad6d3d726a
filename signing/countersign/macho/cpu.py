"""CPU types as Mach-O numbers them, and the names that Apple's tools print.

Format: ``mach/machine.h``. The top byte of a subtype holds capability bits, not identity.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ARM64", "ARM64_32", "SUBTYPE", "X86_64", "architecture_name", "is_arm64"]

X86_64: Final = 0x01000007
ARM64: Final = 0x0100000C
ARM64_32: Final = 0x0200000C

SUBTYPE: Final = 0x00FFFFFF
"""The bits of a subtype that tell what it is."""

_NAMES: Final = {
    (7, 3): "i386",
    (X86_64, 3): "x86_64",
    (X86_64, 8): "x86_64h",
    (12, 6): "armv6",
    (12, 9): "armv7",
    (12, 11): "armv7s",
    (12, 12): "armv7k",
    (ARM64, 0): "arm64",
    (ARM64, 1): "arm64v8",
    (ARM64, 2): "arm64e",
    (ARM64_32, 1): "arm64_32",
}
_FAMILIES: Final = {
    7: "i386",
    X86_64: "x86_64",
    12: "arm",
    ARM64: "arm64",
    ARM64_32: "arm64_32",
    18: "ppc",
    0x01000012: "ppc64",
}


def architecture_name(cputype: int, cpusubtype: int) -> str:
    """Name an architecture as ``lipo`` does; an unknown one by its number."""
    name = _NAMES.get((cputype, cpusubtype & SUBTYPE))
    return name or _FAMILIES.get(cputype, f"cputype-{cputype:#x}")


def is_arm64(cputype: int) -> bool:
    """Tell whether the CPU has 16 KiB pages and runs nothing unsigned."""
    return cputype in (ARM64, ARM64_32)
