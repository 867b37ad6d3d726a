"""Short texts that an x86-64 program has only as instructions that store them.

A compiler copies a constant of a few bytes into a static ``std::string`` without keeping it as a
text: ``movl $0x2e313376, v(%rip)`` writes ``v31.``, ``movb $0x30`` what follows, and another
``movb $0`` the end. Here such stores are put together again by where they write to. Encodings:
Intel, "Software Developer's Manual", volume 2, MOV, with RIP-relative addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["REACH", "stored_text"]

REACH: Final = 128
"""Bytes before and behind the first store in which the others are looked for."""
_LONGEST: Final = 16
"""Bytes of a text, its end included, that fit into a ``std::string`` itself."""

_STORES: Final = (
    re.compile(rb"\xc6\x05(?P<to>.{4})(?P<data>.)", re.DOTALL),
    re.compile(rb"\x66\xc7\x05(?P<to>.{4})(?P<data>.{2})", re.DOTALL),
    re.compile(rb"(?<!\x66)\xc7\x05(?P<to>.{4})(?P<data>.{4})", re.DOTALL),
    re.compile(
        rb"\x48[\xb8-\xbf](?P<data>.{8})\x48\x89[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](?P<to>.{4})",
        re.DOTALL,
    ),
)
"""Of one, two, four and eight bytes, the last by way of a register."""


def stored_text(code: bytes, at: int) -> bytes | None:
    """Give the text whose first bytes are the constant at ``at`` of an instruction in ``code``.

    None when these bytes are no constant that is stored, or the end of the text is not stored
    nearby.
    """
    start = next((to for place, to, _ in _stores(code) if place == at), None)
    if start is None:
        return None
    text: dict[int, int] = {}
    for _, to, data in _stores(code):
        if start <= to < start + _LONGEST:
            text.update(enumerate(data, to - start))
    stored = bytes(text.get(index, 0xFF) for index in range(_LONGEST))
    content, end, _ = stored.partition(b"\0")
    return content if end else None


def _stores(code: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Give where a constant stands, where it is stored, counted from the code's start, and it."""
    for pattern in _STORES:
        for match in pattern.finditer(code):
            to = match.end() + int.from_bytes(match["to"], "little", signed=True)
            yield match.start("data"), to, match["data"]
