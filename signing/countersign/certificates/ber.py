"""BER as CMS comes in it, rewritten so that every length is definite.

Form: X.690. Apple's encoder writes lengths that are not known beforehand as "until the end mark",
and byte strings in pieces; what reads and compares certificates wants neither. Only elements that
may have such a thing inside are walked, and to a bounded depth.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from countersign.errors import FormatError

__all__ = ["MAX_DEPTH", "definite", "element"]

MAX_DEPTH: Final = 64
"""Elements within each other; a signature with a timestamp has some twenty."""

CONSTRUCTED: Final = 0x20
OCTET_STRING: Final = 0x04
END: Final = b"\0\0"
"""The mark that ends an element whose length was not known."""
INDEFINITE: Final = 0x80
_TO_REWRITE: Final = re.compile(
    rb"[\x20-\x3f\x60-\x7f\xa0-\xbf\xe0-\xff]\x80"
    rb"|\x24(?:[\x00-\x7f]|\x81.|\x82..|\x83...|\x84....)[\x04\x24]",
    re.DOTALL,
)
"""How an element without a known length begins, and a byte string in pieces; these bytes may also
be part of some value."""


def element(tag: int, content: bytes) -> bytes:
    """Encode one element, with its length in the fewest bytes."""
    size = len(content)
    if size < INDEFINITE:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, INDEFINITE | len(digits))) + digits + content


def definite(data: bytes, base: int, *, rule: str) -> bytes:
    """Rewrite the element at the start of ``data``; what follows it is left out.

    What has definite lengths already stays as it is, byte for byte. Raises :class:`FormatError` of
    the given rule, and no other error; ``base`` is where the data starts in the file.
    """
    return _Walk(data, base, rule).element(0, MAX_DEPTH)[0]


class _Walk:
    """The data that is walked, and how to complain about it."""

    def __init__(self, data: bytes, base: int, rule: str) -> None:
        self._data = data
        self._base = base
        self._rule = rule

    def element(self, start: int, depth: int) -> tuple[bytes, int]:
        """Rewrite the element at ``start``; return it and where it ends."""
        if not depth:
            self._fail(start, f"more than {MAX_DEPTH} elements within each other")
        tag_end = self._tag_end(start)
        size, at = self._length(tag_end)
        if size is not None and not self._needs_rewriting(start, at, at + size):
            return self._data[start : at + size], at + size
        if not self._data[start] & CONSTRUCTED:
            self._fail(start, "a single value has no length")
        parts, end = self._parts(at, size, depth - 1)
        if self._data[start] == OCTET_STRING | CONSTRUCTED:
            return element(OCTET_STRING, b"".join(self._bytes_of(part, at) for part in parts)), end
        content = b"".join(parts)
        if size is not None and content == self._data[at : at + size]:
            return self._data[start:end], end
        return self._data[start : tag_end - 1] + element(self._data[tag_end - 1], content), end

    def _needs_rewriting(self, start: int, at: int, end: int) -> bool:
        """Tell whether a definite element may have an indefinite one, or pieces, inside."""
        tag = self._data[start]
        in_pieces = tag == OCTET_STRING | CONSTRUCTED
        return in_pieces or bool(tag & CONSTRUCTED and _TO_REWRITE.search(self._data, at, end))

    def _parts(self, at: int, size: int | None, depth: int) -> tuple[list[bytes], int]:
        """Rewrite the elements of a constructed one, up to its end or its end mark."""
        parts: list[bytes] = []
        end = len(self._data) if size is None else at + size
        while at < end:
            if size is None and self._data.startswith(END, at):
                return parts, at + len(END)
            part, at = self.element(at, depth)
            parts.append(part)
        if size is None or at > end:
            self._fail(at, "an element reaches out of the one around it")
        return parts, end

    def _tag_end(self, at: int) -> int:
        """Pass over a tag, which may be of several bytes."""
        first = self._byte(at)
        at += 1
        if first & 0x1F == 0x1F:
            while self._byte(at) & 0x80:
                at += 1
            at += 1
        return at

    def _length(self, at: int) -> tuple[int | None, int]:
        """Read a length, None for one that is not known; return where the content starts."""
        first = self._byte(at)
        at += 1
        if first == INDEFINITE:
            return None, at
        size, digits = first, 0
        if first > INDEFINITE:
            digits = first & 0x7F
            size = int.from_bytes(self._data[at : at + digits])
        if digits > 8 or size > len(self._data) - at - digits:
            self._fail(at, "an element reaches past the end")
        return size, at + digits

    def _bytes_of(self, part: bytes, at: int) -> bytes:
        """Take the content out of a piece of a byte string."""
        if part[0] != OCTET_STRING:
            self._fail(at, "a byte string in pieces contains something else")
        size, start = _Walk(part, self._base, self._rule)._length(1)
        return part[start : start + (size or 0)]

    def _byte(self, at: int) -> int:
        if at >= len(self._data):
            self._fail(at, "it ends in the middle of an element")
        return self._data[at]

    def _fail(self, at: int, problem: str) -> NoReturn:
        raise FormatError("CMS", self._base + at, problem, rule=self._rule)
