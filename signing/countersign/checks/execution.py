"""K1 to K6, K14, K15, K21 and K25: what the kernel demands of a program before it starts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countersign.findings import Finding
from countersign.macho.header import MH_DYLDLINK, MH_PIE
from countersign.macho.loading import Loading
from countersign.macho.segment import (
    SG_READ_ONLY,
    VM_PROT_ALL,
    VM_PROT_EXECUTE,
    VM_PROT_READ,
    Segment,
)
from countersign.macho.slice import Slice
from countersign.rules import broken

__all__ = ["check_program", "is_empty_page"]

DYLD: Final = "/usr/lib/dyld"


def check_program(thin: Slice, loading: Loading, room: int) -> Iterator[Finding]:
    """Check what ``load_machfile`` and ``parse_machfile`` in xnu's mach_loader.c check.

    ``room`` is how many bytes there are from the start of the slice to the end of the file.
    """
    yield from _check_dynamic(thin, loading)
    yield from _check_header_segment(thin)
    if len(loading.entries) != 1:
        found = " and ".join(loading.entries) or "neither LC_MAIN nor LC_UNIXTHREAD"
        yield broken("K14", thin.base, f"there is {found}")
    page = 0x4000 if thin.is_arm64 else 0x1000
    needed = -(-thin.header.commands_end // page) * page
    if needed > room:
        message = f"the file ends {room} bytes after the start of the {thin.arch} slice"
        yield broken("K15", thin.base + room, message)
    for segment in thin.segments:
        if segment.bits != thin.header.bits:
            at = thin.base + segment.command_offset
            yield broken("K25", at, f"{segment.name} is described by {segment.bits}-bit numbers")
    if len(thin.targets) > 1:
        yield broken("K21", thin.base, f"it is built for {len(thin.targets)} platforms")
    sealed = [
        each.name
        for each in thin.segments
        if each.flags & SG_READ_ONLY and each.vmsize and not is_empty_page(each)
    ]
    if len(sealed) > 1:
        yield broken("K6", thin.base, f"{', '.join(sealed)} are marked SG_READ_ONLY")


def _check_dynamic(thin: Slice, loading: Loading) -> Iterator[Finding]:
    header = thin.header
    dynamic = bool(header.flags & MH_DYLDLINK)
    if not dynamic and thin.is_arm64:
        yield broken("K5", thin.base + 24, "the program is static")
    needed = dynamic or "LC_MAIN" in loading.entries
    if loading.linkers != (DYLD,) and (needed or loading.linkers):
        found = " and ".join(map(repr, loading.linkers)) or "none"
        yield broken("K1", thin.base, f"the dynamic linker it names is {found}")
    if dynamic and thin.is_arm64 and not header.flags & MH_PIE:
        yield broken("K2", thin.base + 24, "the program is not position-independent")


def _check_header_segment(thin: Slice) -> Iterator[Finding]:
    if thin.is_arm64 and thin.header.bits == 64 and not any(map(_is_page_zero, thin.segments)):
        yield broken("K3", thin.base, "there is no segment that keeps the first 4 GiB empty")
    first = [each for each in thin.segments if each.fileoff == 0 and each.filesize]
    if len(first) != 1:
        yield broken("K4", thin.base, f"{len(first)} segments hold the start of the file")
    for segment in first:
        wanted = VM_PROT_READ | VM_PROT_EXECUTE
        if segment.initprot & wanted != wanted:
            at = thin.base + segment.command_offset
            message = f"{segment.name} holds the header and is {segment.rights}"
            yield broken("K4", at, message)


def _is_page_zero(segment: Segment) -> bool:
    return segment.vmsize >= 1 << 32 and is_empty_page(segment)


def is_empty_page(segment: Segment) -> bool:
    """Tell whether a segment only keeps the first addresses empty, as ``load_segment`` does."""
    protection = (segment.initprot | segment.maxprot) & VM_PROT_ALL
    return segment.vmaddr == 0 and segment.filesize == 0 and not protection
