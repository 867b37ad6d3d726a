"""Where in an archive a byte is: in a header, in the data of which member, at the end."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO, Final, NamedTuple

from countermark.difference.compressors import gzip_header_size
from countermark.difference.zipframe import zip_spans
from counterproof.errors import LayoutError
from counterproof.trees.format import ArchiveFormat, identify_start, read_start
from counterproof.trees.zipball import DAMAGE

__all__ = ["FirstByte", "first_byte"]

_CHUNK: Final = 1 << 18
_GZIP_TRAILER: Final = 8
_ZSTD_TRAILER: Final = 4
_TAR_BLOCK: Final = 512
_SHOWN: Final = 8


class FirstByte(NamedTuple):
    """The first byte in which two files differ."""

    offset: int
    where: str
    first: str | None
    """The bytes from there on; None when the file has ended."""
    second: str | None


def first_byte(first: Path, second: Path) -> FirstByte | None:
    """Find the first byte in which two files differ, and what it is; None when they are the same.

    Raises :class:`OSError`.
    """
    with first.open("rb") as one, second.open("rb") as other:
        offset = _find(one, other)
        if offset is None:
            return None
        shown = []
        for file in (one, other):
            file.seek(offset)
            shown.append(file.read(_SHOWN).hex(" ") or None)
    where = _where(first, offset) or _where(second, offset) or "the file"
    return FirstByte(offset, where, *shown)


def _find(one: IO[bytes], other: IO[bytes]) -> int | None:
    at = 0
    while True:
        left, right = one.read(_CHUNK), other.read(_CHUNK)
        if left != right:
            size = min(len(left), len(right))
            return at + next((i for i in range(size) if left[i] != right[i]), size)
        if not left:
            return None
        at += len(left)


def _where(path: Path, offset: int) -> str | None:
    """Name the part of an archive that a byte belongs to; None for what is none, or is damaged."""
    try:
        head = read_start(path)
        form = identify_start(head, str(path))
    except LayoutError:
        return None
    size = path.stat().st_size
    if offset >= size:
        return "behind the end of the shorter one"
    if form is ArchiveFormat.ZIP:
        return _where_in_zip(path, offset)
    if form is ArchiveFormat.TAR_GZ:
        return _part("gzip", offset, gzip_header_size(head), size - _GZIP_TRAILER)
    if form is ArchiveFormat.TAR_ZST:
        return _part("zstd", offset, _zstd_header_size(head), size - _ZSTD_TRAILER)
    return f"block {offset // _TAR_BLOCK} of the tar" if form is ArchiveFormat.TAR else None


def _part(program: str, offset: int, header: int, trailer: int) -> str:
    if offset < header:
        return f"the header of {program}"
    if offset >= trailer:
        return f"the end of the {program} data, with its check sum"
    return f"the compressed data of {program}"


def _zstd_header_size(head: bytes) -> int:
    from zstandard import ZstdError, frame_header_size

    try:
        return frame_header_size(head)
    except ZstdError:  # a skippable frame
        return 8


def _where_in_zip(path: Path, offset: int) -> str | None:
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            spans = zip_spans(file, archive)
            found = (each.name for each in spans if each.start <= offset < each.end)
            return next(found, "bytes that belong to no member")
    except DAMAGE:
        return None
