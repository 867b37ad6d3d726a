"""The CPUs of Mach-O files, with the shortest program that succeeds on each."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

__all__ = ["CPUS", "Cpu"]


class Cpu(NamedTuple):
    """What the headers say of a CPU, and how linkers lay files out for it."""

    cputype: int
    cpusubtype: int
    bits: Literal[32, 64]
    order: Literal["<", ">"]
    page: int
    """Bytes that segments are aligned to, in the file and in memory."""
    success: bytes
    """Machine code of a function that returns 0."""
    exit: bytes = b""
    """Machine code that ends the process with 0, for a program that no library starts."""
    thread: tuple[int, int, int] = (0, 0, 0)
    """The flavour of its thread state, the state's size in 32-bit words, and the place of the
    program counter among its 64-bit words."""


_ARM = bytes.fromhex("00008052 c0035fd6")  # mov w0, #0; ret
_ARM_EXIT = bytes.fromhex("300080d2 000080d2 011000d4")  # mov x16, #1; mov x0, #0; svc #0x80
_INTEL = bytes.fromhex("31c0 c3")  # xor eax, eax; ret
_INTEL_EXIT = bytes.fromhex("b801000002 31ff 0f05")  # mov eax, 0x2000001; xor edi, edi; syscall
_THUMB = bytes.fromhex("0020 7047")  # movs r0, #0; bx lr
_POWER = bytes.fromhex("38600000 4e800020")  # li r3, 0; blr

CPUS: Final = {
    "arm64": Cpu(0x0100000C, 0, 64, "<", 0x4000, _ARM, _ARM_EXIT, (6, 68, 32)),
    "arm64e": Cpu(0x0100000C, 0x80000002, 64, "<", 0x4000, _ARM),
    "arm64_32": Cpu(0x0200000C, 1, 32, "<", 0x4000, _ARM),
    "armv7": Cpu(12, 9, 32, "<", 0x4000, _THUMB),
    "x86_64": Cpu(0x01000007, 3, 64, "<", 0x1000, _INTEL, _INTEL_EXIT, (4, 42, 16)),
    "x86_64h": Cpu(0x01000007, 8, 64, "<", 0x1000, _INTEL),
    "i386": Cpu(7, 3, 32, "<", 0x1000, _INTEL),
    "arm64 swapped": Cpu(0x0100000C, 0, 64, ">", 0x4000, _ARM),
    "ppc": Cpu(18, 0, 32, ">", 0x1000, _POWER),
    "ppc64": Cpu(0x01000012, 0, 64, ">", 0x1000, _POWER),
}
"""By the names that ``lipo`` gives them; one has the bytes of its numbers in the wrong order."""
