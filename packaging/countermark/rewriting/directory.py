"""Where each member of a zip begins and ends.

Every byte of the file belongs to a member, to the central directory or to its end, or the archive
is refused: what belongs to none could not be put where it is meant to be.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from countermark.errors import RewriteError
from countermark.rewriting.records import (
    DESCRIPTOR,
    ENCRYPTED,
    CentralRecord,
    EndRecord,
    LocalHeader,
    has_zip64,
    read_exactly,
)
from counterproof.trees.safety import telling_damage

__all__ = ["DAMAGE", "ZIP64", "Directory", "Extent", "locate", "read_directory"]

DAMAGE: Final = (struct.error, EOFError, OSError)
ZIP64: Final = "it is a Zip64 archive, or would have to become one"
_LOCATOR: Final = 20
"""Bytes of Zip64's record in front of the end record (APPNOTE.TXT, 4.3.15)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The central directory and what is behind it."""

    records: tuple[CentralRecord, ...]
    end: EndRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """All bytes of one member."""

    index: int
    """Of its record in the directory."""
    record: CentralRecord
    local: LocalHeader
    start: int
    end: int
    """Behind the data descriptor, if there is one."""


def read_directory(file: BinaryIO, archive: zipfile.ZipFile, source: Path) -> Directory:
    """Read the records of ``file`` that ``archive`` has read from it.

    Raises :class:`RewriteError` for an archive in several parts, for Zip64, and for data in front
    of the first member or behind the end; :class:`TreeError` for damage.
    """
    with telling_damage(str(source), DAMAGE):
        start = file.seek(0, os.SEEK_END) - EndRecord.SIZE - len(archive.comment)
        end = EndRecord.read(file, start)
        if end is None:
            raise RewriteError(source, "there is data behind its end")
        if file.seek(max(start - _LOCATOR, 0)) and file.read(4) == b"PK\6\7":
            raise RewriteError(source, ZIP64)
        directory = read_exactly(file, start - end.size, end.size)
        records = tuple(CentralRecord.parse_all(directory))
    for problem, found in (
        (ZIP64, any(has_zip64(record.sums, record.extra) for record in records)),
        ("it is one of several parts", end.parts or any(record.disk for record in records)),
        ("there is data in front of it", start - end.size != end.offset),
        ("it can be read in two ways", len(archive.infolist()) != len(records)),
    ):
        if found:
            raise RewriteError(source, problem)
    return Directory(records=records, end=end)


def locate(file: BinaryIO, directory: Directory, source: Path) -> Iterator[Extent]:
    """Give the extents of all members in the order of the file, which they fill without gaps.

    Raises :class:`RewriteError` for a member that overlaps another, has something behind it, or
    is described in two ways; :class:`TreeError` for damage.
    """
    ordered = sorted(enumerate(directory.records), key=lambda pair: pair[1].offset)
    starts = [record.offset for _, record in ordered] + [directory.end.offset]
    if starts[0] != 0:
        raise RewriteError(source, "there is data in front of its first member")
    for (index, record), end in zip(ordered, starts[1:], strict=True):
        with telling_damage(str(source), DAMAGE):
            local = LocalHeader.read(file, record.offset)
            if local is None:
                raise EOFError(f"there is no member at {record.offset}")
            extent = Extent(index=index, record=record, local=local, start=record.offset, end=end)
            problem = _problem(file, extent)
        if problem:
            name = record.name.decode("utf-8", "backslashreplace")
            raise RewriteError(source, problem, member=name)
        yield extent


def _problem(file: BinaryIO, extent: Extent) -> str | None:
    local, record = extent.local, extent.record
    if has_zip64(local.sums, local.extra):
        return ZIP64
    changed = local.flags ^ record.flags
    if (local.name, local.method) != (record.name, record.method) or changed & (
        DESCRIPTOR | ENCRYPTED
    ):
        return "its two headers say different things"
    left = extent.end - extent.start - len(local.raw) - record.sums.compressed
    if left < 0:
        return "it overlaps what follows it"
    rest = read_exactly(file, extent.end - left, min(left, 17))
    if local.flags & DESCRIPTOR:
        plain = struct.pack("<3L", *record.sums)
        return None if rest in (plain, b"PK\7\x08" + plain) else "its data descriptor is wrong"
    if left:
        return "there is data behind it that belongs to no member"
    return None if local.sums == record.sums else "its two headers say different things"
