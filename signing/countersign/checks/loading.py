"""The K rules: what the kernel and dyld demand of any image before they run it.

dyld's demands go by the SDK that an image was built with, as its Policy.cpp has it; an image that
names no SDK of macOS is held to none of those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from countersign.checks.loaders import loaders
from countersign.findings import Enforcer, Finding
from countersign.macho.cpu import X86_64
from countersign.macho.header import MH_BUNDLE, MH_DYLDLINK, MH_DYLIB, MH_EXECUTE, MH_PIE
from countersign.macho.loading import Loading
from countersign.macho.segment import (
    SG_READ_ONLY,
    VM_PROT_EXECUTE,
    VM_PROT_READ,
    VM_PROT_WRITE,
    Segment,
)
from countersign.macho.slice import Platform, Slice
from countersign.rules import broken

__all__ = ["check_loading"]

MACOS_10_11: Final = 0x000A0B00
MACOS_10_15: Final = 0x000A0F00
MACOS_12: Final = 0x000C0000
MACOS_15_4: Final = 0x000F0400
MACOS_26: Final = 0x001A0000

POWER: Final = (18, 0x01000012)
"""The CPUs, of 32 and of 64 bits, whose numbers begin with the highest byte."""

DYLD: Final = "/usr/lib/dyld"
MAX_NAMES: Final = 256
"""dyld looks for double names among so many; bounds the work that a hostile header can ask for."""


def check_loading(thin: Slice, loading: Loading, room: int) -> Iterator[Finding]:
    """Check one slice of code apart from its signature.

    ``room`` is how many bytes there are from the start of the slice to the end of the file.
    """
    if thin.header.filetype == MH_EXECUTE:
        yield from _check_program(thin, loading, room)
    yield from _check_byte_order(thin)
    yield from _check_overlaps(thin)
    yield from _check_commands(thin, loading)
    if _is_loaded_by_dyld(thin):
        sdk = _sdk(thin)
        yield from _check_uuid(thin, loading, sdk)
        yield from _check_text(thin)
        yield from _check_libraries(thin, loading, sdk)
        yield from _check_protections(thin, loading, sdk)
        yield from _check_order(thin, sdk)


def _sdk(thin: Slice) -> int:
    """Give the macOS SDK that dyld's policy goes by; 0 where the image names none."""
    target = thin.targets[0] if thin.targets else None
    return target.sdk if target is not None and target.platform == Platform.MACOS else 0


def _is_loaded_by_dyld(thin: Slice) -> bool:
    """Tell what ``UnsafeHeader::isDyldManaged`` tells."""
    if thin.header.filetype == MH_EXECUTE:
        return bool(thin.header.flags & MH_DYLDLINK)
    return thin.header.filetype in (MH_DYLIB, MH_BUNDLE)


