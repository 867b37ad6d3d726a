"""What the header of a Windows program says of its signature, and the program without one.

Microsoft's "PE Format" and "Windows Authenticode Portable Executable Signature Format".
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from countersign.source import Source

__all__ = ["BarePe", "bare_pe", "has_certificates"]

_PE32, _PE32_PLUS = 0x10B, 0x20B
_COUNT_AT: Final = {_PE32: 92, _PE32_PLUS: 108}
"""Where NumberOfRvaAndSizes stands in the optional header; the data directories follow it."""
_CERTIFICATES: Final = 4
"""The number of the data directory whose address is an offset in the file."""
_CHECKSUM: Final = 64
"""Where CheckSum stands in the optional header."""
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
