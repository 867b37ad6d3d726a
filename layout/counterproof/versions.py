"""What programs say of their own version, found in their bytes without running them.

These are believed: the version resource of a PE; a C string that is nothing but a version, or a
version in one behind the word ``version`` or a program's name. A compiler may leave none of them.
Of a string that is copied it may keep the first 16 bytes as an aligned constant, and a short one
may be nothing but instructions. Sources: Bitcoin Core src/clientversion.cpp and bitcoind-res.rc;
Microsoft, "VERSIONINFO resource".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, Self

from counterproof.storing import REACH, stored_text
from countersign.source import Source

__all__ = ["Version", "versions_in"]

_PIECE: Final = 1 << 22
_MARGIN: Final = 256
"""Bytes around a version that tell whether it is one; no version is longer."""
_MOST: Final = 64
"""Versions that are taken from one image at most."""

_GRAMMAR: Final = (
    r"(?P<numbers>[0-9]{1,3}(?:\.[0-9]{1,5}){1,3})"
    r"(?P<candidate>(?:rc|beta|alpha)[0-9]{1,3})?"
    r"(?:-g?(?P<commit>[0-9a-f]{4,40})|-[a-z]{1,12})?"
    r"(?P<dirty>-dirty)?"
)
_VERSION: Final = re.compile("v?" + _GRAMMAR)
_BARE_COMMIT: Final = re.compile(r"[0-9a-f]{12}")

_START: Final = re.compile(rb"v[0-9]{1,3}\.")
_TOLD: Final = re.compile(b"v" + _GRAMMAR.encode())
_BEFORE: Final = re.compile(rb"(?:\0|[Vv]ersion |\0[\w-]{1,40}: )\Z")
_CONTEXT: Final = 64
_AFTER: Final = b"\0\n "
_CONSTANT: Final = 16
_CUT_SHORT: Final = re.compile(rb"v[0-9]{1,3}(?:\.[0-9]{1,5}){1,3}-g?[0-9a-f]{4,}")
_DIRT: Final = re.compile(rb"-dirty")
_KEY: Final = "ProductVersion\0".encode("utf-16-le")
_RESOURCE: Final = re.compile(_KEY + rb"(?:\0\0)?((?:[0-9A-Za-z.+-]\0){3,100})\0\0")


class Version(NamedTuple):
    """A version, as far as two of them can be compared."""

    text: str
    """As it is told."""
    numbers: tuple[int, ...]
    """Without zeros at their end: 31.0 and 31.0.0 are one release; none of a mere commit."""
    candidate: str
    """Such as ``rc1``; empty for none."""
    commit: str
    """Hexadecimal digits of it, which may be cut short; empty where none is told."""
    dirty: bool
    """True when the source was changed after that commit."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a version as programs, archives and manual pages write it; None when it is none."""
        if _BARE_COMMIT.fullmatch(text):
            return cls(text=text, numbers=(), candidate="", commit=text, dirty=False)
        match = _VERSION.fullmatch(text)
        if match is None:
            return None
        numbers = [int(number) for number in match["numbers"].split(".")]
        while len(numbers) > 1 and numbers[-1] == 0:
            numbers.pop()
        return cls(
            text=text,
            numbers=tuple(numbers),
            candidate=match["candidate"] or "",
            commit=match["commit"] or "",
            dirty=match["dirty"] is not None,
        )

    def agrees(self, other: Version) -> bool:
        """Tell whether both may be one version: a commit that only one of them tells may be."""
        numbered = self.numbers and other.numbers
        if numbered and (self.numbers, self.candidate) != (other.numbers, other.candidate):
            return False
        return self.commit.startswith(other.commit) or other.commit.startswith(self.commit)


def versions_in(source: Source) -> tuple[str, ...]:
    """Give the versions that an image tells as its own, sorted; most tell one, or none.

    Raises what the source raises.
    """
    found: set[str] = set()
    for start, data, first, last in _windows(source):
        found.update(_strings(data, start, first, last))
        found.update(match[1].decode("utf-16-le") for match in _RESOURCE.finditer(data))
        if len(found) > _MOST:
            break
    return tuple(sorted(found)[:_MOST])


def _windows(source: Source) -> Iterator[tuple[int, memoryview, int, int]]:
    """Give a file in pieces, with some bytes around each: where the bytes start in the file, the
    bytes, and where the piece begins and ends in them.
    """
    buffer = memoryview(bytearray(min(source.size, _PIECE + 2 * _MARGIN)))
    for at in range(0, source.size, _PIECE):
        start, end = max(at - _MARGIN, 0), min(at + _PIECE, source.size)
        data = buffer[: min(end + _MARGIN, source.size) - start]
        source.read_into(start, data)
        yield start, data, at - start, end - start


def _strings(data: memoryview, start: int, first: int, last: int) -> Iterator[str]:
    """Give the versions that begin between ``first`` and ``last``."""
    for match in _START.finditer(data):
        at = match.start()
        if not first <= at < last:
            continue
        whole = _TOLD.match(data, at)
        if whole and _is_told(data, at, whole.end()):
            yield bytes(whole[0]).decode()
        if (start + at) % _CONSTANT == 0 and (cut := _constant(data, at)):
            yield cut + ("-dirty" if _is_cut_dirt_in(data, start) else "")
        elif (text := _stored(data, at)) and _TOLD.fullmatch(text):
            yield text.decode()


def _is_told(data: memoryview, at: int, end: int) -> bool:
    before = _BEFORE.search(data, max(at - _CONTEXT, 0), at)
    return before is not None and bytes(data[end : end + 1]) in _AFTER


def _constant(data: memoryview, at: int) -> str | None:
    """Give the first 16 bytes of a longer version, where the rest is elsewhere."""
    constant = bytes(data[at : at + _CONSTANT])
    return constant.decode() if _CUT_SHORT.fullmatch(constant) else None


def _is_cut_dirt_in(data: memoryview, start: int) -> bool:
    """Tell whether the last 16 bytes of a longer version are there, and end in ``-dirty``."""
    return any((start + match.end()) % _CONSTANT == 0 for match in _DIRT.finditer(data))


def _stored(data: memoryview, at: int) -> bytes | None:
    """Give the text that instructions store, of which the first bytes stand here."""
    begin = max(at - REACH, 0)
    return stored_text(bytes(data[begin : at + REACH]), at - begin)
