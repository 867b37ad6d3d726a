"""AppleDouble files: what macOS keeps beside the contents of a file, in a file ``._NAME``.

Format: "AppleSingle/AppleDouble Formats for Foreign Files", Apple 1990, and ``copyfile_unpack`` in
Apple's copyfile.c, which makes extended attributes of it again.
"""

from __future__ import annotations

import struct
from pathlib import PurePosixPath
from typing import Final, NamedTuple

__all__ = ["AppleDouble", "owner_of", "parse_apple_double"]

MAGIC: Final = 0x00051607
VERSION: Final = 0x00020000
PREFIX: Final = "._"
ZIP_FOLDER: Final = "__MACOSX"
"""Where macOS puts the AppleDouble files of a zip, in the same directories below."""

_HEADER: Final = struct.Struct(">2I16xH")
_ENTRY: Final = struct.Struct(">3I")
_RESOURCE_FORK, _FINDER_INFO = 2, 9
_FINDER_INFO_SIZE: Final = 32


class AppleDouble(NamedTuple):
    """What the file that it belongs to gets, apart from other extended attributes."""

    resource_fork: bool
    finder_info: bool


def parse_apple_double(data: bytes) -> AppleDouble | None:
    """Read the start of an AppleDouble file; None when macOS would take it for none.

    What counts is as in ``copyfile_unpack``: exactly two entries, the Finder's information first,
    which is only used where it is not all zeros, and a resource fork that is not empty.
    """
    if len(data) < _HEADER.size + 2 * _ENTRY.size:
        return None
    magic, version, count = _HEADER.unpack_from(data)
    entries = list(_ENTRY.iter_unpack(data[_HEADER.size : _HEADER.size + 2 * _ENTRY.size]))
    (first, offset, _), (second, _, length) = entries
    if (magic, version, count, first) != (MAGIC, VERSION, 2, _FINDER_INFO):
        return None
    information = data[offset : offset + _FINDER_INFO_SIZE]
    return AppleDouble(
        resource_fork=second == _RESOURCE_FORK and length > 0,
        finder_info=information.strip(b"\0") != b"",
    )


def owner_of(path: PurePosixPath) -> PurePosixPath | None:
    """Name the file that an AppleDouble file of this path belongs to; None where it is none."""
    name = path.name.removeprefix(PREFIX)
    if name in ("", path.name):
        return None
    folder = path.parent
    if folder.parts[:1] == (ZIP_FOLDER,):
        folder = PurePosixPath(*folder.parts[1:])
    return folder / name
