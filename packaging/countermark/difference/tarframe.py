"""How a tar stores a member: its header, what stands in front of it, and what fills its last block.

Format: POSIX.1-2017, "ustar Interchange Format", and GNU tar's manual.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from counterproof.trees.tarball import TarMember

__all__ = ["FIELDS", "TarFrame", "tar_frame"]

_BLOCK: Final = tarfile.BLOCKSIZE
_MAX_RECORDS: Final = 64
_MAX_TEXT: Final = 200
"""Characters of a pax record that are kept."""

_STANDS_BEFORE: Final = {
    b"L": "a long name of GNU tar",
    b"K": "a long link of GNU tar",
    b"x": "pax records",
    b"g": "global pax records",
}

FIELDS: Final[Mapping[str, slice]] = {
    "name": slice(0, 100),
    "mode": slice(100, 108),
    "uid": slice(108, 116),
    "gid": slice(116, 124),
    "size": slice(124, 136),
    "mtime": slice(136, 148),
    "checksum": slice(148, 156),
    "type": slice(156, 157),
    "link name": slice(157, 257),
    "magic": slice(257, 265),
    "user": slice(265, 297),
    "group": slice(297, 329),
    "device": slice(329, 345),
    "prefix": slice(345, 512),
}
"""The fields of a header, up to the next one, by their places in its block."""


class TarFrame(NamedTuple):
    """Everything that a tar says of a member but its content."""

    header: bytes
    """The block of the member's own header."""
    before: tuple[str, ...]
    """The headers in front of it, in words."""
    front: str
    """SHA-256 of these."""
    records: Mapping[str, str]
    """The pax records that hold for it, cut."""
    padding: bytes
    """What fills the last block of its content; nothing where that is zeros."""
    stored: int
    """Bytes that the member takes, headers and padding included."""


def tar_frame(member: TarMember) -> TarFrame:
    """Take what is around a member whose content was read."""
    records = tuple(member.pax.items())[:_MAX_RECORDS]
    front, padding = member.headers[:-_BLOCK], member.padding()
    return TarFrame(
        header=member.headers[-_BLOCK:],
        before=tuple(_before(member.headers)),
        front=hashlib.sha256(front).hexdigest(),
        records={name[:_MAX_TEXT]: value[:_MAX_TEXT] for name, value in records},
        padding=padding if padding.strip(b"\0") else b"",
        stored=len(member.headers) + member.entry.size + len(padding),
    )


def _before(headers: bytes) -> Iterator[str]:
    """Name the headers in front of the last one; the tar's reader has understood them."""
    at = 0
    while at + _BLOCK < len(headers):
        header = headers[at : at + _BLOCK]
        yield _STANDS_BEFORE.get(header[FIELDS["type"]], "another header")
        try:
            size = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape").size
        except tarfile.HeaderError:
            return
        at += _BLOCK + max(size, 0) + -size % _BLOCK
