"""Reading a zip, with the Unix modes and links that Info-ZIP records in it.

Format: PKWARE's APPNOTE.TXT; the upper half of the external attributes is a Unix ``st_mode`` when
the archive was made on Unix.
"""

from __future__ import annotations

import calendar
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from counterproof.errors import HostileArchiveError, UnreadMemberError
from counterproof.trees.content import Shelf, split
from counterproof.trees.entry import Entry, Kind, Member
from counterproof.trees.safety import MAX_NAME, Budget, refuse_escapes, safe_path, telling_damage

__all__ = ["DAMAGE", "ZipMember", "expect_end", "open_zip", "read_zip", "walk_zip"]

_UNIX: Final = 3
_PIECE: Final = 1 << 18
"""Bytes that are asked of :mod:`zipfile` at a time, which copies more of what is larger."""
_ENCRYPTED: Final = 0x1
_END: Final = b"PK\x05\x06"
_STREAMED: Final = 0x8
_PLAIN_FIELDS: Final = (0x0001, 0x7075)
"""ZIP64's sizes and offsets, and a name in UTF-8."""
_FIELDS: Final = {
    0x000A: "NTFS times",
    0x5455: "Unix times",
    0x5855: "Unix times and owner",
    0x7855: "a Unix owner",
    0x7875: "a Unix owner",
}
_END_RECORD: Final = struct.Struct("<4s4H2LH")
"""The end of the central directory, with the count of its members, and behind it a comment."""
_MAX_COMMENT: Final = 0xFFFF
_END64: Final = 76
"""Bytes of ZIP64's end of the directory and of what leads there, which stand before the other."""
_IN_ZIP64: Final = 0xFFFF
"""A count that stands in the end of ZIP64."""
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,  # and with it NotImplementedError: features that zipfile does not have
)

