"""The K rules: what the kernel and dyld demand of any image before they run it.

dyld's demands go by the SDK that an image was built with, as its Policy.cpp has it; an image that
names no SDK of macOS is held to none of those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from countersign.checks.execution import check_program
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
)
from countersign.macho.slice import Platform, Slice
from countersign.rules import broken

__all__ = ["check_loading"]

MACOS_10_11: Final = 0x000A0B00
MACOS_10_15: Final = 0x000A0F00
MACOS_11: Final = 0x000B0000
MACOS_12: Final = 0x000C0000
MACOS_15_4: Final = 0x000F0400
MACOS_26: Final = 0x001A0000
NEVER: Final = 0xFFFFFFFF

POWER: Final = (18, 0x01000012)
"""The CPUs, of 32 and of 64 bits, whose numbers begin with the highest byte."""

MAX_NAMES: Final = 256
"""dyld looks for double names among so many; bounds the work that a hostile header can ask for."""


def check_loading(thin: Slice, loading: Loading, room: int) -> Iterator[Finding]:
    """Check one slice of code apart from its signature.

    ``room`` is how many bytes there are from the start of the slice to the end of the file.
    """
    if thin.header.filetype == MH_EXECUTE:
        yield from check_program(thin, loading, room)
    yield from _check_byte_order(thin)
    loaded = _is_loaded_by_dyld(thin, loading)
    yield from _check_overlaps(thin, loaded=loaded)
    if loaded:
        sdk = _sdk(thin)
        yield from _check_commands(thin, loading)
        yield from _check_uuid(thin, loading, sdk)
        yield from _check_libraries(thin, loading, sdk)
        yield from _check_text(thin)
        yield from _check_sections(thin, sdk)
        yield from _check_protections(thin, loading, sdk)
        yield from _check_order(thin, sdk)


def _sdk(thin: Slice) -> int:
    """Give the macOS SDK that dyld's policy goes by; 0 where the image names none."""
    target = thin.targets[0] if thin.targets else None
    if target is None or target.platform != Platform.MACOS:
        return 0
    return _ordered(target.sdk)


def _ordered(sdk: int) -> int:
    """Put an SDK where dyld's Platform.cpp puts it in the order of years.

    It counts the spring releases of 10.x backwards, by a slip, and takes 16, which macOS 26 was
    called at first, and all up to 26 for as new as that.
    """
    major, minor, patch = sdk >> 16, sdk >> 8 & 0xFF, sdk & 0xFF
    if 16 <= major < 26:
        return MACOS_26
    if major == 10 and patch >= 4:
        return major << 16 | max(0, minor - 2) << 8
    return sdk


def _is_loaded_by_dyld(thin: Slice, loading: Loading) -> bool:
    """Tell whether dyld gets to see an image: a program that names it, or a library."""
    if thin.header.filetype == MH_EXECUTE:
        return bool(loading.linkers)
    return thin.header.filetype in (MH_DYLIB, MH_BUNDLE)


def _is_managed_by_dyld(thin: Slice) -> bool:
    """Tell what ``UnsafeHeader::isDyldManaged`` tells."""
    if thin.header.filetype == MH_EXECUTE:
        return bool(thin.header.flags & MH_DYLDLINK)
    return thin.header.filetype in (MH_DYLIB, MH_BUNDLE)


def _check_uuid(thin: Slice, loading: Loading, sdk: int) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validSemanticsUUID`` in dyld's UnsafeHeader.cpp checks."""
    since = MACOS_26 if thin.header.filetype == MH_EXECUTE else MACOS_12
    if thin.uuid is None and sdk >= since:
        yield broken("K7", thin.base, "there is no LC_UUID")
    if loading.uuids > 1:
        yield broken("K22", thin.base, f"there are {loading.uuids} LC_UUID")


def _check_byte_order(thin: Slice) -> Iterator[Finding]:
    """Check what ``exec_mach_imgact`` and ``UnsafeHeader::forEachLoadCommand`` check."""
    if thin.header.order == ">" and thin.header.cputype not in POWER:
        message = f"{thin.arch} with the bytes of its numbers in the order of PowerPC"
        who = dict.fromkeys((*loaders(thin.header.filetype), Enforcer.DYLD))
        yield broken("K26", thin.base, message, enforced_by=who)


