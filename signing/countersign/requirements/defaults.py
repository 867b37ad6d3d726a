"""The requirements that codesign writes when none are given.

Nearly always an empty set. Linkers of Xcode 4 to 10 recorded, in LC_DYLIB_CODE_SIGN_DRS, the
designated requirements of the libraries that they linked with, and codesign makes a library
requirement from them (``MachORep::libraryRequirements`` in Security's machorep.cpp). Formats:
``requirement.h`` there, all integers big-endian.
"""

from __future__ import annotations

import struct
from typing import Final

from countersign.superblob import EMPTY_REQUIREMENTS

__all__ = ["are_requirements", "default_requirements"]

LIBRARY_DEPENDENCIES: Final = 0xFADE0C05
REQUIREMENT: Final = 0xFADE0C00
REQUIREMENTS: Final = 0xFADE0C01
LIBRARY: Final = 4
"""``kSecLibraryRequirementType``."""
EXPRESSION: Final = 1
OR: Final = 7
MAX_ENTRIES: Final = 1000
"""Libraries link with some dozens."""

_HEADER = struct.Struct(">3I")
_ENTRY = struct.Struct(">2I")


def default_requirements(dependencies: bytes | None) -> bytes:
    """Give the requirement set for an image, as a blob.

    ``dependencies`` is what LC_DYLIB_CODE_SIGN_DRS points to. What cannot be read counts for
    nothing, as with codesign.
    """
    bodies = _bodies(dependencies or b"")
    if not bodies:
        return EMPTY_REQUIREMENTS
    expression = struct.pack(">I", OR) * (len(bodies) - 1) + b"".join(bodies)
    inner = _HEADER.pack(REQUIREMENT, _HEADER.size + len(expression), EXPRESSION) + expression
    start = _HEADER.size + _ENTRY.size
    head = _HEADER.pack(REQUIREMENTS, start + len(inner), 1) + _ENTRY.pack(LIBRARY, start)
    return head + inner


def are_requirements(blob: bytes) -> bool:
    """Tell whether a blob is a set of requirements that Security can read, and nothing else."""
    from countersign.errors import FormatError
    from countersign.requirements.requirement import parse_requirements

    try:
        for entry in parse_requirements(blob).entries:
            entry.parse()
    except FormatError:
        return False
    return len(blob) == int.from_bytes(blob[4:8])


def _bodies(data: bytes) -> list[bytes]:
    """Collect the expressions of the dependencies' requirements, in index order."""
    if len(data) < _HEADER.size:
        return []
    magic, length, count = _HEADER.unpack_from(data)
    index_end = _HEADER.size + count * _ENTRY.size
    if magic != LIBRARY_DEPENDENCIES or not index_end <= length <= len(data) or count > MAX_ENTRIES:
        return []
    entries = _ENTRY.iter_unpack(data[_HEADER.size : index_end])
    found = (_expression(data[:length], offset) for _, offset in entries)
    return [body for body in found if body is not None]


def _expression(data: bytes, offset: int) -> bytes | None:
    """Take the expression out of the requirement at ``offset``; None for what is none."""
    if offset > len(data) - _HEADER.size:
        return None
    magic, length, kind = _HEADER.unpack_from(data, offset)
    whole = _HEADER.size <= length <= len(data) - offset
    if magic != REQUIREMENT or kind != EXPRESSION or not whole:
        return None
    return data[offset + _HEADER.size : offset + length]
