"""Reading a zip, with the Unix modes and links that Info-ZIP records in it.

Format: PKWARE's APPNOTE.TXT; the upper half of the external attributes is a Unix ``st_mode`` when
the archive was made on Unix.
"""

from __future__ import annotations

import calendar
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from counterproof.content import take
from counterproof.entry import Content, Entry, Kind, Member
from counterproof.errors import HostileArchiveError, UnsupportedTreeError
from counterproof.safety import MAX_NAME, Budget, damaged, safe_path

__all__ = ["walk_zip"]

_UNIX: Final = 3
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,  # and with it NotImplementedError: features that zipfile does not have
)

_KINDS: Final = {
    0: Kind.FILE,
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
}


def walk_zip(path: Path, budget: Budget) -> Iterator[Member]:
    """Give every member in the order of the central directory.

    Raises :class:`TreeError`, and no other error.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                budget.spend_member()
                yield _member(archive, info, budget)
    except _DAMAGE as error:
        raise damaged(budget.path, error) from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Member:
    name = info.orig_filename  # zipfile's own name ends at the first NUL
    path = safe_path(name, budget.path)
    kind = _kind(info, budget.path)
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        problem = "it is encrypted, or not compressed by deflate"
        raise UnsupportedTreeError(budget.path, problem, member=name)
    content = b"" if kind is Kind.DIRECTORY else _content(archive, info, kind, budget)
    return Member(
        entry=Entry(
            path=path,
            kind=kind,
            mode=_unix_mode(info) & 0o7777 if _unix_mode(info) else None,
            size=info.file_size if kind is Kind.FILE else 0,
            link_target=_text(content) if kind is Kind.SYMLINK else None,
            mtime=_seconds(info),
        ),
        content=content if kind is Kind.FILE else b"",
    )


def _unix_mode(info: zipfile.ZipInfo) -> int:
    """Give the ``st_mode``; 0 when the archive was made where there are none."""
    return info.external_attr >> 16 if info.create_system == _UNIX else 0


def _kind(info: zipfile.ZipInfo, source: str) -> Kind:
    """Decide by the recorded type; a name that ends in ``/`` must agree with it."""
    recorded = stat.S_IFMT(_unix_mode(info))
    kind = Kind.DIRECTORY if recorded == 0 and info.is_dir() else _KINDS.get(recorded)
    if kind is None or (kind is Kind.DIRECTORY) != info.is_dir():
        problem = "it is neither a file nor a directory nor a link"
        raise HostileArchiveError(source, problem, member=info.orig_filename)
    return kind


def _content(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, kind: Kind, budget: Budget
) -> Content:
    if kind is Kind.SYMLINK and info.file_size > MAX_NAME:
        problem = f"its target has more than {MAX_NAME} bytes"
        raise HostileArchiveError(budget.path, problem, member=info.orig_filename)
    budget.spend_bytes(info.file_size)
    with archive.open(info) as stream:
        content = take(stream.read, info.file_size)
        stream.read(1)  # at the end of the data the check sum is compared
    return content


def _text(content: Content) -> str:
    return bytes(content).decode("utf-8", "backslashreplace")


def _seconds(info: zipfile.ZipInfo) -> int | None:
    """Give the time of last change; None when the zip holds no valid date."""
    try:
        return calendar.timegm((*info.date_time, 0, 0, 0))
    except ValueError:
        return None