def _check_overlaps(thin: Slice, *, loaded: bool) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validSemanticsSegments`` in dyld's UnsafeHeader.cpp checks.

    The kernel maps a program by whole pages, to where nothing is yet (``map_segment``).
    """
    found: dict[tuple[str, str, str], tuple[int, set[Enforcer]]] = {}
    for who, space, page in _SPACES:
        if not (loaded if who is Enforcer.DYLD else thin.header.filetype == MH_EXECUTE):
            continue
        size = 0x4000 if page and thin.is_arm64 else 0x1000 if page else 1
        for before, segment in pairwise(_spans(thin, space, size)):
            if segment.start < before.stop:
                key = (segment.name, before.name, space)
                found.setdefault(key, (segment.at, set()))[1].add(who)
    for (name, before_name, space), (at, enforcers) in found.items():
        message = f"{name} overlaps {before_name} in the {space}"
        yield broken("K12", thin.base + at, message, enforced_by=sorted(enforcers))


class _Span(NamedTuple):
    """Where a segment lies in the file or in memory."""

    start: int
    stop: int
    name: str
    at: int


_SPACES: Final = (
    (Enforcer.DYLD, "file", False),
    (Enforcer.DYLD, "memory", False),
    (Enforcer.KERNEL, "memory", True),
)
"""Who compares which places, and whether by whole pages."""


def _spans(thin: Slice, space: str, page: int) -> list[_Span]:
    pairs = (
        (each, each.fileoff, each.filesize) if space == "file" else (each, each.vmaddr, each.vmsize)
        for each in thin.segments
    )
    return sorted(
        _Span(start // page * page, -(-(start + size) // page) * page, each.name,
              each.command_offset)
        for each, start, size in pairs
        if size or page == 1  # dyld minds what is empty, too, if it lies inside another
    )  # fmt: skip


def _check_commands(thin: Slice, loading: Loading) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validStructureLoadCommands`` and MachOLoaded.cpp check."""
    library = thin.header.filetype == MH_DYLIB
    if loading.identities != (1 if library else 0):
        what = "library" if library else "image that is no library"
        yield broken("K16", thin.base, f"a {what} with {loading.identities} LC_ID_DYLIB")
    for rule, places, problem in (
        ("K13", loading.misfits, "has a wrong size"),
        ("K27", loading.open_strings, "has a name without an end"),
        ("K28", loading.unknown, "is unknown"),
        ("K30", loading.doubles, "is there once already"),
    ):
        for at, kind in places:
            yield broken(rule, thin.base + at, f"load command {kind:#x} {problem}")


def _check_text(thin: Slice) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validSemanticsSegments`` asks of __TEXT."""
    text = next((each for each in reversed(thin.segments) if each.name == "__TEXT"), None)
    if not _is_managed_by_dyld(thin):
        return
    if text is None:
        yield broken("K24", thin.base, "there is no __TEXT")
        return
    at = thin.base + text.command_offset
    if text.fileoff:
        yield broken("K24", at, f"__TEXT starts at {text.fileoff} in the file")
    if min(text.filesize, text.vmsize) < thin.header.commands_end:
        yield broken("K24", at, "the load commands reach beyond __TEXT")


def _check_sections(thin: Slice, sdk: int) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validSegment`` asks of addresses."""
    for segment in thin.segments:
        if segment.filesize > segment.vmsize:
            continue
        end = segment.vmaddr + segment.vmsize
        if end >> segment.bits:
            at = thin.base + segment.command_offset
            who = dict.fromkeys((*loaders(thin.header.filetype), Enforcer.DYLD))
            yield broken("K23", at, f"{segment.name} ends at {end:#x}", enforced_by=who)
        for section in segment.sections:
            problem = ""
            if section.vmaddr < segment.vmaddr:
                problem = "before"
            elif section.size >= 1 << 63 or (
                sdk >= MACOS_11 and (section.vmaddr + section.size) % (1 << 64) > end
            ):
                problem = "beyond"
            if problem:
                at = thin.base + segment.command_offset
                message = f"section {section.name} lies {problem} its segment {segment.name}"
                yield broken("K29", at, message)


def _check_libraries(thin: Slice, loading: Loading, sdk: int) -> Iterator[Finding]:
    """Check what ``validSemanticsLinkedDylibs`` and ``validSemanticsRPath`` check."""
    system = (thin.install_name or "").startswith("/usr/lib/system/")  # what libSystem is made of
    if not (thin.libraries or system) and sdk >= MACOS_15_4 and _is_managed_by_dyld(thin):
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
        "__TEXT": (
            VM_PROT_READ | VM_PROT_EXECUTE,
            MACOS_10_15 if _is_managed_by_dyld(thin) else NEVER,
        ),
        "__LINKEDIT": (VM_PROT_READ, MACOS_26 if program else MACOS_10_11),
        "__DATA": (VM_PROT_READ | VM_PROT_WRITE, MACOS_26),
        "__DATA_CONST": (VM_PROT_READ | VM_PROT_WRITE, MACOS_26),
    }
    for segment in thin.segments:
        at = thin.base + segment.command_offset
        wanted, since = rules.get(segment.name, (segment.initprot, 0))
        if segment.initprot & ~7 or (segment.initprot != wanted and sdk >= since):
            yield broken("K19", at, f"{segment.name} is {segment.rights}")
        splits = loading.splits and thin.header.filetype == MH_DYLIB
        constant = segment.name == "__DATA_CONST" and sdk >= MACOS_26 and not splits
        if constant and not segment.flags & SG_READ_ONLY:
            yield broken("K10", at, "__DATA_CONST is not marked SG_READ_ONLY")


def _check_order(thin: Slice, sdk: int) -> Iterator[Finding]:
    """Check names and order as ``UnsafeHeader::validSemanticsSegments`` does."""
    names = [segment.name for segment in thin.segments]
    if sdk >= MACOS_26 and _is_managed_by_dyld(thin):
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
