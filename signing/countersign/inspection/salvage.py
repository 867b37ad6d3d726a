"""As much of a damaged signature as can still be read, and what is wrong with the rest.

The kernel and codesign take a signature whole or not at all, and so does
:func:`countersign.signature.parse_signature`. People who look into a broken file want to see what
is left of it. What is read here is judged by the same code and named by the same rules.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from countersign import codedirectory, superblob
from countersign.codedirectory import CodeDirectory
from countersign.errors import FormatError
from countersign.signature import MAX_DIRECTORIES, Directory
from countersign.superblob import (
    READ,
    Blob,
    Index,
    Slot,
    SuperBlob,
    index_size,
    read_blob,
    read_index,
)

__all__ = ["Entry", "Salvage", "salvage"]

_HEAD: Final = struct.Struct(">2I")
"""The magic and the length that every blob begins with."""


class Entry(NamedTuple):
    """One entry of the index, and what it points to."""

    slot: int
    offset: int
    """From the start of the superblob; 0 points to nothing."""
    magic: int | None
    """None when the blob's first bytes are not there."""
    length: int | None
    """Bytes of the blob, as it says itself."""
    blob: Blob | None
    """None when it is not there as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """What could be read."""

    index: Index
    entries: tuple[Entry, ...]
    directories: tuple[Directory, ...]
    """The code directories that make sense, in index order."""
    problems: tuple[FormatError, ...]
    """Everything that could not be read; empty for a signature that can be parsed."""

    @property
    def superblob(self) -> SuperBlob:
        """The blobs that are whole."""
        blobs = tuple(entry.blob for entry in self.entries if entry.blob is not None)
        return SuperBlob(blobs=blobs, length=self.index.length)


def salvage(data: memoryview, base: int = 0) -> Salvage:
    """Read the signature at the start of ``data``, which may be longer or cut short.

    ``base`` is where it starts in the file. Never raises, whatever the bytes are.
    """
    index, problems = read_index(data, base)
    pairs = tuple(_pairs(index, problems))
    whole = data[: index.length]
    entries: list[Entry] = []
    failed = list(problems)
    for slot, offset in pairs:
        blob = None
        if _points(index, slot, offset):
            try:
                blob = read_blob(whole, slot, offset, first=_first(index, pairs), base=base)
            except FormatError as error:
                failed.append(error)
        head = bytes(whole[offset : offset + _HEAD.size]) if offset or blob else b""
        magic, length = _HEAD.unpack(head) if len(head) == _HEAD.size else (None, None)
        entries.append(Entry(slot, offset, magic, length, blob))
    directories = tuple(_directories(entries, base, failed))
    if not directories and not failed:
        failed.append(FormatError("superblob", base, "it holds no code directory", rule="R28"))
    return Salvage(
        index=index, entries=tuple(entries), directories=directories, problems=tuple(failed)
    )


def _pairs(index: Index, problems: tuple[FormatError, ...]) -> Iterator[tuple[int, int]]:
    """Give slot and offset of every entry that is one.

    A bare code directory is an entry by itself. Where the index is damaged, it is taken to end
    where the first blob begins.
    """
    if index.magic == codedirectory.MAGIC:
        yield Slot.CODE_DIRECTORY, 0
    if index.magic != superblob.MAGIC:
        return
    end = index.length
    for number, (slot, offset) in enumerate(index.entries, 1):
        if problems and index_size(number) > end:
            return
        if _points(index, slot, offset):
            end = min(end, max(offset, index_size(1)))
        yield slot, offset


def _points(index: Index, slot: int, offset: int) -> bool:
    """Tell whether an entry points to anything; 0 is nothing, where nothing must be."""
    return bool(offset) or slot in READ or index.magic == codedirectory.MAGIC


def _first(index: Index, pairs: tuple[tuple[int, int], ...]) -> int:
    """Say where the first blob may begin."""
    return 0 if index.magic == codedirectory.MAGIC else index_size(len(pairs))


def _directories(entries: list[Entry], base: int, failed: list[FormatError]) -> Iterator[Directory]:
    blobs = tuple(entry.blob for entry in entries if entry.blob is not None)
    found = SuperBlob(blobs=blobs, length=0).directories
    for blob in found[:MAX_DIRECTORIES]:
        try:
            yield Directory(blob, CodeDirectory.parse(blob.data, base + blob.offset))
        except FormatError as error:
            failed.append(error)
    if len(found) > MAX_DIRECTORIES:
        failed.append(FormatError("superblob", base, f"{len(found)} code directories", rule="R29"))
