"""R1 to R9 and K11: the table of a universal file and the room between its slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from countersign.checks.loaders import claimed_filetype, loaders
from countersign.findings import Enforcer, Finding
from countersign.macho.cpu import SUBTYPE, is_arm64
from countersign.macho.fat import FatArch, fat_header_size
from countersign.macho.slice import Slice
from countersign.rules import broken
from countersign.window import Window
from countersign.zeros import first_nonzero

__all__ = ["check_architecture", "check_container", "slice_fits"]

MAX_ALIGN: Final = 30
MAX_SLICES: Final = 100
"""``MAX_ARCH_COUNT`` in macho++.cpp; the kernel and dyld read all that a page can list."""


def slice_fits(arch: FatArch, count: int, size: int) -> bool:
    """Tell whether one of ``count`` slices lies inside a file of ``size`` bytes."""
    return fat_header_size(count) <= arch.offset and arch.end <= size


def check_container(data: Window, archs: Sequence[FatArch]) -> Iterator[Finding]:
    """Check a whole universal file."""
    if len(archs) > MAX_SLICES:
        message = f"{len(archs)} slices are more than the {MAX_SLICES} that codesign reads"
        yield broken("R2", 4, message, enforced_by=(Enforcer.CODESIGN,))
    who = loaders(claimed_filetype(data.part(archs[0].offset, archs[0].end)))
    yield from _check_each(archs, len(data), who)
    yield from _check_together(archs, len(data), who)
    if all(slice_fits(arch, len(archs), len(data)) for arch in archs):
        yield from _check_gaps(data, archs)


def check_architecture(arch: FatArch, thin: Slice) -> Iterator[Finding]:
    """Compare an entry of the table with its slice, as execve and ``Universal::valid`` do."""
    who, header = loaders(thin.header.filetype), thin.header
    named = _identity(arch.cputype, arch.cpusubtype, who)
    if named != _identity(header.cputype, header.cpusubtype, who):
        message = f"the table says {arch.name}, the slice {thin.arch}"
        if arch.name == thin.arch:
            message = f"its subtype is {arch.cpusubtype:#x} in the table, {header.cpusubtype:#x} in"
            message += " the slice"
        yield broken("K11", thin.base, message, enforced_by=who)


def _identity(cputype: int, cpusubtype: int, who: tuple[Enforcer, ...]) -> tuple[int, int]:
    """Give what makes two architectures one to the kernel, or to dyld.

    The kernel compares whole numbers; dyld leaves the capabilities in the top byte aside
    (``Architecture::operator==``, and ``validSlice`` for those of arm64e).
    """
    if Enforcer.KERNEL in who:
        return cputype, cpusubtype
    return cputype, cpusubtype & SUBTYPE


def _check_each(
    archs: Sequence[FatArch], size: int, who: tuple[Enforcer, ...]
) -> Iterator[Finding]:
    for arch in archs:
        if not slice_fits(arch, len(archs), size):
            message = f"the {arch.name} slice, bytes {arch.offset} to {arch.end}, does not fit"
            yield broken(
                "R3", min(arch.offset, size), message, enforced_by=(*who, Enforcer.CODESIGN_STRICT)
            )
        page = 0x4000 if is_arm64(arch.cputype) else 0x1000
        if arch.offset % page:
            message = f"the {arch.name} slice does not start at a multiple of {page}"
            yield broken("R9", min(arch.offset, size), message, enforced_by=who)


def _check_together(
    archs: Sequence[FatArch], size: int, who: tuple[Enforcer, ...]
) -> Iterator[Finding]:
    seen: set[tuple[int, int]] = set()
    for arch in archs:
        key = _identity(arch.cputype, arch.cpusubtype, who)
        if key in seen:
            message = f"there are two slices for {arch.name}"
            yield broken("R4", min(arch.offset, size), message, enforced_by=who)
        seen.add(key)
    for before, arch in pairwise(sorted(archs, key=lambda each: each.offset)):
        if arch.offset < before.end:
            message = f"the {arch.name} slice overlaps the one before it"
            at = min(arch.offset, size)
            yield broken("R5", at, message, enforced_by=(*who, Enforcer.CODESIGN_STRICT))


def _check_gaps(data: Window, archs: Sequence[FatArch]) -> Iterator[Finding]:
    """Check what ``Universal::Universal`` in macho++.cpp calls suspicious."""
    end = fat_header_size(len(archs))
    for arch in sorted(archs, key=lambda each: each.offset):
        gap = arch.offset - end
        first = end == fat_header_size(len(archs))  # any gap will do before it
        if arch.align > MAX_ALIGN or (gap >= 1 << arch.align and not first):
            message = f"{gap} bytes before the {arch.name} slice, whose alignment is {arch.align}"
            yield broken("R6", end, message)
        dirt = first_nonzero(data.part(end, arch.offset))
        if dirt is not None:
            yield broken("R7", end + dirt, f"the gap before the {arch.name} slice is not empty")
        end = max(end, arch.end)
    if end < len(data):
        yield broken("R8", end, f"{len(data) - end} bytes follow the last slice")
