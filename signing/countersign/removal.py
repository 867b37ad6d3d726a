"""Taking signatures off again: the file that the linker would have written without one.

``codesign --remove-signature`` (``remove_signature_space`` in Security's codesign_alloc.cpp) takes
the load command and the signature away and leaves __LINKEDIT as large in memory as it had become.
Here it gets the size back that its linker gave it, so that signing and removing are inverses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from countersign.dialect import recognize
from countersign.layout import Layout, lay_out, write_code, write_table
from countersign.macho.patch import COMMAND_SIZE, Patch, resize_segment, set_counts
from countersign.macho.segment import Segment
from countersign.macho.slice import Slice
from countersign.plan import signable_linkedit
from countersign.reading import MachOFile, Part
from countersign.rounding import round_up
from countersign.signature import Kind
from countersign.sink import Sink
from countersign.source import Source
from countersign.transfer import NOT_HASHED

__all__ = ["Removal", "UnsignedSlice", "plan_removal", "remove"]

MAX_PADDING: Final = 15
"""Bytes between the string table and a signature, which starts at a multiple of 16."""
SMALL_PAGE, LARGE_PAGE = 0x1000, 0x4000
LARGE_PAGE_SDKS: Final = range(10 << 16 | 15 << 8, 14 << 16)
MIN_ALIGN: Final = 2
"""``lipo`` aligns slices as their segments are, but at least to this power of two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedSlice:
    """One slice without its signature."""

    limit: int
    """Bytes that are left."""
    patches: tuple[Patch, ...]
    removed_at: int | None = None
    """Where the load command stood; what came after it moved up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A planned file without signatures."""

    slices: tuple[UnsignedSlice, ...]
    layout: Layout


def plan_removal(source: Source, image: MachOFile) -> Removal:
    """Plan what is left of a file when all its signatures are removed.

    Slices of a universal file are placed as ``lipo`` places them. Raises a :class:`SigningError`
    for a file that makes no sense.
    """
    slices = tuple(_unsigned(source, part) for part in image.parts)
    aligns = [max(MIN_ALIGN, part.thin.segment_align) for part in image.parts]
    return Removal(slices=slices, layout=lay_out(image, [each.limit for each in slices], aligns))


def remove(source: Source, sink: Sink, removal: Removal) -> None:
    """Write the file without signatures; raises what the source and the sink raise."""
    write_table(sink, removal.layout)
    for each, extent in zip(removal.slices, removal.layout.extents, strict=True):
        write_code(source, sink, extent, patches=each.patches, limit=each.limit, hashing=NOT_HASHED)


def _unsigned(source: Source, part: Part) -> UnsignedSlice:
    thin, command = part.thin, part.thin.signature
    if command is None:
        return UnsignedSlice(limit=thin.size, patches=())
    linkedit = signable_linkedit(thin)
    start = thin.signature_start
    limit = thin.size if start is None else _code_end(source, part, linkedit, start)
    filesize = limit - linkedit.fileoff
    resized = resize_segment(
        thin, linkedit, filesize=filesize, vmsize=_vmsize(source, part, linkedit, filesize)
    )
    head = bytearray(part.head)
    for patch in (resized, set_counts(thin, commands=-1)):
        head[patch.offset : patch.end] = patch.data
    del head[command.offset : command.offset + COMMAND_SIZE]
    return UnsignedSlice(
        limit=limit,
        patches=(Patch(0, bytes(head) + bytes(COMMAND_SIZE)),),
        removed_at=command.offset,
    )


def _code_end(source: Source, part: Part, linkedit: Segment, data_offset: int) -> int:
    """Find where the file ended before zeros were put between it and the signature."""
    end = sum(part.thin.strings or (data_offset,))
    if not 0 < data_offset - end <= MAX_PADDING or end < linkedit.fileoff:
        return data_offset
    padding = source.read(part.thin.base + end, data_offset - end)
    return data_offset if any(padding) else end


def _vmsize(source: Source, part: Part, linkedit: Segment, filesize: int) -> int:
    """Give __LINKEDIT the size in memory that its linker gives one of ``filesize`` bytes.

    A size that neither a linker nor a signer writes was somebody's choice, and stays.
    """
    units = (1, SMALL_PAGE, LARGE_PAGE, 1 << part.thin.segment_align)
    fits = [unit for unit in units if linkedit.vmsize == round_up(linkedit.filesize, unit)]
    if not fits:
        return linkedit.vmsize
    if _is_exact(part, linkedit):
        return filesize
    if part.thin.is_arm64:
        # Other units than the linker's are those of codesign_allocate or, where the linker's own
        # signature was made anew, of a tool like install_name_tool, which the file came from.
        linked = part.signature is not None and part.signature.kind is Kind.LINKER
        return round_up(filesize, fits[-1] if linked and LARGE_PAGE not in fits else LARGE_PAGE)
    large = _has_large_pages(part.thin) or _was_stripped(source, part.thin)
    return round_up(filesize, LARGE_PAGE if large else SMALL_PAGE)


def _is_exact(part: Part, linkedit: Segment) -> bool:
    """Tell whether the linker was one that does not round, and no tool did so later."""
    if part.signature is not None and part.signature.kind is Kind.LINKER:
        rounded = linkedit.filesize % SMALL_PAGE != 0 and linkedit.vmsize != linkedit.filesize
        return not rounded and recognize(part.thin, part.signature).form.vmsize_unit == 1
    return recognize(part.thin, part.signature).form.vmsize_unit == 1


def _has_large_pages(thin: Slice) -> bool:
    """Tell whether Apple's linker of Xcode 12 to 14 made it, with 16 KiB pages on every CPU."""
    sdk = thin.targets[0].sdk if thin.targets else 0
    return sdk in LARGE_PAGE_SDKS and 1 << thin.segment_align >= LARGE_PAGE


def _was_stripped(source: Source, thin: Slice) -> bool:
    """Tell by the string table whether cctools' ``strip`` wrote it; linkers begin with a space."""
    offset, size = thin.strings or (0, 0)
    if size < 2 or offset + size > thin.size:
        return False
    return source.read(thin.base + offset, 2) == b"\0\0"
