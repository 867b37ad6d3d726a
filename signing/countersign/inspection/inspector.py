"""Look into a file's signatures. Any bytes at all give an answer; only input and output can fail.

Nothing is judged here but what one looks at anyway: a special slot beside what it seals, and
pages, when asked for. Whether macOS accepts a file is for :mod:`countersign.verifier` to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from countersign.checks.container import slice_fits
from countersign.codedirectory import Flag
from countersign.dialect import recognize
from countersign.errors import FormatError
from countersign.findings import Finding
from countersign.inspection.contents import inspect_contents
from countersign.inspection.facts import (
    BlobEntry,
    BlobMap,
    DirectoryInspection,
    Gap,
    Inspection,
    SignatureInspection,
    SliceInspection,
)
from countersign.inspection.recognition import recognize_style
from countersign.inspection.salvage import Salvage, salvage
from countersign.inspection.seals import (
    broken_seals,
    covering,
    ends_padded,
    special_slots,
    wrong_pages,
)
from countersign.macho.fat import MAX_TABLE, FatArch, parse_fat, starts_fat, starts_fat64
from countersign.macho.header import FILE_TYPES, MH_EXECUTE, claimed_architecture, starts_thin
from countersign.macho.slice import SignatureCommand, Slice, parse_slice
from countersign.reading import read_head
from countersign.rules import broken, unreadable
from countersign.signature import MAX_SIGNATURE, Directory, Kind, Signature
from countersign.source import BytesSource, Source, open_source
from countersign.superblob import SuperBlob, index_size
from countersign.window import Window
from countersign.zeros import first_nonzero

__all__ = ["inspect", "inspect_image", "inspect_source"]


def inspect(path: Path, *, hashes: bool = False) -> Inspection:
    """Look into the signatures of the file at ``path``; ``hashes`` checks every page too.

    Raises :class:`ReadError` when it cannot be read, :class:`ChangedError` when it was changed
    meanwhile, and nothing else.
    """
    with open_source(path) as source:
        found = inspect_source(source, path=str(path), hashes=hashes)
        source.expect_unchanged(path)
    return found


def inspect_image(
    data: bytes | memoryview, *, path: str, member: str | None = None, hashes: bool = False
) -> Inspection:
    """Look into a whole file given as its bytes; ``path`` and ``member`` only name it.

    ``hashes`` checks every page too. Never raises.
    """
    return inspect_source(BytesSource(data), path=path, member=member, hashes=hashes)


def inspect_source(
    source: Source, *, path: str, member: str | None = None, hashes: bool = False
) -> Inspection:
    """Look into a whole file as :func:`inspect_image` does. Raises what the source raises."""
    window = Window(source)
    if starts_thin(window[:MAX_TABLE]):
        return Inspection(path=path, member=member, slices=(_slice(window, None, hashes),))
    try:
        archs = _table(window[:MAX_TABLE])
    except FormatError as error:
        return Inspection(path=path, member=member, problems=(unreadable(error),))
    slices = tuple(_slice(window.part(arch.offset, arch.end), arch, hashes) for arch in archs)
    problems = tuple(
        broken("R3", arch.offset, f"the {arch.name} slice does not fit into the file")
        for arch in archs
        if not slice_fits(arch, len(archs), len(window))
    )
    return Inspection(path=path, member=member, universal=True, slices=slices, problems=problems)


def _table(view: memoryview) -> tuple[FatArch, ...]:
    if starts_fat64(view):
        raise FormatError("universal header", 0, "its table has 64-bit fields", rule="R1")
    if not starts_fat(view):
        raise FormatError("file", 0, "it is not a Mach-O", rule="R1")
    return parse_fat(view)


def _slice(data: Window, declared: FatArch | None, hashes: bool) -> SliceInspection:
    """Look into one slice."""
    base, size = data.start, len(data)
    try:
        thin = parse_slice(read_head(data), base, size=size)
    except FormatError as error:
        arch = declared.name if declared else claimed_architecture(data[:MAX_TABLE])
        return SliceInspection(arch=arch, offset=base, size=size, problems=(unreadable(error),))
    signature, problems = None, []
    if thin.signature is not None:
        place = _room(data, thin.signature)
        found = salvage(place[:MAX_SIGNATURE], thin.base + thin.signature.data_offset)
        signature = _signature(data, thin, thin.signature, found, hashes)
        problems = [
            *_unreadable(thin, thin.signature, found),
            *signature.contents.problems,
            *broken_seals(thin, signature, whole=not found.problems),
        ]
    return SliceInspection(
        arch=thin.arch,
        offset=base,
        size=size,
        file_type=FILE_TYPES.get(thin.header.filetype, f"file of type {thin.header.filetype}"),
        target=thin.targets[0] if thin.targets else None,
        uuid=thin.uuid.hex() if thin.uuid is not None else None,
        info_plist=thin.info_plist.size if thin.info_plist else None,
        signature=signature,
        problems=tuple(problems),
    )


def _room(data: Window, command: SignatureCommand) -> Window:
    """Look at what is set aside for the signature, as far as it is there."""
    return data.part(command.data_offset, command.data_end)


def _signature(
    data: Window, thin: Slice, command: SignatureCommand, found: Salvage, hashes: bool
) -> SignatureInspection:
    blobs, signature = found.superblob, None
    if found.directories:
        signature = Signature(superblob=blobs, directories=found.directories)
    best = signature.best if signature else None
    linked = signature is not None and signature.kind is Kind.LINKER
    return SignatureInspection(
        command=command,
        blobs=_map(found, _room(data, command)),
        kind=signature.kind if signature else None,
        style=recognize_style(thin, signature) if signature else None,
        dialect=recognize(thin, signature) if linked else None,
        directories=tuple(
            _directory(data, thin, blobs, each, best or each, hashes) for each in found.directories
        ),
        contents=inspect_contents(
            blobs,
            thin.base + command.data_offset,
            is_adhoc=best is not None and Flag.ADHOC in best.code.flags,
        ),
    )


def _directory(
    data: Window,
    thin: Slice,
    blobs: SuperBlob,
    directory: Directory,
    best: Directory,
    hashes: bool,
) -> DirectoryInspection:
    blob, code = directory
    covered = covering(code, best.code)
    wrong = wrong_pages(data, covered) if hashes else None
    return DirectoryInspection(
        slot=blob.slot,
        offset=blob.offset,
        size=len(blob.data),
        code=code,
        digest=code.hash_type.digest(blob.data),
        best=directory is best,
        special=tuple(special_slots(data, thin, blobs, directory)),
        wrong_pages=wrong,
        padded=bool(wrong) and ends_padded(data, covered),
    )


def _map(found: Salvage, room: Window) -> BlobMap:
    index = found.index
    padding = room.part(index.length, len(room))
    entries = tuple(
        BlobEntry(each.slot, each.offset, each.magic, each.length, each.blob is not None)
        for each in found.entries
    )
    return BlobMap(
        magic=index.magic,
        length=index.length,
        claimed=index.claimed,
        entries=entries,
        gaps=tuple(_gaps(found.superblob, room.part(0, index.length), len(entries))),
        padding=len(padding),
        padding_empty=first_nonzero(padding) is None,
    )


def _gaps(blobs: SuperBlob, whole: Window, count: int) -> Iterator[Gap]:
    """Give what lies between the index of ``count`` entries and the blobs, and behind them."""
    end = index_size(count)
    ranges = [(blob.offset, blob.offset + len(blob.data)) for blob in blobs.blobs]
    for start, stop in [*sorted(ranges), (len(whole), len(whole))]:
        if start > end:
            yield Gap(end, start - end, first_nonzero(whole.part(end, start)) is None)
        end = max(end, stop)


def _unreadable(thin: Slice, command: SignatureCommand, found: Salvage) -> Iterator[Finding]:
    """Say what cannot be read; the room of a library's signature may end behind its slice."""
    if command.data_end > thin.size and thin.header.filetype == MH_EXECUTE:
        message = f"the signature ends at {command.data_end}, the slice at {thin.size}"
        yield broken("R12", thin.base + command.offset, message)
    yield from map(unreadable, found.problems)
