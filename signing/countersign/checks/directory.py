"""R30 to R53: what a code directory says, apart from its hashes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countersign.codedirectory import MAIN_BINARY, CodeDirectory, Flag
from countersign.findings import Enforcer, Finding
from countersign.macho.header import MH_EXECUTE
from countersign.macho.segment import VM_PROT_EXECUTE, Segment
from countersign.macho.slice import SignatureCommand, Slice
from countersign.pagehash import page_count
from countersign.rounding import round_up
from countersign.rules import broken
from countersign.signature import Directory, Signature
from countersign.system import System

__all__ = ["check_best", "check_directory", "check_others"]

MIN_DIRECTORY: Final = 112
"""sizeof(CS_CodeDirectory), which the kernel asks of every version."""

SPECIAL_SLOTS: Final = range(1, 12)
SHARED: Final = (
    "version",
    "identifier",
    "team",
    "flags",
    "page_size",
    "code_limit",
    "exec_segment",
    "platform",
    "runtime",
)
"""What all code directories of a signature say alike."""

WITH_EXEC_SEGMENT: Final = 0x20400
WITH_RUNTIME: Final = 0x20500


def check_directory(
    thin: Slice, command: SignatureCommand, directory: Directory, system: System
) -> Iterator[Finding]:
    """Check what every code directory must be, whichever one is used."""
    blob, code = directory
    at = thin.base + command.data_offset + blob.offset
    if len(blob.data) < MIN_DIRECTORY:
        message = f"{len(blob.data)} bytes are fewer than {MIN_DIRECTORY}"
        yield broken("R30", at + 4, message, enforced_by=(Enforcer.KERNEL,))
    if code.page_size not in system.page_sizes(arm64=thin.is_arm64):
        yield broken("R32", at + 39, f"pages of {code.page_size} bytes on {thin.arch}")
        return
    pages = page_count(code.code_limit, code.page_size)
    if code.code_count != pages:
        yield broken("R39", at + 28, f"{code.code_count} hashes for {pages} pages")
    yield from _check_fields(code, at)


def check_best(thin: Slice, command: SignatureCommand, directory: Directory) -> Iterator[Finding]:
    """Check what only the code directory must be that the kernel uses: the strongest one.

    Its page size is one that the kernel takes.
    """
    blob, code = directory
    at = thin.base + command.data_offset + blob.offset
    if code.code_limit != command.data_offset:
        yield _wrong_limit(thin, code, command, at)
    if code.short_limit is not None:
        message = f"the short limit is {code.short_limit}, the long one {code.code_limit}"
        yield broken("R35", at + 32, message)
    if code.scatter is not None and not _leaves_pages_alone(code):
        yield broken("R19", at + 44, "the scatter table takes their hashes from the pages")
    yield from _check_code(thin, command, code)
    yield from _check_runtime(thin, code, at)


def check_others(signature: Signature, start: int) -> Iterator[Finding]:
    """Compare the code directories, which describe the same code."""
    best = signature.best
    for blob, code in signature.directories:
        if blob is best.blob:
            continue
        at = start + blob.offset
        for name in SHARED:
            if getattr(code, name) != getattr(best.code, name):
                what = name.replace("_", " ")
                yield broken("R48", at, f"it has another {what} than the best one")
        if not _seals_the_same(signature, code):
            yield broken("R48", at, "it has other special slots than the best one")
        if bytes(code) != bytes(blob.data):
            yield broken("R48", at, "there are bytes in it that say nothing")


def _seals_the_same(signature: Signature, code: CodeDirectory) -> bool:
    """Tell whether a directory seals in each slot what the best one does, as far as it is there."""
    best = signature.best.code
    for slot in SPECIAL_SLOTS:
        part, sealed = signature.superblob.find(slot), code.special_slot(slot)
        if (sealed is None) is not (best.special_slot(slot) is None):
            return False
        if (
            part is not None
            and sealed is not None
            and code.hash_type.digest(part.content) != sealed
        ):
            return False
    return len(code.special) == len(best.special)


def _wrong_limit(thin: Slice, code: CodeDirectory, command: SignatureCommand, at: int) -> Finding:
    """Judge a code limit: dyld forgives what is less than a page, the kernel only emptiness.

    dyld looks at the libraries that it registers, not at the program.
    """
    enforced_by = [Enforcer.CODESIGN_STRICT]
    covered = page_count(code.code_limit, code.page_size) * code.page_size
    if code.code_limit == 0:
        enforced_by = [Enforcer.KERNEL, Enforcer.CODESIGN]
    if covered < command.data_offset and thin.header.filetype != MH_EXECUTE:
        enforced_by.insert(0, Enforcer.DYLD)
    message = f"{code.code_limit} bytes are signed, the signature is at {command.data_offset}"
    return broken("R33", at + 32, message, enforced_by=enforced_by)


def _check_code(thin: Slice, command: SignatureCommand, code: CodeDirectory) -> Iterator[Finding]:
    """Check that the kernel can vouch for every page of code (``vm_fault_cs_check_violation``).

    It does so for whole pages of memory, which on arm64 hold four of 4 KiB that are hashed.
    """
    page = 0x4000 if thin.is_arm64 else 0x1000
    whole = code.code_limit // code.page_size * code.page_size
    hashed = min(page_count(code.code_limit, code.page_size), code.code_count) * code.page_size
    for segment in thin.segments:
        if not (segment.initprot & VM_PROT_EXECUTE and segment.filesize):
            continue
        end = _code_end(segment, thin, command)
        if end > hashed:
            message = f"{segment.name} has code up to {end}, the hashed pages end at {hashed}"
            yield broken("R19", thin.base + min(hashed, thin.size), message)
        elif whole < code.code_limit and round_up(end, page) > whole:
            message = f"{segment.name} reaches into the last page, which is signed in part"
            yield broken("R40", thin.base + min(whole, thin.size), message)
        elif round_up(end, page) > hashed:
            message = f"code of {segment.name} shares a page of memory with what has no hash"
            yield broken("R19", thin.base + min(hashed, thin.size), message)


def _code_end(segment: Segment, thin: Slice, command: SignatureCommand) -> int:
    """Tell where the code of a segment ends: a signature at the end of it is none."""
    end = min(segment.end, thin.size)
    if segment.fileoff < command.data_offset and end <= command.data_end:
        return min(end, command.data_offset)
    return end


def _leaves_pages_alone(code: CodeDirectory) -> bool:
    """Tell whether a scatter table gives every page the hash that it has without one.

    ``hashes`` in xnu's ubc_subr.c looks at one entry after another, finds no hash behind the last,
    and takes an entry for a page longer than it says.
    """
    first = code.scatter[0] if code.scatter else None
    return first is not None and first.base == 0 and code.code_count - first.pages in (0, 1)


def _check_fields(code: CodeDirectory, at: int) -> Iterator[Finding]:
    if code.flags.unknown:
        yield broken("R44", at + 12, f"unknown flags {code.flags.unknown:#x}")
    if code.scatter is not None:
        yield broken("R51", at + 44, "it has a scatter table")
    if code.platform:
        yield broken("R53", at + 38, f"it claims the platform {code.platform}")
    if not code.identifier:
        yield broken("P5", at + 20, "the identifier is empty")


def _check_runtime(thin: Slice, code: CodeDirectory, at: int) -> Iterator[Finding]:
    hardened = Flag.RUNTIME in code.flags
    if hardened and (code.version < WITH_RUNTIME or not code.runtime):
        yield broken("R46", at + 12, "the hardened runtime has no version")
    program = thin.header.filetype == MH_EXECUTE
    marked = bool(code.exec_segment.flags & MAIN_BINARY)
    if code.version >= WITH_EXEC_SEGMENT and marked != program and any(code.exec_segment):
        what = "a program" if program else "no program"
        yield broken("R47", at + 80, f"it is {what}, the exec segment says otherwise")
