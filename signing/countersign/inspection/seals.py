"""What a code directory seals, beside what is there: special slots and pages.

Sources: ``SecStaticCode::component`` and ``validateExecutable`` in Security's StaticCode.cpp.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countersign.checks.pages import is_padded
from countersign.codedirectory import CodeDirectory
from countersign.digest import HashType
from countersign.findings import Finding
from countersign.inspection.facts import (
    DirectoryInspection,
    SealState,
    SignatureInspection,
    SpecialSlot,
)
from countersign.inspection.slotnames import slot_name
from countersign.macho.slice import Slice
from countersign.pagehash import page_count
from countersign.rehash import rehash, rehash_pages
from countersign.rules import broken
from countersign.signature import Directory
from countersign.superblob import Slot, SuperBlob
from countersign.window import Window

__all__ = ["broken_seals", "covering", "ends_padded", "special_slots", "wrong_pages"]

EMBEDDED: Final = (
    Slot.REQUIREMENTS,
    Slot.ENTITLEMENTS,
    Slot.ENTITLEMENTS_DER,
    *Slot.CONSTRAINTS,
)
"""The special slots that seal a blob of the superblob."""
PAGES: Final = (0x1000, 0x4000)
"""The sizes of pages that systems have; what is signed in others is not hashed."""


def special_slots(
    data: Window, thin: Slice, blobs: SuperBlob, directory: Directory
) -> Iterator[SpecialSlot]:
    """Compare the special slots of a directory of the slice ``data`` with what they seal."""
    code = directory.code
    there = {
        slot: Window.over(blob.data) for slot in EMBEDDED if (blob := blobs.find(slot)) is not None
    }
    embedded = set(EMBEDDED)
    if code.special_slot(Slot.RESOURCES) is None:  # else it is the bundle's Info.plist
        embedded.add(Slot.INFO_PLIST)
        section = thin.info_plist
        if section is not None and section.offset + section.size <= len(data):
            end = section.offset + section.size
            there[Slot.INFO_PLIST] = data.part(section.offset, end)
    sealed = (slot for slot in range(1, len(code.special) + 1) if code.special_slot(slot))
    for slot in sorted({*sealed, *there}):
        digest, content = code.special_slot(slot), there.get(slot)
        absent = SealState.MISSING if slot in embedded else SealState.OUTSIDE
        yield SpecialSlot(slot, digest, _state(digest, content, code.hash_type, absent))


def _state(
    digest: bytes | None, content: Window | None, hash_type: HashType, absent: SealState
) -> SealState:
    if digest is None:
        return SealState.UNSEALED
    if content is None:
        return absent
    return SealState.MATCHES if rehash(content, hash_type) == digest else SealState.DIFFERS


def covering(code: CodeDirectory, best: CodeDirectory) -> CodeDirectory:
    """Give a directory the limit and the pages of the best one, by which codesign goes."""
    return best._replace(hash_type=code.hash_type, hashes=code.hashes)


def wrong_pages(data: Window, code: CodeDirectory) -> tuple[int, ...] | None:
    """Hash the signed bytes again, and give the pages that differ or are not there.

    None where a scatter table takes hashes away, so that their pages are not known.
    """
    if code.scatter is not None:
        return None
    size = code.hash_type.size
    found = _hashes(data, code)
    signed = page_count(code.code_limit, code.page_size) if code.page_size else 1
    return tuple(
        page
        for page in range(min(code.code_count, signed))
        if found[page * size : (page + 1) * size] != code.hashes[page * size : (page + 1) * size]
    )


def _hashes(data: Window, code: CodeDirectory) -> bytes:
    if code.page_size == 0:
        return rehash(data.part(0, code.code_limit), code.hash_type)
    if code.page_size not in PAGES:
        return b""
    covered = data.part(0, min(code.code_limit, code.page_size * code.code_count))
    return rehash_pages(covered, code.page_size, code.hash_type)


def ends_padded(data: Window, code: CodeDirectory) -> bool:
    """Tell whether the last page was hashed as if it were filled up with zeros."""
    there = 0 < code.code_limit <= len(data)
    return there and code.page_size in PAGES and is_padded(data, code)


def broken_seals(thin: Slice, signature: SignatureInspection, *, whole: bool) -> Iterator[Finding]:
    """Say what is not as it was sealed.

    Where the superblob is not ``whole``, what is missing may just not have been found.
    """
    start = thin.base + signature.command.data_offset
    for directory in signature.directories:
        for slot, _, state in directory.special:
            if state is SealState.DIFFERS:
                yield _broken_slot(start, directory, slot, "is not what was sealed")
            elif state is SealState.MISSING and whole:
                yield _broken_slot(start, directory, slot, "is sealed, but missing")
        yield from _broken_pages(thin, directory)


def _broken_slot(start: int, directory: DirectoryInspection, slot: int, problem: str) -> Finding:
    rule = "R62" if slot == Slot.INFO_PLIST else "R41"
    name = directory.code.hash_type.label
    message = f"{slot_name(slot)} {problem} in the {name} code directory"
    return broken(rule, start + directory.offset, message)


def _broken_pages(thin: Slice, directory: DirectoryInspection) -> Iterator[Finding]:
    code, wrong = directory.code, list(directory.wrong_pages or ())
    if directory.padded:
        last = wrong.pop()
        message = f"the hash of page {last}, the last one, is that of a page filled with zeros"
        yield broken("R64", thin.base + last * code.page_size, message)
    if wrong:
        pages = f"{len(wrong)} of {code.code_count} {code.hash_type.label} pages"
        message = f"{pages} differ, page {wrong[0]} first"
        yield broken("R27", thin.base + wrong[0] * code.page_size, message)
