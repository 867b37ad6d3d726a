"""Writing an image anew: where its slices come to lie, and their bytes up to a new end.

This is what signing and removing have in common. Universal files are laid out as
``code_sign_allocate`` in Security's codesign_alloc.cpp does, with zeros between the slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from countersign.errors import NotSignableError
from countersign.macho.fat import fat_header, repack
from countersign.macho.patch import Patch
from countersign.pagehash import hash_pages
from countersign.reading import MachOFile
from countersign.rounding import round_up
from countersign.sink import Sink
from countersign.source import Source
from countersign.transfer import Hashing, transfer

__all__ = ["Extent", "Layout", "lay_out", "write_code", "write_table"]

UNIT: Final = 0x4000
"""Ranges are cut at multiples of the largest page size, so that each holds whole pages."""
MAX_FILE: Final = 0xFFFFFFFF
"""The table of a universal file has 32-bit fields."""


class Extent(NamedTuple):
    """Where a slice lies in the old file and in the new one, in bytes from their starts."""

    base: int
    old_end: int
    at: int
    end: int


class Layout(NamedTuple):
    """A new file: the table of a universal one, and where its slices lie."""

    table: bytes
    extents: tuple[Extent, ...]

    @property
    def size(self) -> int:
        """Bytes of the new file."""
        return self.extents[-1].end


def lay_out(image: MachOFile, sizes: Sequence[int], aligns: Sequence[int] = ()) -> Layout:
    """Find places for slices of new ``sizes``; for ``aligns`` see :func:`repack`.

    Raises :class:`NotSignableError` when the result is too large for a universal file.
    """
    if not image.archs:
        (part,), (size,) = image.parts, sizes
        extent = Extent(base=0, old_end=part.thin.size, at=0, end=size)
        return Layout(table=b"", extents=(extent,))
    placed = repack(image.archs, sizes, aligns)
    if placed[-1].end > MAX_FILE:
        raise NotSignableError("a universal file of 4 GiB or more")
    return Layout(
        table=fat_header(placed),
        extents=tuple(
            Extent(base=old.offset, old_end=old.end, at=new.offset, end=new.end)
            for old, new in zip(image.archs, placed, strict=True)
        ),
    )


def write_table(sink: Sink, layout: Layout) -> None:
    """Write the table, and zeros between it and the slices and between those."""
    sink.write(0, layout.table)
    end = len(layout.table)
    for extent in layout.extents:
        sink.write(end, bytes(extent.at - end))
        end = extent.end


def write_code(
    source: Source,
    sink: Sink,
    extent: Extent,
    *,
    patches: Sequence[Patch],
    limit: int,
    hashing: Hashing,
) -> tuple[bytes, ...]:
    """Write the first ``limit`` bytes of a slice, patched, with zeros where the old one had ended.

    Gives the digests of its pages for each hash type. Only what is patched or padded, in whole
    pages, passes through memory.
    """
    there = min(extent.old_end - extent.base, limit)
    patched = max((patch.end for patch in patches), default=0)
    head_end = min(round_up(patched, UNIT), limit)
    tail_start = max(there // UNIT * UNIT, head_end)  # file systems share whole blocks only
    head = _patched(source, extent, min(head_end, there), patches).ljust(head_end, b"\0")
    tail = b""
    if tail_start < limit:
        tail = source.read(extent.base + tail_start, max(0, there - tail_start))
        tail = tail.ljust(limit - tail_start, b"\0")
    parts = [_write(sink, extent.at, head, hashing)]
    parts.append(
        transfer(
            source,
            extent.base + head_end,
            tail_start - head_end,
            sink,
            extent.at + head_end,
            hashing,
        )
    )
    parts.append(_write(sink, extent.at + tail_start, tail, hashing))
    return tuple(b"".join(digests) for digests in zip(*parts, strict=True))


def _patched(source: Source, extent: Extent, size: int, patches: Sequence[Patch]) -> bytes:
    head = bytearray(source.read(extent.base, size))
    for patch in patches:
        head[patch.offset : patch.end] = patch.data
    return bytes(head)


def _write(sink: Sink, at: int, data: bytes, hashing: Hashing) -> tuple[bytes, ...]:
    if data:
        sink.write(at, data)
    return tuple(hash_pages(data, hashing.page_size, each) for each in hashing.hash_types)