_KINDS: Final = {
    0: Kind.FILE,
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipMember:
    """A member as it is stored; it can be read as long as its archive is open."""

    entry: Entry
    info: zipfile.ZipInfo
    archive: zipfile.ZipFile
    source: str
    """The archive's path."""

    def chunks(self) -> Iterator[bytes]:
        """Read the content in pieces; its check sum is compared at the end."""
        with telling_damage(self.source, DAMAGE), self.archive.open(self.info) as stream:
            yield from split(stream.read, self.info.file_size, _PIECE)
            stream.read(1)


def open_zip(file: IO[bytes], source: str) -> zipfile.ZipFile:
    """Open a zip by its directory; raise :class:`TreeError` when that is damaged.

    zipfile takes no notice of how many members the end of the directory counts; others do, or read
    the members one behind the other and find more.
    """
    with telling_damage(source, DAMAGE):
        archive = zipfile.ZipFile(file)
        listed, counted = len(archive.infolist()), _count(file)
    if counted != listed:
        many = "member" if listed == 1 else "members"
        raise HostileArchiveError(source, f"its directory lists {listed} {many} and says {counted}")
    return archive


def _count(file: IO[bytes]) -> int:
    """Read how many members the directory has, from its end, which zipfile has found."""
    longest = _END64 + _END_RECORD.size + _MAX_COMMENT
    file.seek(-min(file.seek(0, os.SEEK_END), longest), os.SEEK_END)
    tail = file.read()
    at = tail.rfind(_END)
    *_, count, _size, _offset, _comment = _END_RECORD.unpack_from(tail, at)
    if count == _IN_ZIP64 and tail[at - 20 : at - 16] == b"PK\x06\x07":
        (count,) = struct.unpack_from("<Q", tail, at - _END64 + 32)
    return int(count)


def walk_zip(path: Path, budget: Budget) -> Iterator[Member]:
    """Give every member in the order of the central directory.

    Raises :class:`TreeError`, and no other error.
    """
    shelf = Shelf()
    with (
        telling_damage(budget.path, DAMAGE),
        path.open("rb") as file,
        open_zip(file, budget.path) as archive,
    ):
        expect_end(file, archive)
        for member in read_zip(archive, budget):
            if member.entry.kind is not Kind.FILE:
                yield Member(entry=member.entry)
                continue
            with shelf.hold(member.chunks()) as content:
                yield Member(entry=member.entry, content=content)


def expect_end(file: IO[bytes], archive: zipfile.ZipFile) -> None:
    """Check that nothing follows the end record and its comment, for nobody would see it.

    Raises :class:`zipfile.BadZipFile`, and :class:`OSError` for what cannot be read.
    """
    file.seek(-_END_RECORD.size - len(archive.comment), os.SEEK_END)
    if file.read(len(_END)) != _END:
        raise zipfile.BadZipFile("data follows the end of the archive")


def read_zip(archive: zipfile.ZipFile, budget: Budget) -> Iterator[ZipMember]:
    """Give every member, its content still to be read, in the order of the central directory.

    Duplicates and links are judged after the last one. Raises :class:`TreeError`, and no other
    error.
    """
    entries: list[Entry] = []
    for info in archive.infolist():
        budget.spend_member()
        member = _member(archive, info, budget)
        entries.append(member.entry)
        yield member
    refuse_escapes(entries, budget.path)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> ZipMember:
    name = info.orig_filename  # zipfile's own name ends at the first NUL
    path = safe_path(name, budget.path)
    kind = _kind(info, budget.path)
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        problem = "it is encrypted, or not compressed by deflate"
        raise UnreadMemberError(budget.path, problem, member=name)
    if kind is not Kind.DIRECTORY:
        budget.spend_bytes(info.file_size)
    entry = Entry(
        path=path,
        kind=kind,
        mode=_unix_mode(info) & 0o7777 if _unix_mode(info) else None,
        size=info.file_size if kind is Kind.FILE else 0,
        mtime=_seconds(info),
        extras=tuple(_extras(info)),
    )
    member = ZipMember(entry=entry, info=info, archive=archive, source=budget.path)
    if kind is not Kind.SYMLINK:
        return member
    return replace(member, entry=replace(entry, link_target=_link_target(member)))


def _unix_mode(info: zipfile.ZipInfo) -> int:
    """Give the ``st_mode``; 0 when the archive was made where there are none."""
    return info.external_attr >> 16 if info.create_system == _UNIX else 0


def _kind(info: zipfile.ZipInfo, source: str) -> Kind:
    """Decide by the recorded type; a name that ends in ``/`` must agree with it."""
    recorded = stat.S_IFMT(_unix_mode(info))
    kind = Kind.DIRECTORY if recorded == 0 and info.is_dir() else _KINDS.get(recorded)
    if kind is None or (kind is Kind.DIRECTORY) != info.is_dir():
        problem = "it is neither a file nor a directory nor a link"
        raise HostileArchiveError(source, problem, member=info.orig_filename)
    return kind


def _link_target(member: ZipMember) -> str:
    if member.info.file_size > MAX_NAME:
        problem = f"its target has more than {MAX_NAME} bytes"
        raise HostileArchiveError(member.source, problem, member=member.info.orig_filename)
    return b"".join(member.chunks()).decode("utf-8", "backslashreplace")


def _extras(info: zipfile.ZipInfo) -> Iterator[str]:
    """Name the fields of a member that nobody needs; sizes and names may not fit without others."""
    if info.flag_bits & _STREAMED:
        yield "a data descriptor"
    if info.comment:
        yield "a comment"
    at = 0
    while at + 4 <= len(info.extra):
        tag, size = struct.unpack_from("<HH", info.extra, at)
        if tag not in _PLAIN_FIELDS:
            yield _FIELDS.get(tag, f"field {tag:#06x}")
        at += 4 + size


def _seconds(info: zipfile.ZipInfo) -> int | None:
    """Give the time of last change; None when the zip holds no valid date."""
    try:
        return calendar.timegm((*info.date_time, 0, 0, 0))
    except ValueError:
        return None
