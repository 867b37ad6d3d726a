"""R22 to R45: the superblob, its code directories, and what they seal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from countersign.codedirectory import CodeDirectory, Flag
from countersign.findings import Enforcer, Finding
from countersign.macho.segment import VM_PROT_EXECUTE
from countersign.macho.slice import SignatureCommand, Slice
from countersign.pagehash import page_count
from countersign.rehash import rehash, rehash_pages
from countersign.rules import broken
from countersign.signature import Directory, Signature
from countersign.superblob import Slot, SuperBlob
from countersign.system import System
from countersign.window import Window
from countersign.zeros import first_nonzero

__all__ = ["check_seal"]

MIN_DIRECTORY: Final = 112
"""sizeof(CS_CodeDirectory), which the kernel asks of every version."""

MAGICS: Final = {
    Slot.ENTITLEMENTS: 0xFADE7171,
    Slot.ENTITLEMENTS_DER: 0xFADE7172,
    **dict.fromkeys(Slot.CONSTRAINTS, 0xFADE8181),
}
EMBEDDED: Final = (Slot.REQUIREMENTS, *MAGICS)
"""The special slots whose contents are blobs; those of the others lie outside the signature."""


def check_seal(
    data: Window,
    thin: Slice,
    command: SignatureCommand,
    signature: Signature,
    system: System,
    pages: Sequence[range] | None = None,
) -> Iterator[Finding]:
    """Check the signature of the slice ``data`` and everything that it covers.

    Where ``pages`` is given, only pages with bytes in these ranges of the file are hashed.
    """
    start = thin.base + command.data_offset
    yield from _check_superblob(signature.superblob, start)
    rest = data.part(command.data_offset + signature.superblob.length, command.data_end)
    dirt = first_nonzero(rest)
    if dirt is not None:
        at = start + signature.superblob.length + dirt
        yield broken("R34", at, "there are bytes behind the superblob")
    yield from _check_directories(signature, start)
    yield from _check_trust(signature, start)
    for directory in signature.directories:
        findings = list(_check_header(thin, command, directory, start, system))
        yield from findings
        yield from _check_slots(data, thin, signature, directory, start)
        if not any(finding.rule in ("R32", "R39") for finding in findings):
            yield from _check_pages(data, thin, directory, pages)


def _check_superblob(superblob: SuperBlob, start: int) -> Iterator[Finding]:
    end = 12 + 8 * len(superblob.blobs)
    seen: set[int] = set()
    for blob in sorted(superblob.blobs, key=lambda each: each.offset):
        at = start + blob.offset
        if blob.offset != end:
            yield broken("R25", at, f"slot {blob.slot:#x} starts at {blob.offset}, not at {end}")
        end = max(end, blob.offset + len(blob.data))
        wanted = MAGICS.get(blob.slot, blob.magic)
        if blob.magic != wanted:
            yield broken("R26", at, f"slot {blob.slot:#x} has magic {blob.magic:#x}")
        if blob.slot in MAGICS and blob.slot in seen:
            yield broken("R26", at, f"there are several blobs for slot {blob.slot:#x}")
        seen.add(blob.slot)
    if end != superblob.length:
        yield broken("R25", start + end, f"the blobs end at {end}, the index says otherwise")


def _check_directories(signature: Signature, start: int) -> Iterator[Finding]:
    if signature.superblob.find(Slot.CODE_DIRECTORY) is None:
        yield broken("R28", start, "slot 0 is empty")
    seen: set[int] = set()
    for blob, code in signature.directories:
        if code.hash_type in seen:
            message = f"there are two code directories with {code.hash_type.name}"
            yield broken("R29", start + blob.offset, message)
        seen.add(code.hash_type)


def _check_trust(signature: Signature, start: int) -> Iterator[Finding]:
    """Check who vouches, as ``SecStaticCode::validateDirectory`` in StaticCode.cpp asks."""
    blob, code = signature.best
    at = start + blob.offset
    adhoc, has_cms = Flag.ADHOC in code.flags, signature.superblob.has_cms
    if not adhoc and not has_cms:
        yield broken("R45", at + 12, "it is not marked ad-hoc, and no certificate signed it")
    if adhoc and has_cms:
        yield broken("P1", at + 12, "it is marked ad-hoc, and a certificate signed it")
    if adhoc and code.team:
        yield broken("P2", at, f"it claims the team {code.team!r}")
    if code.flags.unknown:
        yield broken("R44", at + 12, f"unknown flags {code.flags.unknown:#x}")
    if has_cms:
        yield broken("N1", start, "the certificate's signature was NOT checked")


def _check_header(
    thin: Slice, command: SignatureCommand, directory: Directory, start: int, system: System
) -> Iterator[Finding]:
    blob, code = directory
    at = start + blob.offset
    if len(blob.data) < MIN_DIRECTORY:
        yield broken("R30", at + 4, f"{len(blob.data)} bytes are fewer than {MIN_DIRECTORY}")
    if code.page_size not in system.page_sizes(arm64=thin.is_arm64):
        yield broken("R32", at + 39, f"pages of {code.page_size} bytes on {thin.arch}")
        return
    if code.code_limit != command.data_offset:
        yield _wrong_limit(directory, command, at)
    pages = page_count(code.code_limit, code.page_size)
    if code.code_count != pages:
        yield broken("R39", at + 28, f"{code.code_count} hashes for {pages} pages")
    partial = code.code_limit // code.page_size * code.page_size
    for segment in thin.segments:
        executable = segment.initprot & VM_PROT_EXECUTE and segment.filesize
        if executable and code.code_limit % code.page_size and segment.end > partial:
            message = f"{segment.name} reaches into the last page, which is signed in part"
            yield broken("R40", thin.base + partial, message)


def _wrong_limit(directory: Directory, command: SignatureCommand, at: int) -> Finding:
    """Judge a code limit: dyld forgives what is less than a page, the kernel only emptiness."""
    code = directory.code
    enforced_by = [Enforcer.CODESIGN_STRICT]
    if page_count(code.code_limit, code.page_size) * code.page_size < command.data_offset:
        enforced_by.insert(0, Enforcer.DYLD)
    if code.code_limit == 0:
        enforced_by.insert(0, Enforcer.KERNEL)
    message = f"{code.code_limit} bytes are signed, the signature is at {command.data_offset}"
    return broken("R33", at + 32, message, enforced_by=enforced_by)


def _check_slots(
    data: Window, thin: Slice, signature: Signature, directory: Directory, start: int
) -> Iterator[Finding]:
    """Check the special slots (``SecStaticCode::component``, ``csblob_find_special_slot``)."""
    blob, code = directory
    at = start + blob.offset
    for slot in EMBEDDED:
        sealed, part = code.special_slot(slot), signature.superblob.find(slot)
        if part is None and sealed is not None:
            yield broken("R41", at, f"slot {slot} is sealed, but what it seals is missing")
        elif part is not None and sealed is None and slot in MAGICS:
            yield broken("R42", start + part.offset, f"slot {slot} is there, but not sealed")
        elif part is not None and sealed is not None and code.hash_type.digest(part.data) != sealed:
            yield broken("R41", start + part.offset, f"slot {slot} is not what was sealed")
    yield from _check_info_plist(data, thin, directory)


def _check_info_plist(data: Window, thin: Slice, directory: Directory) -> Iterator[Finding]:
    """Check an embedded Info.plist; in a bundle (it seals resources) the slot means another."""
    code, section = directory.code, thin.info_plist
    sealed = code.special_slot(Slot.INFO_PLIST)
    if section is None or sealed is None or code.special_slot(Slot.RESOURCES) is not None:
        return
    plist = data.part(section.offset, section.offset + section.size)
    if rehash(plist, code.hash_type) != sealed:
        yield broken("R41", thin.base + section.offset, "the Info.plist is not what was sealed")


def _check_pages(
    data: Window, thin: Slice, directory: Directory, pages: Sequence[range] | None
) -> Iterator[Finding]:
    """Hash the signed bytes again, for every directory (``SecStaticCode::validateExecutable``)."""
    code = directory.code
    if code.code_limit > len(data):
        message = f"{code.code_limit} bytes are signed, {len(data)} are there"
        yield broken("R27", thin.base + len(data), message)
        return
    wrong = [
        page for run in _page_runs(thin, code, pages) for page in _wrong_pages(data, code, run)
    ]
    if not wrong:
        return
    message = f"page {wrong[0]} was changed after it was signed"
    if len(wrong) > 1:
        message = f"{len(wrong)} pages of {code.code_count} were changed, page {wrong[0]} first"
    yield broken("R27", thin.base + wrong[0] * code.page_size, message)


def _page_runs(thin: Slice, code: CodeDirectory, pages: Sequence[range] | None) -> Iterator[range]:
    """Give the numbers of the pages to hash, as runs, each page in one run at most."""
    if pages is None:
        yield range(code.code_count)
        return
    done = 0
    for place in sorted(pages, key=lambda each: each.start):
        start = max(done, (place.start - thin.base) // code.page_size)
        stop = min(page_count(place.stop - thin.base, code.page_size), code.code_count)
        yield range(start, stop)
        done = max(done, stop)


def _wrong_pages(data: Window, code: CodeDirectory, run: range) -> list[int]:
    size = code.hash_type.size
    end = min(run.stop * code.page_size, code.code_limit)
    covered = data.part(run.start * code.page_size, end)
    found = rehash_pages(covered, code.page_size, code.hash_type)
    if found == code.hashes[run.start * size : run.stop * size]:
        return []
    return [
        page
        for at, page in enumerate(run)
        if found[at * size : (at + 1) * size] != code.hashes[page * size : (page + 1) * size]
    ]
