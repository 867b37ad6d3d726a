"""R10 to R21 and A1: the image around the signature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countersign.findings import Enforcer, Finding
from countersign.macho.header import (
    CODE_TYPES,
    FILE_TYPES,
    MH_BUNDLE,
    MH_DYLIB,
)
from countersign.macho.patch import COMMAND_SIZE
from countersign.macho.slice import SignatureCommand, Slice
from countersign.rules import broken

__all__ = ["check_structure"]

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
    for segment in thin.segments:
        at = thin.base + segment.command_offset
        if segment.end > thin.size:
            message = f"{segment.name} ends at {segment.end}, the slice at {thin.size}"
            yield broken("R18", at, message)
        if segment.fileoff % page:
            message = f"{segment.name} starts at {segment.fileoff}, not at a multiple of {page}"
            yield broken("R18", at, message)
        if segment.name == "__LINKEDIT" and segment.vmsize < segment.filesize:
            message = f"{segment.filesize} bytes in the file, {segment.vmsize} in memory"
            yield broken("R17", at, message)


def _unsigned(thin: Slice) -> Finding:
    enforced_by = (Enforcer.KERNEL, Enforcer.CODESIGN) if thin.is_arm64 else ()
    return broken("A1", thin.base, f"the {thin.arch} slice is not signed", enforced_by=enforced_by)


def _check_room(thin: Slice) -> Iterator[Finding]:
    missing = COMMAND_SIZE - thin.header_room
    if missing > 0:
        yield broken("R13", thin.base + thin.header.commands_end, f"{missing} bytes are missing")


def _check_end(thin: Slice) -> Iterator[Finding]:
    """Check the end as ``MachO::validateStructure`` in Security's macho++.cpp does."""
    if thin.claimed_end is None:
        yield broken("R10", thin.base, "there is neither a __LINKEDIT nor a symbol table")
    elif thin.claimed_end != thin.size:
        message = f"__LINKEDIT ends at {thin.claimed_end}, the slice at {thin.size}"
        yield broken("R10", thin.base + thin.claimed_end, message)


def _check_command(thin: Slice, command: SignatureCommand) -> Iterator[Finding]:
    at = thin.base + command.offset
    if len(thin.signatures) > 1:
        yield broken("R11", at, f"there are {len(thin.signatures)} signature commands")
    for each in thin.signatures:
        if each.cmdsize != COMMAND_SIZE:
            yield broken("R11", thin.base + each.offset, f"its size is {each.cmdsize}")
    if command.data_end > thin.size:
        yield broken("R12", at, f"it ends at {command.data_end}, the slice at {thin.size}")
    if command.data_offset % 8:
        yield broken("R14", at, f"it starts at {command.data_offset:#x}")
    linkedit = thin.segment("__LINKEDIT")
    if linkedit is None or linkedit.end != command.data_end:
        yield broken("R16", at, "the signature does not end with __LINKEDIT")
    library = thin.header.filetype in (MH_DYLIB, MH_BUNDLE)
    if library and command.data_size > MAX_LIBRARY_SIGNATURE:
        yield broken("R21", at, f"the signature takes {command.data_size} bytes")
