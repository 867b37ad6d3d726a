"""Look into a file's signatures. Any bytes at all give an answer; only input and output can fail.

Nothing is judged here but what one looks at anyway: a special slot beside what it seals, and
pages, when asked for. Whether macOS accepts a file is for :mod:`countersign.verifier` to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from countersign.codedirectory import CodeDirectory
from countersign.dialect import recognize
from countersign.errors import EntitlementsError, FormatError
from countersign.findings import Finding
from countersign.inspection import (
    BlobEntry,
    BlobMap,
    Constraint,
    DirectoryInspection,
    EntitlementsInspection,
    Gap,
    Inspection,
    SealState,
    SignatureInspection,
    SliceInspection,
    SpecialSlot,
)
from countersign.macho.fat import FatArch, parse_fat, starts_fat, starts_fat64
from countersign.macho.header import FILE_TYPES, claimed_architecture, starts_thin
from countersign.macho.slice import SignatureCommand, Slice, parse_slice
from countersign.mapping import map_file
from countersign.pagehash import available_threads, hash_pages
from countersign.propertylist import parse_property_list
from countersign.recognition import recognize_style
from countersign.rules import broken, unreadable
from countersign.salvage import Salvage, salvage
from countersign.signature import Directory, Kind, Signature
from countersign.slotnames import slot_name
from countersign.superblob import Slot, SuperBlob, index_size
from countersign.zeros import first_nonzero

__all__ = ["inspect", "inspect_image"]

HEAD: Final = 8
"""Bytes of magic and length in front of what a blob holds."""
EMBEDDED: Final = (
    Slot.REQUIREMENTS,
    Slot.ENTITLEMENTS,
    Slot.ENTITLEMENTS_DER,
    *Slot.CONSTRAINTS,
)
"""The special slots that seal a blob of the superblob."""
SMALLEST_PAGE: Final = 0x1000
"""Smaller pages than any system has are not hashed: there would be too many of them."""
BROKEN: Final = {
    SealState.DIFFERS: "is not what was sealed",
    SealState.MISSING: "is sealed, but missing",
}


def inspect(path: Path, *, hashes: bool = False) -> Inspection:
    """Look into the signatures of the file at ``path``; ``hashes`` checks every page too.

    Raises :class:`ReadError` when it cannot be read, and nothing else.
    """
    return inspect_image(map_file(path), path=str(path), hashes=hashes)


def inspect_image(
    data: bytes | memoryview, *, path: str, member: str | None = None, hashes: bool = False
) -> Inspection:
    """Look into a whole file given as its bytes; ``path`` and ``member`` only name it.

    ``hashes`` checks every page too. Never raises.
    """
    view = memoryview(data)
    if starts_thin(view):
        return Inspection(path=path, member=member, slices=(_slice(view, 0, None, hashes),))
    try:
        archs = _table(view)
    except FormatError as error:
        return Inspection(path=path, member=member, problems=(unreadable(error),))
    slices = tuple(
        _slice(view[arch.offset : arch.end], arch.offset, arch, hashes) for arch in archs
    )
    return Inspection(path=path, member=member, universal=True, slices=slices)


def _table(view: memoryview) -> tuple[FatArch, ...]:
    if starts_fat64(view):
        raise FormatError("universal header", 0, "its table has 64-bit fields", rule="R1")
    if not starts_fat(view):
        raise FormatError("file", 0, "it is not a Mach-O", rule="R1")
    return parse_fat(view)


def _slice(data: memoryview, base: int, declared: FatArch | None, hashes: bool) -> SliceInspection:
    """Look into the slice ``data``, which begins ``base`` bytes into the file."""
    try:
        thin = parse_slice(data, base)
    except FormatError as error:
        arch = declared.name if declared else claimed_architecture(data)
        return SliceInspection(
            arch=arch, offset=base, size=len(data), problems=(unreadable(error),)
        )
    signature, problems = None, []
    if thin.signature is not None:
        room = data[thin.signature.data_offset : thin.signature.data_end]
        found = salvage(room, thin.base + thin.signature.data_offset)
        signature = _signature(data, thin, thin.signature, found, hashes)
        problems = [*_unreadable(thin, thin.signature, found), *_broken_seals(thin, signature)]
    return SliceInspection(
        arch=thin.arch,
        offset=base,
        size=len(data),
        file_type=FILE_TYPES.get(thin.header.filetype, f"file of type {thin.header.filetype}"),
        target=thin.targets[0] if thin.targets else None,
        uuid=thin.uuid.hex() if thin.uuid is not None else None,
        info_plist=thin.info_plist.size if thin.info_plist else None,
        signature=signature,
        problems=tuple(problems),
    )


def _signature(
    data: memoryview, thin: Slice, command: SignatureCommand, found: Salvage, hashes: bool
) -> SignatureInspection:
    room = data[command.data_offset : command.data_end]
    blobs, signature = found.superblob, None
    if found.directories:
        signature = Signature(superblob=blobs, directories=found.directories)
    linked = signature is not None and signature.kind is Kind.LINKER
    return SignatureInspection(
        command=command,
        blobs=_map(found, room),
        kind=signature.kind if signature else None,
        style=recognize_style(thin, signature) if signature else None,
        dialect=recognize(thin, signature) if linked else None,
        directories=tuple(
            DirectoryInspection(
                slot=each.blob.slot,
                offset=each.blob.offset,
                size=len(each.blob.data),
                code=each.code,
                digest=each.code.hash_type.digest(each.blob.data),
                best=signature is not None and each is signature.best,
                special=tuple(_special(data, thin, blobs, each)),
                wrong_pages=tuple(_wrong_pages(data, each.code)) if hashes else None,
            )
            for each in found.directories
        ),
        entitlements=_entitlements(blobs),
        requirements=_content(blobs, Slot.REQUIREMENTS, start=0),
        cms=_content(blobs, Slot.CMS) or None,
        constraints=tuple(
            Constraint(slot, content)
            for slot in Slot.CONSTRAINTS
            if (content := _content(blobs, slot)) is not None
        ),
    )


def _map(found: Salvage, room: memoryview) -> BlobMap:
    index, padding = found.index, room[found.index.length :]
    entries = tuple(
        BlobEntry(each.slot, each.offset, each.magic, each.length, each.blob is not None)
        for each in found.entries
    )
    return BlobMap(
        magic=index.magic,
        length=index.length,
        count=index.claimed,
        entries=entries,
        gaps=tuple(_gaps(found.superblob, room[: index.length], len(entries))),
        padding=len(padding),
        padding_empty=first_nonzero(padding) is None,
    )


def _gaps(blobs: SuperBlob, whole: memoryview, count: int) -> Iterator[Gap]:
    """Give what lies between the index of ``count`` entries and the blobs, and behind them."""
    end = index_size(count)
    ranges = [(blob.offset, blob.offset + len(blob.data)) for blob in blobs.blobs]
    for start, stop in [*sorted(ranges), (len(whole), len(whole))]:
        if start > end:
            yield Gap(end, start - end, first_nonzero(whole[end:start]) is None)
        end = max(end, stop)


def _special(
    data: memoryview, thin: Slice, blobs: SuperBlob, directory: Directory
) -> Iterator[SpecialSlot]:
    """Compare the special slots with what they seal, as ``SecStaticCode::component`` does."""
    code = directory.code
    there: dict[int, bytes | memoryview] = {
        slot: blob.data for slot in EMBEDDED if (blob := blobs.find(slot)) is not None
    }
    if thin.info_plist is not None and code.special_slot(Slot.RESOURCES) is None:
        section = thin.info_plist
        there[Slot.INFO_PLIST] = data[section.offset : section.offset + section.size]
    sealed = (slot for slot in range(1, len(code.special) + 1) if code.special_slot(slot))
    for slot in sorted({*sealed, *there}):
        digest, content = code.special_slot(slot), there.get(slot)
        yield SpecialSlot(slot, digest, _state(slot, digest, content, directory))


def _state(
    slot: int, digest: bytes | None, content: bytes | memoryview | None, directory: Directory
) -> SealState:
    if digest is None:
        return SealState.UNSEALED
    if content is None:
        return SealState.MISSING if slot in EMBEDDED else SealState.OUTSIDE
    same = directory.code.hash_type.digest(content) == digest
    return SealState.MATCHES if same else SealState.DIFFERS


def _wrong_pages(data: memoryview, code: CodeDirectory) -> Iterator[int]:
    """Hash the signed bytes again, and give the pages that differ or are not there."""
    if 0 < code.page_size < SMALLEST_PAGE:
        yield from range(code.code_count)
        return
    page_size, size = code.page_size or max(1, code.code_limit), code.hash_type.size
    covered = data[: min(code.code_limit, page_size * code.code_count)]
    found = hash_pages(covered, page_size, code.hash_type, threads=available_threads())
    for page in range(code.code_count):
        place = slice(page * size, (page + 1) * size)
        if found[place] != code.hashes[place]:
            yield page


def _entitlements(blobs: SuperBlob) -> EntitlementsInspection | None:
    xml, der = _content(blobs, Slot.ENTITLEMENTS), _content(blobs, Slot.ENTITLEMENTS_DER)
    if xml is None and der is None:
        return None
    values = None
    if xml is not None:
        with suppress(EntitlementsError):
            values = parse_property_list(xml)
    text = xml.decode("utf-8", "backslashreplace") if xml is not None else None
    return EntitlementsInspection(xml=text, values=values, der=der)


def _content(blobs: SuperBlob, slot: int, *, start: int = HEAD) -> bytes | None:
    """Copy what the first blob of a slot holds."""
    blob = blobs.find(slot)
    return bytes(blob.data[start:]) if blob is not None else None


def _unreadable(thin: Slice, command: SignatureCommand, found: Salvage) -> Iterator[Finding]:
    if command.data_end > thin.size:
        message = f"the signature ends at {command.data_end}, the slice at {thin.size}"
        yield broken("R12", thin.base + command.offset, message)
    yield from map(unreadable, found.problems)


def _broken_seals(thin: Slice, signature: SignatureInspection) -> Iterator[Finding]:
    start = thin.base + signature.command.data_offset
    for directory in signature.directories:
        name = directory.code.hash_type.algorithm
        for slot, _, state in directory.special:
            if state in BROKEN:
                message = f"{slot_name(slot)} {BROKEN[state]} in the {name} code directory"
                yield broken("R41", start + directory.offset, message)
        if directory.wrong_pages:
            first, count = directory.wrong_pages[0], len(directory.wrong_pages)
            message = (
                f"{count} of {directory.code.code_count} {name} pages differ, page {first} first"
            )
            yield broken("R27", thin.base + first * directory.code.page_size, message)
