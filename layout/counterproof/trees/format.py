"""Which kind of archive a file is, decided by its content and never by its name."""

from __future__ import annotations

import enum
import re
from pathlib import Path
from typing import Final, NamedTuple

from counterproof.errors import TreeError, UnsupportedTreeError

__all__ = [
    "ArchiveFormat",
    "identify_archive",
    "identify_start",
    "is_archive",
    "read_start",
    "starts_archive",
]


class ArchiveFormat(enum.StrEnum):
    """The archives that are read."""

    TAR = "tar"
    TAR_GZ = "tar.gz"
    TAR_ZST = "tar.zst"
    ZIP = "zip"


class _Magic(NamedTuple):
    offset: int
    magic: bytes
    format: ArchiveFormat | str
    """A mere name for what is recognised only to be named."""


_MAGICS: Final = (
    _Magic(0, b"\x1f\x8b", ArchiveFormat.TAR_GZ),
    _Magic(0, b"PK\x03\x04", ArchiveFormat.ZIP),
    _Magic(0, b"PK\x05\x06", ArchiveFormat.ZIP),
    _Magic(257, b"ustar", ArchiveFormat.TAR),
    _Magic(0, b"\x28\xb5\x2f\xfd", ArchiveFormat.TAR_ZST),
    _Magic(1, b"\x2a\x4d\x18", ArchiveFormat.TAR_ZST),  # a skippable frame, as pzstd begins
    _Magic(0, b"BZh", "bzip2"),
    _Magic(0, b"\xfd7zXZ\x00", "xz"),
)
_HEAD: Final = 512
_OLD_TAR: Final = _Magic(0, b"", ArchiveFormat.TAR)
_SUM: Final = slice(148, 156)
"""Where the sum of a tar header stands."""
_OLD_SUM: Final = re.compile(rb" *([0-7]{1,7})[ \0]")


def identify_archive(path: Path) -> ArchiveFormat:
    """Tell which archive the file at ``path`` announces itself to be.

    What is compressed is taken for a tar. Raises :class:`TreeError` when the file cannot be read,
    :class:`UnsupportedTreeError` when it is something else.
    """
    form = identify_start(read_start(path), str(path))
    if form is None:
        raise UnsupportedTreeError(str(path), "neither a directory nor an archive")
    return form


def is_archive(path: Path) -> bool:
    """Tell whether a file is an archive, or compressed at least, even if it is one not read here.

    Raises :class:`TreeError` when it cannot be read.
    """
    return starts_archive(read_start(path))


def starts_archive(data: bytes) -> bool:
    """Tell whether ``data``, the first 512 bytes of a file, are those of an archive."""
    return _kind(data) is not None


def identify_start(data: bytes, source: str) -> ArchiveFormat | None:
    """Tell which archive ``data``, the first 512 bytes of ``source``, announce; None for none.

    Raises :class:`UnsupportedTreeError` for one that is not read here.
    """
    kind = _kind(data)
    if kind is None:
        return None
    if not isinstance(kind.format, ArchiveFormat):
        problem = f"{kind.format} is not supported yet; decompress it first with {kind.format} -dk"
        raise UnsupportedTreeError(source, problem)
    return kind.format


def _kind(data: bytes) -> _Magic | None:
    known = (kind for kind in _MAGICS if data.startswith(kind.magic, kind.offset))
    return next(known, _OLD_TAR if _begins_old_tar(data) else None)


def _begins_old_tar(data: bytes) -> bool:
    """Tell whether ``data`` is a header as tar wrote it before POSIX, which has no magic.

    What it has is a name, and the octal sum of its bytes, its own digits taken for spaces.
    """
    written = _OLD_SUM.match(data[_SUM])
    if len(data) < _HEAD or not data[0] or written is None:
        return False
    return int(written[1], 8) == sum(data) - sum(data[_SUM]) + 8 * ord(" ")


def read_start(path: Path) -> bytes:
    """Read the first 512 bytes of a file; none of what is no regular file.

    Raises :class:`TreeError` when it cannot be read.
    """
    if path.exists() and not path.is_file():  # opening a pipe would wait for ever
        return b""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise TreeError(str(path), error.strerror or str(error)) from error