def _check_program(thin: Slice, loading: Loading, room: int) -> Iterator[Finding]:
    """Check what ``load_machfile`` and ``parse_machfile`` in xnu's mach_loader.c check."""
    yield from _check_dynamic(thin, loading)
    yield from _check_header_segment(thin)
    for segment in thin.segments:
        if segment.bits != thin.header.bits:
            at = thin.base + segment.command_offset
            yield broken("K25", at, f"{segment.name} is described by {segment.bits}-bit numbers")
    if len(thin.targets) > 1:
        yield broken("K21", thin.base, f"it is built for {len(thin.targets)} platforms")
    if len(loading.entries) != 1:
        found = " and ".join(loading.entries) or "neither LC_MAIN nor LC_UNIXTHREAD"
        yield broken("K14", thin.base, f"there is {found}")
    page = 0x4000 if thin.is_arm64 else 0x1000
    needed = -(-thin.header.commands_end // page) * page
    if needed > room:
        message = f"the file ends {room} bytes after the start of the {thin.arch} slice"
        yield broken("K15", thin.base + room, message)
    sealed = [each.name for each in thin.segments if each.flags & SG_READ_ONLY and each.vmsize]
    if len(sealed) > 1:
        yield broken("K6", thin.base, f"{', '.join(sealed)} are marked SG_READ_ONLY")


def _check_dynamic(thin: Slice, loading: Loading) -> Iterator[Finding]:
    header = thin.header
    if not header.flags & MH_DYLDLINK:
        if thin.is_arm64:
            yield broken("K5", thin.base + 24, "the program is static")
        return
    if loading.linkers != (DYLD,):
        found = " and ".join(map(repr, loading.linkers)) or "none"
        yield broken("K1", thin.base, f"the dynamic linker it names is {found}")
    if thin.is_arm64 and not header.flags & MH_PIE:
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
            message = f"{segment.name} holds the header and is {_protection(segment)}"
            yield broken("K4", at, message)


def _is_page_zero(segment: Segment) -> bool:
    nothing = not segment.filesize and not segment.initprot and not segment.maxprot
    return segment.vmaddr == 0 and segment.vmsize >= 1 << 32 and nothing


def _check_uuid(thin: Slice, loading: Loading, sdk: int) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validSemanticsUUID`` in dyld's UnsafeHeader.cpp checks."""
    since = MACOS_26 if thin.header.filetype == MH_EXECUTE else MACOS_12
    if thin.uuid is None and sdk >= since:
        yield broken("K7", thin.base, "there is no LC_UUID")
    if loading.uuids > 1:
        yield broken("K22", thin.base, f"there are {loading.uuids} LC_UUID")


def _check_text(thin: Slice) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validSemanticsSegments`` asks of __TEXT."""
    text = thin.segment("__TEXT")
    if text is None:
        yield broken("K24", thin.base, "there is no __TEXT")
    elif text.fileoff or min(text.filesize, text.vmsize) < thin.header.commands_end:
        at = thin.base + text.command_offset
        yield broken("K24", at, "__TEXT does not hold the header and the load commands")


def _check_byte_order(thin: Slice) -> Iterator[Finding]:
    """Check what ``exec_mach_imgact`` and ``UnsafeHeader::forEachLoadCommand`` check."""
    if thin.header.order == ">" and thin.header.cputype not in POWER:
        message = f"{thin.arch} with the bytes of its numbers in the order of PowerPC"
        who = dict.fromkeys((*loaders(thin.header.filetype), Enforcer.DYLD))
        yield broken("K26", thin.base, message, enforced_by=who)


def _check_overlaps(thin: Slice) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validSemanticsSegments`` in dyld's UnsafeHeader.cpp checks."""
    for segment in thin.segments:
        if segment.vmaddr + segment.vmsize >= 1 << thin.header.bits:
            message = f"{segment.name} ends at {segment.vmaddr + segment.vmsize:#x}"
            yield broken("K23", thin.base + segment.command_offset, message)
    for space in ("file", "memory"):
        spans = sorted(
            (start, start + size, segment.name, segment.command_offset)
            for segment in thin.segments
            for start, size in [
                (segment.fileoff, segment.filesize)
                if space == "file"
                else (segment.vmaddr, segment.vmsize)
            ]
            if size
        )
        for (_, end, before, _), (start, _, name, at) in pairwise(spans):
            if start < end:
                yield broken("K12", thin.base + at, f"{name} overlaps {before} in the {space}")


def _check_commands(thin: Slice, loading: Loading) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validStructureLoadCommands`` and its like check."""
    for at, kind in loading.misfits:
        yield broken("K13", thin.base + at, f"load command {kind:#x} has a wrong size")
    library = thin.header.filetype == MH_DYLIB
    if loading.identities != (1 if library else 0) and (library or _is_loaded_by_dyld(thin)):
        what = "library" if library else "image that is no library"
        yield broken("K16", thin.base, f"a {what} with {loading.identities} LC_ID_DYLIB")


def _check_libraries(thin: Slice, loading: Loading, sdk: int) -> Iterator[Finding]:
    """Check what ``validSemanticsLinkedDylibs`` and ``validSemanticsRPath`` check."""
    system = (thin.install_name or "").startswith("/usr/lib/system/")  # what libSystem is made of
    if not thin.libraries and sdk >= MACOS_15_4 and not system:
        yield broken("K17", thin.base, "it links with no library, not even libSystem")
    if sdk < MACOS_26:
        return
    for what, names in (("library", thin.libraries), ("search path", loading.rpaths)):
        for name in _doubles(names[:MAX_NAMES]):
            yield broken("K18", thin.base, f"the {what} {name!r} is named twice")


def _doubles(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if names.count(name) > 1}))


def _check_protections(thin: Slice, loading: Loading, sdk: int) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validSegment`` in dyld's UnsafeHeader.cpp checks."""
    program = thin.header.filetype == MH_EXECUTE
    rules = {
        "__TEXT": (VM_PROT_READ | VM_PROT_EXECUTE, MACOS_10_15),
        "__LINKEDIT": (VM_PROT_READ, MACOS_26 if program else MACOS_10_11),
        "__DATA": (VM_PROT_READ | VM_PROT_WRITE, MACOS_26),
        "__DATA_CONST": (VM_PROT_READ | VM_PROT_WRITE, MACOS_26),
    }
    for segment in thin.segments:
        at = thin.base + segment.command_offset
        wanted, since = rules.get(segment.name, (segment.initprot, 0))
        if segment.initprot & ~7 or (segment.initprot != wanted and sdk >= since):
            yield broken("K19", at, f"{segment.name} is {_protection(segment)}")
        constant = segment.name == "__DATA_CONST" and sdk >= MACOS_26 and not loading.splits
        if constant and not segment.flags & SG_READ_ONLY:
            yield broken("K10", at, "__DATA_CONST is not marked SG_READ_ONLY")


def _protection(segment: Segment) -> str:
    """Write a protection as ``ls`` would, or as a number when it is none."""
    if segment.initprot & ~7:
        return f"protected by {segment.initprot:#x}"
    return "".join(
        word if segment.initprot & bit else "-"
        for bit, word in ((VM_PROT_READ, "r"), (VM_PROT_WRITE, "w"), (VM_PROT_EXECUTE, "x"))
    )


def _check_order(thin: Slice, sdk: int) -> Iterator[Finding]:
    """Check names and order as ``UnsafeHeader::validSemanticsSegments`` does."""
    names = [segment.name for segment in thin.segments]
    if sdk >= MACOS_26:
        for name in _doubles(names[:MAX_NAMES]):
            yield broken("K20", thin.base, f"there are several segments {name}")
    if sdk < (MACOS_26 if thin.header.filetype == MH_EXECUTE else MACOS_10_15):
        return
    for before, segment in pairwise(thin.segments[:-1]):  # dyld leaves the last one out, too
        behind = segment.vmaddr < before.vmaddr and not _may_be_scattered(thin)
        if behind or (segment.filesize and segment.fileoff < before.fileoff):
            at = thin.base + segment.command_offset
            yield broken("K20", at, f"{segment.name} lies before {before.name}")


def _may_be_scattered(thin: Slice) -> bool:
    """Tell a program whose addresses are fixed, as old linkers for Intel made them."""
    program = thin.header.filetype == MH_EXECUTE and thin.header.flags & MH_DYLDLINK
    return bool(thin.header.cputype == X86_64 and program and not thin.header.flags & MH_PIE)
