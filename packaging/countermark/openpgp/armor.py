"""Blocks of ASCII armor, and the packets in them, before any of it is trusted.

Only the frame is read here: RFC 9580, section 6 (armor) and section 4.2 (packet headers). The
check sum of a block is optional there, and says nothing that a signature does not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = ["Block", "Packet", "blocks", "packets"]

_BEGIN: Final = re.compile(rb"^-----BEGIN PGP ([A-Z ,/0-9]{1,40})-----[ \t\r]*$", re.MULTILINE)
_HEADER: Final = re.compile(r"[A-Za-z0-9-]+: ?.*")


class Block(NamedTuple):
    """One armored block, or a binary file as a whole."""

    kind: str
    """Such as ``SIGNATURE`` or ``PUBLIC KEY BLOCK``; empty for a binary file."""
    content: bytes
    problem: str = ""
    """Why its content cannot be read; empty when it can."""


class Packet(NamedTuple):
    """One OpenPGP packet, or what stands where one should be."""

    tag: int
    encoded: bytes
    """Header and body."""
    body: bytes = b""
    problem: str = ""


def blocks(content: bytes) -> Iterator[Block]:
    """Yield the armored blocks of ``content``, or all of it as one when it is binary.

    Text that is in no block is passed over, as every program does that reads armor.
    """
    if content[:1] >= b"\x80":  # every binary packet begins so, and no text in ASCII does
        yield Block(kind="", content=content)
        return
    begins = list(_BEGIN.finditer(content))
    starts = [*(begin.start() for begin in begins), len(content)]
    for begin, end in zip(begins, starts[1:], strict=True):
        yield _block(begin[1].decode("ascii"), content[begin.end() : end])


def _block(kind: str, text: bytes) -> Block:
    inside, end, _ = text.partition(b"-----END PGP " + kind.encode("ascii") + b"-----")
    if not end:
        return Block(kind, b"", "the block has no end: the file is cut off")
    lines = [line.strip() for line in inside.decode("latin-1").split("\n")[1:]]
    while lines and _HEADER.fullmatch(lines[0]):
        del lines[0]
    if lines and lines[-1] == "":
        del lines[-1]
    if lines and re.fullmatch("=[A-Za-z0-9+/]{4}", lines[-1]):  # the check sum
        del lines[-1]
    try:
        return Block(kind, base64.b64decode("".join(lines), validate=True))
    except (binascii.Error, ValueError):
        return Block(kind, b"", "the block is not base64")


def packets(content: bytes) -> Iterator[Packet]:
    """Yield the packets of ``content``; the last has a problem when it is cut off or damaged."""
    at = 0
    while at < len(content):
        found = _packet(content, at)
        yield found
        if found.problem:
            return
        at += len(found.encoded)


def _packet(content: bytes, at: int) -> Packet:
    first = content[at]
    if first < 0x80:
        return Packet(0, content[at:], problem="no packet begins here")
    tag = first & 0x3F if first & 0x40 else first >> 2 & 0xF
    measured = _new_length(content, at) if first & 0x40 else _old_length(content, at)
    if measured is None:
        return Packet(tag, content[at:], problem="a packet without a plain length")
    header, length = measured
    end = at + header + length
    if end > len(content):
        return Packet(tag, content[at:], problem="a packet is cut off")
    return Packet(tag, content[at:end], content[at + header : end])


def _new_length(content: bytes, at: int) -> tuple[int, int] | None:
    """Return the size of a header of the OpenPGP format, and the length that it gives."""
    octets = content[at + 1 : at + 6]
    if octets and octets[0] < 192:
        return 2, octets[0]
    if len(octets) > 1 and octets[0] < 224:
        return 3, (octets[0] - 192 << 8) + octets[1] + 192
    if len(octets) == 5 and octets[0] == 255:
        return 6, int.from_bytes(octets[1:])
    return None


def _old_length(content: bytes, at: int) -> tuple[int, int] | None:
    """Return the size of a header of the legacy format, and the length that it gives."""
    size = {0: 1, 1: 2, 2: 4}.get(content[at] & 3)
    if size is None or at + 1 + size > len(content):
        return None
    return 1 + size, int.from_bytes(content[at + 1 : at + 1 + size])
