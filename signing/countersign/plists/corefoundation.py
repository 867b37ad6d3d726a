"""Property lists in the two forms that Core Foundation writes: XML and binary.

The bytes are a linker's or an archive's and may be anything. :mod:`plistlib` reads both forms and
refuses declared entities. In a binary list it would read the same bytes as often as the table of
offsets points to them, so that a small list could fill the memory: what the objects take together
is added up before.
"""

from __future__ import annotations

import plistlib
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple
from xml.parsers.expat import ExpatError

from countersign.errors import PropertyListError

__all__ = ["read_dictionary"]

_UNREADABLE: Final = (
    ArithmeticError,
    AttributeError,
    ExpatError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""What plistlib raises for damaged input, most of it undocumented."""

_BINARY: Final = b"bplist00"


class _Trailer(NamedTuple):
    """The last bytes of a binary list, in file order."""

    offset_size: int
    reference_size: int
    objects: int
    top: int
    table: int
    """Where the table of offsets begins."""


_TRAILER = struct.Struct(">6x2B3Q")

_UNITS: Final = {0x4: 1, 0x5: 1, 0x6: 2}
"""Bytes of one unit of data, of ASCII, and of UTF-16."""
_REFERENCES: Final = {0xA: 1, 0xC: 1, 0xD: 2}
"""References for each element of an array, a set, and a dictionary."""


def read_dictionary(data: bytes | memoryview, *, limit: int) -> dict[str, object]:
    """Read a property list of at most ``limit`` bytes, whose outermost value is a dictionary.

    Raises :class:`PropertyListError`, and no other error, whatever the bytes are.
    """
    if len(data) > limit:
        raise PropertyListError(f"{len(data)} bytes are more than {limit}")
    content = bytes(data)
    try:
        if content.startswith(_BINARY) and sum(_sizes(content)) > len(content):
            raise PropertyListError("its objects lie upon each other")
        values: object = plistlib.loads(content)
    except _UNREADABLE as error:
        raise PropertyListError("it is neither an XML nor a binary property list") from error
    if not isinstance(values, dict):
        raise PropertyListError("it is not a dictionary")
    return {key: value for key, value in values.items() if isinstance(key, str)}


def _sizes(data: bytes) -> Iterator[int]:
    """Give the bytes of every object that a binary list's table of offsets points to."""
    trailer = _Trailer(*_TRAILER.unpack(data[-_TRAILER.size :]))
    size = trailer.offset_size
    end = trailer.table + trailer.objects * size
    if end > len(data) or not size:
        raise ValueError("the table of offsets goes beyond the list")
    for at in range(trailer.table, end, size):
        yield _object_size(data, int.from_bytes(data[at : at + size]), trailer.reference_size)


def _object_size(data: bytes, at: int, reference_size: int) -> int:
    kind, low = divmod(data[at], 16)
    count, header = low, 1
    if low == 0xF:
        width = 1 << (data[at + 1] & 3)
        count, header = int.from_bytes(data[at + 2 : at + 2 + width]), 2 + width
    if kind in _UNITS:
        return header + count * _UNITS[kind]
    if kind in _REFERENCES:
        return header + count * _REFERENCES[kind] * reference_size
    return 1 + ((1 << low) if kind in (0x1, 0x2, 0x3) else 0)
