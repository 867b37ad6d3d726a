"""What a compressed file tells of the program that made it. Formats: RFC 1952 and RFC 8878."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final, NamedTuple

from countermark.workspace import Workspace
from counterproof.errors import TreeError
from counterproof.trees.format import ArchiveFormat

__all__ = ["compressor_of", "gzip_header_size", "told_by_manifest"]

_HEAD: Final = 1 << 12
"""Bytes of a file that are looked at: gzip's longest sensible header, with a name and a comment."""
_TEXT, _CHECK, _EXTRA, _NAME, _COMMENT = 1, 2, 4, 8, 16
_EFFORTS: Final = {0: "", 2: ", best compression", 4: ", fastest"}
_SYSTEMS: Final = {0: "FAT", 3: "Unix", 7: "Macintosh", 10: "TOPS-20", 11: "NTFS", 255: "unknown"}


class _Gzip(NamedTuple):
    flags: int
    time: int
    effort: int
    system: int
    name: bytes
    size: int
    """Bytes of the header."""


def compressor_of(path: Path, form: ArchiveFormat) -> str | None:
    """Tell what an archive says of its compressor; None for what is not compressed.

    Raises :class:`TreeError` when it cannot be read.
    """
    if form is ArchiveFormat.TAR:
        return None
    if form is ArchiveFormat.ZIP:
        return "deflate"
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise TreeError(str(path), error.strerror or str(error)) from error
    return _gzip_words(head) if form is ArchiveFormat.TAR_GZ else _zstd_words(head)


def told_by_manifest(path: Path, sha256: str | None) -> str | None:
    """Tell what the manifest beside an archive of this digest says of its compressor.

    None where there is no manifest, or it says nothing of this very archive.
    """
    workspace = Workspace(out=path.parent)
    if sha256 is None or not workspace.manifest.is_file():
        return None
    from countermark.manifest import read_manifest

    manifest = read_manifest(workspace)
    if manifest is None:
        return None
    rows = (*manifest.artifacts, *(row for host in manifest.hosts for row in host.artifacts))
    return next((row.compressor or None for row in rows if row.sha256 == sha256), None)


def gzip_header_size(head: bytes) -> int:
    """Tell how many bytes the header takes that ``head`` begins with; 10 for what is damaged."""
    return _gzip_header(head).size


def _gzip_header(head: bytes) -> _Gzip:
    _, flags, time, effort, system = struct.unpack("<3sBIBB", head[:10].ljust(10, b"\0"))
    at = 10
    if flags & _EXTRA:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    name = b""
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            text, _, _ = head[at:].partition(b"\0")
            name = text if flag == _NAME else name
            at += len(text) + 1
    at += 2 if flags & _CHECK else 0
    return _Gzip(flags, time, effort, system, name, min(at, len(head)))


def _gzip_words(head: bytes) -> str:
    header = _gzip_header(head)
    effort = _EFFORTS.get(header.effort, f", effort {header.effort}")
    system = _SYSTEMS.get(header.system, str(header.system))
    words = f"gzip{effort}, system {system}"
    if header.name:
        words += f", name {header.name[:100].decode('latin-1')!a}"
    if header.time:
        words += f", time {header.time}"
    more = header.flags & ~_NAME
    return f"{words}, flags {header.flags:#x}" if more else words


def _zstd_words(head: bytes) -> str:
    from zstandard import ZstdError, get_frame_parameters

    try:
        frame = get_frame_parameters(head)
    except ZstdError:  # a skippable frame, as pzstd begins
        return "zstd, in several frames"
    check = "with" if frame.has_checksum else "without"
    size = ", size told" if 0 <= frame.content_size < 1 << 63 else ""
    return f"zstd, window {frame.window_size:,} bytes, {check} a check sum{size}"
