"""R10 to R21 and A1: the image around the signature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countersign.checks.loaders import loaders
from countersign.findings import Enforcer, Finding
from countersign.macho.header import (
    CODE_TYPES,
    FILE_TYPES,
    MH_BUNDLE,
    MH_DYLIB,
    MH_EXECUTE,
)
from countersign.macho.loading import Loading
from countersign.macho.patch import COMMAND_SIZE
from countersign.macho.slice import SignatureCommand, Slice
from countersign.rules import broken

__all__ = ["check_linkedit", "check_structure"]

MAX_LIBRARY_SIGNATURE: Final = 40 << 20


def check_structure(thin: Slice) -> Iterator[Finding]:
    """Check one slice without looking into its signature."""
    if thin.header.filetype not in CODE_TYPES:
        kind = FILE_TYPES.get(thin.header.filetype, f"file of type {thin.header.filetype}")
        yield broken("R20", thin.base + 12, f"a Mach-O {kind} is not code")
        return
    yield from _check_segments(thin)
    if thin.signature is None:
        yield _unsigned(thin)
        yield from _check_room(thin)
        return
    yield from _check_end(thin)
    yield from _check_command(thin, thin.signature)


def _check_segments(thin: Slice) -> Iterator[Finding]:
    page = 0x4000 if thin.is_arm64 else 0x1000
    who = loaders(thin.header.filetype)
    for segment in thin.segments:
        at = thin.base + segment.command_offset
        if segment.end > thin.size:
            message = f"{segment.name} ends at {segment.end}, the slice at {thin.size}"
            yield broken("R18", at, message, enforced_by=dict.fromkeys((*who, Enforcer.DYLD)))
        if segment.fileoff % page:
            message = f"{segment.name} starts at {segment.fileoff}, not at a multiple of {page}"
            yield broken("R18", at, message, enforced_by=who)
        if segment.vmsize < segment.filesize and (segment.vmsize or segment.initprot):
            message = f"{segment.name}: {segment.filesize} bytes in the file, "
            yield broken("R17", at, message + f"{segment.vmsize} in memory")


def _unsigned(thin: Slice) -> Finding:
    enforced_by = (Enforcer.KERNEL, Enforcer.CODESIGN) if thin.is_arm64 else ()
    return broken("A1", thin.base, f"the {thin.arch} slice is not signed", enforced_by=enforced_by)


def _check_room(thin: Slice) -> Iterator[Finding]:
    missing = COMMAND_SIZE - thin.header_room
    if missing > 0:
        yield broken("R13", thin.base + thin.header.commands_end, f"{missing} bytes are missing")


def check_linkedit(thin: Slice, loading: Loading) -> Iterator[Finding]:
    """Check the signature against its neighbours (``Image::validStructureLinkedit`` in dyld)."""
    command = thin.signature
    if command is None:
        return
    for part in loading.linkedit:
        if part.offset < command.data_end and command.data_offset < part.offset + part.size:
            at = thin.base + min(max(part.offset, command.data_offset), thin.size)
            yield broken("R15", at, f"{part.name} shares bytes with the signature")


def _check_end(thin: Slice) -> Iterator[Finding]:
    """Check the end as ``MachO::validateStructure`` in Security's macho++.cpp does."""
    if thin.claimed_end is None:
        yield broken("R10", thin.base, "there is neither a __LINKEDIT nor a symbol table")
    elif thin.claimed_end != thin.size:
        message = f"__LINKEDIT ends at {thin.claimed_end}, the slice at {thin.size}"
        yield broken("R10", thin.base + min(thin.claimed_end, thin.size), message)


def _check_command(thin: Slice, command: SignatureCommand) -> Iterator[Finding]:
    at = thin.base + command.offset
    if len(thin.signatures) > 1:
        message = f"there are {len(thin.signatures)} signature commands"
        yield broken("R11", at, message, enforced_by=(Enforcer.DYLD,))
    for each in thin.signatures:
        if each.cmdsize != COMMAND_SIZE:
            message = f"its size is {each.cmdsize}"
            program = thin.header.filetype == MH_EXECUTE
            who = (Enforcer.KERNEL, Enforcer.DYLD) if program else (Enforcer.DYLD,)
            yield broken("R11", thin.base + each.offset, message, enforced_by=who)
    if command.data_end > thin.size and thin.header.filetype == MH_EXECUTE:
        yield broken("R12", at, f"it ends at {command.data_end}, the slice at {thin.size}")
    if command.data_offset % 8:
        yield broken("R14", at, f"it starts at {command.data_offset:#x}")
    linkedit = thin.segment("__LINKEDIT")
    if linkedit is None or linkedit.end != command.data_end:
        yield broken("R16", at, "the signature does not end with __LINKEDIT")
    library = thin.header.filetype in (MH_DYLIB, MH_BUNDLE)
    if library and command.data_size > MAX_LIBRARY_SIGNATURE:
        yield broken("R21", at, f"the signature takes {command.data_size} bytes")
