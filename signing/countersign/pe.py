"""What the header of a Windows program says of its signature. Microsoft's "PE Format"."""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["has_certificates"]

_PE32, _PE32_PLUS = 0x10B, 0x20B
_COUNT_AT: Final = {_PE32: 92, _PE32_PLUS: 108}
"""Where NumberOfRvaAndSizes stands in the optional header; the data directories follow it."""
_CERTIFICATES: Final = 4
"""The number of the data directory whose address is an offset in the file."""


def has_certificates(start: bytes | memoryview) -> bool:
    """Tell whether a PE, of which ``start`` has all headers, says that a signature is attached.

    Never raises; whether the signature is one, and of these bytes, is not looked at.
    """
    try:
        (header,) = struct.unpack_from("<I", start, 0x3C)
        signature, size, magic = struct.unpack_from("<4s16xH2xH", start, header)
        count_at = _COUNT_AT.get(magic)
        if signature != b"PE\0\0" or count_at is None:
            return False
        optional = header + 24
        (count,) = struct.unpack_from("<I", start, optional + count_at)
        entry = count_at + 4 + 8 * _CERTIFICATES
        if count <= _CERTIFICATES or size < entry + 8:
            return False
        at, length = struct.unpack_from("<2I", start, optional + entry)
    except struct.error:
        return False
    return bool(at and length)
