"""What the header of a Windows program says of its signature and of the Windows it is for.

Microsoft's "PE Format" and "Windows Authenticode Portable Executable Signature Format".
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from countersign.errors import FormatError
from countersign.source import Source

__all__ = ["BarePe", "PeSystem", "bare_pe", "has_certificates", "pe_checksum", "pe_system"]

_PE32, _PE32_PLUS = 0x10B, 0x20B
_COUNT_AT: Final = {_PE32: 92, _PE32_PLUS: 108}
"""Where NumberOfRvaAndSizes stands in the optional header; the data directories follow it."""
_CERTIFICATES: Final = 4
"""The number of the data directory whose address is an offset in the file."""
_CHECKSUM: Final = 64
"""Where CheckSum stands in the optional header."""
_SYSTEM: Final = struct.Struct("<2H4x2H12xIH")
_SYSTEM_AT: Final = 40
"""Where the optional header has the versions of the operating system and of the subsystem, the
check sum, and the subsystem."""
_PIECE: Final = 1 << 18
"""Bytes that are held while a file is summed; an even number."""
_HEADERS: Final = 4096
"""Bytes of a file by which its headers are known."""
_ALIGNMENT: Final = 8
"""The table of certificates begins at a multiple of it; signing fills up to there."""


class _Place(NamedTuple):
    """Where the header says what of its signature; offsets count from the start of the file."""

    checksum_at: int
    entry_at: int
    start: int
    size: int
    """0 for a program without one."""


class PeSystem(NamedTuple):
    """What a program says of the Windows it is for; offsets count from the start of the file."""

    subsystem: int
    """``IMAGE_SUBSYSTEM_WINDOWS_GUI`` is 2, ``IMAGE_SUBSYSTEM_WINDOWS_CUI``, of consoles, 3."""
    system: tuple[int, int]
    """The version of the operating system that it was made for; Windows does not ask."""
    version: tuple[int, int]
    """The version of the subsystem that it needs: older Windows NT does not start it."""
    checksum: int
    """0 when it has none; Windows checks that of drivers only."""
    at: int
    """Where the optional header begins."""

    @property
    def system_at(self) -> int:
        """Where ``MajorOperatingSystemVersion`` stands, before the minor one."""
        return self.at + _SYSTEM_AT

    @property
    def version_at(self) -> int:
        """Where ``MajorSubsystemVersion`` stands, before the minor one."""
        return self.at + _SYSTEM_AT + 8

    @property
    def checksum_at(self) -> int:
        """Where ``CheckSum`` stands."""
        return self.at + _CHECKSUM


class BarePe(NamedTuple):
    """A program without its signature: what signing changes is blank, and its end is filled up."""

    source: Source
    blanks: tuple[range, ...]
    end: int
    """Where the table of certificates begins, or the file ends."""
    signed: bool

    @property
    def size(self) -> int:
        """Bytes with what signing fills up."""
        return self.end + -self.end % _ALIGNMENT

    def read(self, offset: int, size: int) -> bytes:
        """Read a range as far as it is there; raises what the source raises."""
        size = max(min(size, self.size - offset), 0)
        stored = max(min(size, self.end - offset), 0)
        data = bytearray(self.source.read(offset, stored) if stored else b"")
        for blank in self.blanks:
            for at in range(max(blank.start, offset), min(blank.stop, offset + stored)):
                data[at - offset] = 0
        return bytes(data.ljust(size, b"\0"))


def has_certificates(start: bytes | memoryview) -> bool:
    """Tell whether a PE, of which ``start`` has all headers, says that a signature is attached.

    Never raises; whether the signature is one, and of these bytes, is not looked at.
    """
    place = _find(start)
    return place is not None and bool(place.start and place.size)


def pe_system(source: Source) -> PeSystem:
    """Read what a program says of the Windows it is for.

    Raises :class:`FormatError` when it has no header that says so, and what the source raises.
    """
    start = source.read(0, min(source.size, _HEADERS))
    try:
        (header,) = struct.unpack_from("<I", start, 0x3C)
        signature, size, magic = struct.unpack_from("<4s16xH2xH", start, header)
        at = header + 24
        fields = _SYSTEM.unpack_from(start, at + _SYSTEM_AT)
    except struct.error:
        raise FormatError("PE header", 0, f"it does not lie in {len(start)} bytes") from None
    if signature != b"PE\0\0" or magic not in _COUNT_AT or size < _SYSTEM_AT + _SYSTEM.size:
        raise FormatError("PE header", header, "it is none of a program")
    return PeSystem(fields[5], fields[:2], fields[2:4], fields[4], at)


def pe_checksum(source: Source, at: int, changes: Iterable[tuple[int, bytes]] = ()) -> int:
    """Compute the check sum that stands at ``at`` of a file with some bytes changed.

    It is the sum of its 16-bit words, with carries added, and its size; the words of the check
    sum itself do not count. ``changes`` are offsets and the bytes that are to be there instead.
    Source: ``CheckSumMappedFile`` of imagehlp. Raises what the source raises.
    """
    # The sum of words with carries added is a number modulo 2**16 - 1.
    total = sum(
        _words(source.read(start, min(_PIECE, source.size - start)), start)
        for start in range(0, source.size, _PIECE)
    )
    total -= _words(source.read(at, 4), at)
    for offset, data in changes:
        total += _words(data, offset) - _words(source.read(offset, len(data)), offset)
    return (total % 0xFFFF or 0xFFFF) + source.size & 0xFFFFFFFF


def _words(data: bytes, at: int) -> int:
    """Sum bytes that begin ``at`` a place of the file, modulo 2**16 - 1."""
    return (int.from_bytes(data, "little") << 8 * (at % 2)) % 0xFFFF


def bare_pe(source: Source) -> BarePe | None:
    """Take the signature off a program, in thought.

    None for what is no PE, or has something behind its certificates, which would be left out.
    Raises what the source raises.
    """
    place = _find(source.read(0, min(source.size, _HEADERS)))
    if place is None:
        return None
    signed = bool(place.start and place.size)
    if signed and (place.start % _ALIGNMENT or place.start + place.size != source.size):
        return None
    blanks = (
        range(place.checksum_at, place.checksum_at + 4),
        range(place.entry_at, place.entry_at + 8),
    )
    if signed and place.start < blanks[1].stop:
        return None
    return BarePe(source, blanks, place.start if signed else source.size, signed)


def _find(start: bytes | memoryview) -> _Place | None:
    try:
        (header,) = struct.unpack_from("<I", start, 0x3C)
        signature, size, magic = struct.unpack_from("<4s16xH2xH", start, header)
        count_at = _COUNT_AT.get(magic)
        if signature != b"PE\0\0" or count_at is None:
            return None
        optional = header + 24
        (count,) = struct.unpack_from("<I", start, optional + count_at)
        entry = count_at + 4 + 8 * _CERTIFICATES
        if count <= _CERTIFICATES or size < entry + 8:
            return None
        at, length = struct.unpack_from("<2I", start, optional + entry)
    except struct.error:
        return None
    return _Place(optional + _CHECKSUM, optional + entry, at, length)
