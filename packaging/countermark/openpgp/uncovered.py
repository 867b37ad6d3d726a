"""What stands in a file of signatures and is covered by none of them.

A signature covers the signed file and a part of itself. Armor, its check sum, text around it, and
subpackets that are not hashed can be changed, and it stays good: RFC 9580, sections 5.2.3 and 6.
Programs write them in one way, so that a change shows.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Final

from countermark.openpgp.armor import blocks, packets
from countermark.openpgp.mathematics import UnsupportedError, subpackets

__all__ = ["armor_remarks", "signature_remarks"]

_ARMORED: Final = re.compile(
    rb"-----BEGIN PGP SIGNATURE-----\n(?P<headers>(?:[!-~]+: [ -~]*\n)*)\n"
    rb"(?P<body>(?:[A-Za-z0-9+/=]+\n)+?)(?P<check>=[A-Za-z0-9+/]{4}\n)?"
    rb"-----END PGP SIGNATURE-----"
)
_ISSUER_KEY_ID: Final = 16
_ISSUER_FINGERPRINT: Final = 33


def armor_remarks(content: bytes) -> Iterator[str]:
    """Say what of a file of signatures, armored or not, is otherwise than programs write it."""
    if content[:1] < b"\x80":
        text = re.sub(rb"[ \t\r]*\n", b"\n", content)
        if _ARMORED.sub(b"", text).strip(b"\n"):
            yield "there is something around or in the armor that programs do not write"
        for block in _ARMORED.finditer(text):
            yield from _block_remarks(block)
    for block_read in blocks(content):
        for packet in packets(block_read.content):
            yield from signature_remarks(packet.body)


def _block_remarks(block: re.Match[bytes]) -> Iterator[str]:
    lines = block["body"].splitlines()
    try:
        content = base64.b64decode(b"".join(lines), validate=True)
    except ValueError:
        return  # which a check of its signatures says
    if _lines(content, len(lines[0])) != lines:
        yield "the lines of a block are not those that programs write"
    if block["check"] and base64.b64decode(block["check"][1:5]) != _crc24(content):
        yield "the check sum of a block is another than that of its content"
    if block["headers"]:
        yield "a block has headers, such as comments"


def _lines(content: bytes, width: int) -> list[bytes]:
    text = base64.b64encode(content)
    return [text[at : at + width] for at in range(0, len(text), width)]


def signature_remarks(body: bytes) -> Iterator[str]:
    """Say what is unusual in the part of a signature packet that it does not cover itself."""
    try:
        hashed, unhashed = subpackets(body)
    except UnsupportedError:
        return  # which a check of it says, if it is no signature
    fingerprint = hashed.get(_ISSUER_FINGERPRINT, b"")[1:]
    for kind, value in unhashed.items():
        if kind == _ISSUER_KEY_ID:
            same = not fingerprint or value == _key_id(body[0], fingerprint)
        else:
            same = kind == _ISSUER_FINGERPRINT and value[1:] == (fingerprint or value[1:])
        if not same:
            yield f"a signature carries what it does not cover (subpacket {kind})"


def _key_id(version: int, fingerprint: bytes) -> bytes:
    return fingerprint[:8] if version == 6 else fingerprint[-8:]


def _crc24(data: bytes) -> bytes:
    """RFC 9580, section 6.1.1."""
    state = 0xB704CE
    for octet in data:
        state ^= octet << 16
        for _ in range(8):
            state = state << 1 ^ (0x1864CFB if state & 0x800000 else 0)
    return (state & 0xFFFFFF).to_bytes(3)
