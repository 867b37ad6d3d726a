"""Reading gzip, member by member. Format: RFC 1952; zlib checks headers, sizes and sums.

The library's own reader takes small bites and copies what they give; a release has large files.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["plain_pieces"]

_GZIP: Final = 16 + zlib.MAX_WBITS
_BITE: Final = 1 << 16
_PIECE: Final = 1 << 18
"""Bytes that are decompressed at a time at most."""


def plain_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give what a file decompresses to, a piece at a time.

    Zeros may follow the last member. Raises :class:`zlib.error` for what is damaged, and
    :class:`EOFError` where it is cut short.
    """
    member = zlib.decompressobj(_GZIP)
    for bite in _bites(pieces):
        data = bite
        while data:
            if member.eof:
                data = data.lstrip(b"\0")
                member = zlib.decompressobj(_GZIP) if data else member
                continue
            yield member.decompress(data, _PIECE)
            data = member.unused_data if member.eof else member.unconsumed_tail
    while not member.eof and (rest := member.decompress(b"", _PIECE)):
        yield rest
    if not member.eof:
        raise EOFError("compressed data ends too early")


def _bites(pieces: Iterable[bytes]) -> Iterator[bytes]:
    return (piece[at : at + _BITE] for piece in pieces for at in range(0, len(piece), _BITE))
