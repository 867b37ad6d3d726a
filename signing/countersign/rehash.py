"""Hashing again what was signed: in memory where it is there, else piece by piece as it is read."""

from __future__ import annotations

from countersign.digest import HashType
from countersign.pagehash import available_threads, hash_pages
from countersign.sink import Nowhere
from countersign.source import BytesSource, PassedSource, PiecesSource
from countersign.transfer import Hashing, transfer
from countersign.window import Window

__all__ = ["rehash", "rehash_pages"]


def rehash(window: Window, hash_type: HashType) -> bytes:
    """Hash a whole range as one, and cut the digest to its stored size."""
    import hashlib

    hasher = hashlib.new(hash_type.algorithm, usedforsecurity=False)
    for piece in window.pieces():
        hasher.update(piece)
    return hasher.digest()[: hash_type.size]


def rehash_pages(window: Window, page_size: int, hash_type: HashType) -> bytes:
    """Hash every page of a range, on all cores; the digests follow one another without a gap.

    ``page_size`` divides :data:`countersign.transfer.CHUNK`. Raises what the source raises.
    """
    if isinstance(window.source, PassedSource):
        return window.source.pages(window.start, len(window), page_size, hash_type)
    parts = _in_memory(window, page_size)
    if parts is None:
        hashing = Hashing(page_size, (hash_type,))
        (digests,) = transfer(window.source, window.start, len(window), Nowhere(), 0, hashing)
        return digests
    threads = available_threads()
    return b"".join(hash_pages(part, page_size, hash_type, threads=threads) for part in parts)


def _in_memory(window: Window, page_size: int) -> list[memoryview] | None:
    """Give the range in parts of whole pages, but for the last one; None where it is not so."""
    source, parts = window.source, []
    if isinstance(source, BytesSource):
        parts = [window[:]]
    elif isinstance(source, PiecesSource):
        parts = list(source.parts(window.start, len(window)))
    return parts if parts and not any(len(part) % page_size for part in parts[:-1]) else None
