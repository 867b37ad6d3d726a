"""A zip's records as they are stored, read and with a few fields changed.

Format: PKWARE's APPNOTE.TXT, 4.3.7 (local file header), 4.3.12 (central directory header) and
4.3.16 (end of central directory record). All integers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, Final, NamedTuple, Self

__all__ = [
    "DESCRIPTOR",
    "ENCRYPTED",
    "LIMIT",
    "CentralRecord",
    "EndRecord",
    "LocalHeader",
    "Sums",
    "has_zip64",
    "read_exactly",
]

ENCRYPTED: Final = 0x1
DESCRIPTOR: Final = 0x8
"""The flag of a member whose check sum and sizes stand behind its data."""
LIMIT: Final = 0xFFFFFFFF
"""Sizes and offsets are less: this number says that a Zip64 field has the true one."""
_ZIP64_FIELD: Final = 1
_MAX_COMMENT: Final = 0xFFFF


class Sums(NamedTuple):
    """What a record says of a member's data, in file order."""

    crc: int
    compressed: int
    """Bytes of the data."""
    size: int
    """Bytes of the content."""


_SUMS: Final = struct.Struct("<3L")
_FLAGS: Final = struct.Struct("<H")
_OFFSET: Final = struct.Struct("<L")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHeader:
    """What stands in front of a member's data."""

    raw: bytes
    flags: int
    method: int
    sums: Sums
    """Nothing to rely on when the flag :data:`DESCRIPTOR` is set."""
    name: bytes
    extra: bytes

    @classmethod
    def read(cls, file: BinaryIO, position: int) -> Self | None:
        """Read the header at ``position``; None when there is another thing."""
        layout = struct.Struct("<4s5H3L2H")
        fixed = read_exactly(file, position, layout.size)
        magic, _, flags, method, _, _, crc, compressed, size, name, extra = layout.unpack(fixed)
        if magic != b"PK\3\4":
            return None
        rest = read_exactly(file, position + layout.size, name + extra)
        return cls(
            raw=fixed + rest,
            flags=flags,
            method=method,
            sums=Sums(crc, compressed, size),
            name=rest[:name],
            extra=rest[name:],
        )

    def for_content(self, sums: Sums) -> bytes:
        """Give the raw header of another content, without data descriptor."""
        return _with_sums(self.raw, self.flags, sums, flags_at=6, sums_at=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralRecord:
    """What the central directory says of a member."""

    raw: bytes
    flags: int
    method: int
    sums: Sums
    name: bytes
    extra: bytes
    disk: int
    offset: int
    """Of the local header, in bytes from the start of the archive."""

    @classmethod
    def parse_all(cls, directory: bytes) -> Iterator[Self]:
        """Take a whole directory apart; raise :class:`struct.error` for anything else."""
        layout = struct.Struct("<4s6H3L5H2L")
        at = 0
        while at < len(directory):
            magic, _, _, flags, method, _, _, *sums, name, extra, comment, disk, _, _, offset = (
                layout.unpack_from(directory, at)
            )
            names = at + layout.size
            extras = names + name
            end = extras + extra + comment
            if magic != b"PK\1\2" or end > len(directory):
                raise struct.error(f"no record at {at}")
            yield cls(
                raw=directory[at:end],
                flags=flags,
                method=method,
                sums=Sums(*sums),
                name=directory[names:extras],
                extra=directory[extras : extras + extra],
                disk=disk,
                offset=offset,
            )
            at = end

    def moved(self, offset: int) -> bytes:
        """Give the raw record of the same member at another place."""
        return self.raw[:42] + _OFFSET.pack(offset) + self.raw[46:]

    def for_content(self, sums: Sums, offset: int) -> bytes:
        """Give the raw record of another content at another place, without data descriptor."""
        return _with_sums(self.moved(offset), self.flags, sums, flags_at=8, sums_at=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRecord:
    """What stands behind the central directory."""

    SIZE: ClassVar[int] = 22
    """Bytes without the comment."""
    raw: bytes
    """The comment included."""
    parts: bool
    """True for an archive that says it is one of several."""
    size: int
    """Bytes of the directory."""
    offset: int
    """Of the directory, in bytes from the start of the archive."""

    @classmethod
    def read(cls, file: BinaryIO, position: int) -> Self | None:
        """Read the record at ``position``; None when it does not reach the end of the file."""
        layout = struct.Struct("<4s4H2LH")
        file.seek(position)
        raw = file.read(layout.size + _MAX_COMMENT + 1)
        magic, disk, first, here, count, size, offset, comment = layout.unpack_from(raw)
        if magic != b"PK\5\6" or len(raw) != layout.size + comment:
            return None
        parts = bool(disk or first or here != count)
        return cls(raw=raw, parts=parts, size=size, offset=offset)

    def moved(self, offset: int) -> bytes:
        """Give the raw record behind a directory of the same size at another place."""
        return self.raw[:16] + _OFFSET.pack(offset) + self.raw[20:]


def has_zip64(sums: Sums, extra: bytes) -> bool:
    """Tell whether a record has, or needs, a Zip64 field among its extra fields."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == _ZIP64_FIELD:
            return True
        at += 4 + length
    return LIMIT in (sums.compressed, sums.size)


def read_exactly(file: BinaryIO, position: int, size: int) -> bytes:
    """Read ``size`` bytes at ``position``; raise :class:`EOFError` when there are fewer."""
    file.seek(position)
    data = file.read(size)
    if len(data) != size:
        raise EOFError(f"{size - len(data)} bytes at {position + len(data)} are missing")
    return data


def _with_sums(raw: bytes, flags: int, sums: Sums, *, flags_at: int, sums_at: int) -> bytes:
    record = bytearray(raw)
    _FLAGS.pack_into(record, flags_at, flags & ~DESCRIPTOR)
    _SUMS.pack_into(record, sums_at, *sums)
    return bytes(record)
