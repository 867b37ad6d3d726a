"""Reading a tar in one pass, forwards, trusting neither its headers nor its end.

Format: POSIX.1-2017 pax, with GNU's long names. :mod:`tarfile` reads the headers; where it is
lenient (a damaged header ends the archive quietly, a size may be negative) the archive is refused.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from counterproof.errors import HostileArchiveError
from counterproof.trees.content import Shelf, split
from counterproof.trees.entry import Entry, Kind, Member
from counterproof.trees.format import ArchiveFormat
from counterproof.trees.safety import Budget, refuse_escapes, safe_path, telling_damage
from counterproof.trees.stream import ForwardStream, Readable
from counterproof.trees.zstd import ZstdStream

__all__ = ["DAMAGE", "TarMember", "open_tar", "read_tar", "walk_tar"]

DAMAGE: Final = (
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RecursionError,  # tarfile follows a chain of long-name headers by recursion
)

_KINDS: Final = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARD_LINK,
}
_PLAIN_RECORDS: Final = frozenset(("path", "linkpath", "size", "comment", "hdrcharset"))
"""Pax records of what does not fit into a header, and that of ``git archive``: the commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TarMember:
    """A member as it is stored, to be read before the next one is asked for."""

    entry: Entry
    headers: bytes
    """The raw blocks in front of the content: long names, pax records and pax global headers, and
    last the member's own header."""
    pax: Mapping[str, str]
    """Every pax record that holds for it, global ones included."""
    source: str
    """The archive's path."""
    stream: ForwardStream

    def chunks(self) -> Iterator[bytes]:
        """Read the content, a mebibyte at a time."""
        with telling_damage(self.source, DAMAGE):
            yield from split(self.stream.read_content, self.entry.size)

    def padding(self) -> bytes:
        """Read what fills the last block of the content, which must have been read before."""
        with telling_damage(self.source, DAMAGE):
            return b"".join(split(self.stream.read_content, -self.entry.size % tarfile.BLOCKSIZE))


def open_tar(path: Path, form: ArchiveFormat) -> io.BufferedIOBase:
    """Open the plain bytes of the tar at ``path``, which is compressed as ``form`` says.

    Raises :class:`TreeError` when it cannot be opened.
    """
    with telling_damage(str(path), DAMAGE):
        if form is ArchiveFormat.TAR_GZ:
            return gzip.GzipFile(path)
        file = path.open("rb")
        return ZstdStream(file, str(path)) if form is ArchiveFormat.TAR_ZST else file


def walk_tar(path: Path, budget: Budget, form: ArchiveFormat) -> Iterator[Member]:
    """Give every member of a tar; the check sums of a compressed one must hold to the end.

    Raises :class:`TreeError`, and no other error.
    """
    shelf = Shelf()
    with telling_damage(budget.path, DAMAGE), open_tar(path, form) as source:
        for member in read_tar(source, budget):
            with shelf.hold(member.chunks()) as content:
                yield Member(entry=member.entry, content=content)


def read_tar(source: Readable, budget: Budget) -> Iterator[TarMember]:
    """Give the members as they are stored; what is not read of one is skipped.

    Duplicates and links are judged after the last one. Raises :class:`TreeError`, and no other
    error.
    """
    entries: list[Entry] = []
    stream = ForwardStream(source, budget)
    with telling_damage(budget.path, DAMAGE):
        with tarfile.open(fileobj=stream, mode="r:", encoding="utf-8") as archive:
            while (info := archive.next()) is not None:
                budget.spend_member()
                member = _member(info, stream, budget.path)
                entries.append(member.entry)
                yield member
                stream.seek(info.offset_data + _blocks(member.entry.size))
        stream.expect_end()
    refuse_escapes(entries, budget.path)


def _member(info: tarfile.TarInfo, stream: ForwardStream, source: str) -> TarMember:
    kind = _KINDS.get(info.type)
    if info.issparse():
        problem = "it is sparse, with holes that are not stored; pack it without --sparse"
        raise HostileArchiveError(source, problem, member=info.name)
    if kind is None:
        problem = "it is neither a file nor a directory nor a link"
        raise HostileArchiveError(source, problem, member=info.name)
    entry = Entry(
        path=safe_path(info.name, source),
        kind=kind,
        mode=info.mode & 0o7777,
        size=info.size if kind is Kind.FILE else 0,
        link_target=info.linkname if info.issym() or info.islnk() else None,
        owner=(info.uid, info.gid),
        mtime=int(info.mtime),
        owner_names=tuple(name for name in (info.uname, info.gname) if name),
        extras=tuple(sorted(name for name in info.pax_headers if name not in _PLAIN_RECORDS)),
    )
    if kind is Kind.HARD_LINK:
        safe_path(info.linkname, source)
    stream.seek(info.offset_data)
    return TarMember(
        entry=entry,
        headers=stream.take_headers(),
        pax=info.pax_headers,
        source=source,
        stream=stream,
    )


def _blocks(size: int) -> int:
    return size + -size % tarfile.BLOCKSIZE
