"""How a zip stores its members: both headers of each, and what belongs to none.

Format: PKWARE's APPNOTE.TXT, 4.3.7 (local header), 4.3.12 (directory), 4.3.16 (end).
"""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
from collections.abc import Iterator
from typing import IO, Final, NamedTuple

from countermark.difference.deflated import behind_data

__all__ = ["Field", "ZipFrame", "ZipSpan", "zip_frames", "zip_leftovers", "zip_spans"]

_LOCAL: Final = struct.Struct("<4s2B4H3L2H")
_CENTRAL: Final = struct.Struct("<4s4B4H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_DESCRIPTOR_MAGIC: Final = b"PK\x07\x08"
_STREAMED: Final = 0x8
_SHOWN: Final = 64
"""Bytes of a field that are shown; the others count by their digest."""


class Field(NamedTuple):
    """Something that a zip records, in words."""

    name: str
    value: str


class ZipFrame(NamedTuple):
    """Everything that a zip says of a member but its content and its sizes."""

    fields: tuple[Field, ...]
    stored: str
    """How its content is stored: the method and the bytes."""
    hidden: str
    """What stands behind its data."""


class ZipSpan(NamedTuple):
    """A range of the file, and what it is."""

    start: int
    end: int
    name: str


def zip_frames(file: IO[bytes], archive: zipfile.ZipFile) -> Iterator[ZipFrame]:
    """Read what is around each member, in the order of the directory.

    Raises :class:`struct.error`, :class:`zlib.error` and :class:`OSError` for a zip that is
    damaged.
    """
    at = archive.start_dir
    for info in archive.infolist():
        central, at = _central_fields(file, at)
        yield ZipFrame(
            fields=(*central, *_local_fields(file, info)),
            stored=f"method {info.compress_type}, {info.compress_size:,} bytes",
            hidden=behind_data(file, _data_start(file, info), info),
        )


def _central_fields(file: IO[bytes], at: int) -> tuple[tuple[Field, ...], int]:
    """Read a record of the directory; give where the next one begins, too."""
    record = _unpack(_CENTRAL, file, at)
    _, version, system, needed, needed_system, flags, method, time, date, *rest = record
    _crc, _stored, _size, names, extras, comments, disk, internal, external, _offset = rest
    file.seek(at + _CENTRAL.size + names)
    extra, comment = file.read(extras), file.read(comments)
    fields = (
        Field("made by", f"system {system}, version {version}"),
        Field("version needed", f"{needed}, system {needed_system}"),
        Field("flags", f"{flags:#06x}"),
        Field("method", str(method)),
        Field("DOS time", f"{date:#06x} {time:#06x}"),
        Field("extra fields", _shown(extra)),
        Field("comment", _shown(comment)),
        Field("disk", str(disk)),
        Field("internal attributes", f"{internal:#06x}"),
        Field("external attributes", f"{external:#010x}"),
    )
    return fields, at + _CENTRAL.size + names + extras + comments


def _local_fields(file: IO[bytes], info: zipfile.ZipInfo) -> Iterator[Field]:
    record = _unpack(_LOCAL, file, info.header_offset)
    _, needed, needed_system, flags, method, time, date, crc, stored, size, names, extras = record
    name, extra = file.read(names), file.read(extras)
    told = (crc, stored, size)
    yield Field("local version needed", f"{needed}, system {needed_system}")
    yield Field("local flags", f"{flags:#06x}")
    yield Field("local method", str(method))
    yield Field("local DOS time", f"{date:#06x} {time:#06x}")
    yield Field("local sizes", _agreement(told, (info.CRC, info.compress_size, info.file_size)))
    yield Field("local name", "the same" if name == _stored_name(info) else _shown(name))
    yield Field("local extra fields", _shown(extra))


def _agreement(told: tuple[int, ...], true: tuple[int, ...]) -> str:
    """Say how a local header's check sum and sizes relate to those of the directory."""
    if told == true:
        return "as in the directory"
    return "none" if not any(told) else "others than in the directory: {:#x}, {}, {}".format(*told)


def _stored_name(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")


def zip_leftovers(file: IO[bytes], archive: zipfile.ZipFile) -> tuple[Field, ...]:
    """Read what a zip holds besides its members and their sizes.

    Raises :class:`struct.error` and :class:`OSError` for a zip that is damaged.
    """
    spans = sorted(zip_spans(file, archive))
    gaps = hashlib.sha256()
    total = at = 0
    for start, end, _ in spans:
        for place in range(at, start, 1 << 18):
            file.seek(place)
            gaps.update(file.read(min(1 << 18, start - place)))
        total, at = total + max(start - at, 0), max(at, end)
    _, disk, start_disk, here, count, *_ = _unpack(_END, file, spans[-1].start)
    agrees = here == count == len(archive.infolist())
    listed = "its members" if agrees else f"members {here} of {count}"
    return (
        Field("bytes between members", f"{total:,}, {gaps.hexdigest()[:16]}" if total else "none"),
        Field("end of the directory", f"disks {disk} and {start_disk}, {listed}"),
        Field("comment", _shown(archive.comment)),
    )


def _data_start(file: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Tell where the data of a member begins, behind its local header.

    Raises :class:`struct.error` and :class:`OSError` for a zip that is damaged.
    """
    *_, names, extras = _unpack(_LOCAL, file, info.header_offset)
    return info.header_offset + _LOCAL.size + names + extras


def zip_spans(file: IO[bytes], archive: zipfile.ZipFile) -> Iterator[ZipSpan]:
    """Give the ranges of a zip that belong to something, and say to what."""
    for info in archive.infolist():
        content = _data_start(file, info)
        end = content + info.compress_size
        yield ZipSpan(info.header_offset, content, f"the local header of {info.filename}")
        yield ZipSpan(content, end, f"the compressed data of {info.filename}")
        if info.flag_bits & _STREAMED:
            file.seek(end)
            size = 16 if file.read(4) == _DESCRIPTOR_MAGIC else 12
            yield ZipSpan(end, end + size, f"the data descriptor of {info.filename}")
    end_record = file.seek(0, os.SEEK_END) - _END.size - len(archive.comment)
    at = archive.start_dir
    for info in archive.infolist():
        *_, names, extras, comments, _, _, _, _ = _unpack(_CENTRAL, file, at)
        after = at + _CENTRAL.size + names + extras + comments
        yield ZipSpan(at, after, f"the directory's record of {info.filename}")
        at = after
    yield ZipSpan(end_record, end_record + _END.size + len(archive.comment), "the end record")


def _unpack(layout: struct.Struct, file: IO[bytes], at: int) -> tuple[int, ...]:
    file.seek(at)
    return layout.unpack(file.read(layout.size))


def _shown(data: bytes) -> str:
    if not data:
        return "none"
    if len(data) <= _SHOWN:
        return data.hex(" ")
    return f"{data[:_SHOWN].hex(' ')}... ({len(data):,} bytes, {hashlib.sha256(data).hexdigest()})"
