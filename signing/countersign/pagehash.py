"""Page hashes: the bulk of the work of signing and verifying.

Everything that is hashed page by page goes through :func:`page_hashes`, so a native kernel has
one function to replace; :func:`page_hashes_python` stays as its reference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from countersign.digest import HashType

__all__ = ["page_count", "page_hashes", "page_hashes_python"]


def page_count(size: int, page_size: int) -> int:
    """Count the pages of ``size`` bytes; the last one may be short."""
    return -(-size // page_size)


def page_hashes_python(code: memoryview, page_size: int, hash_type: HashType) -> bytes:
    """Hash every page of ``code``; the digests follow one another without a gap.

    The last page is hashed as it is, not padded (``cs_validate_hash`` in xnu's ubc_subr.c).
    """
    new, size = getattr(hashlib, hash_type.algorithm), hash_type.size
    pages = (code[at : at + page_size] for at in range(0, len(code), page_size))
    return b"".join([new(page, usedforsecurity=False).digest()[:size] for page in pages])


def page_hashes(pieces: Iterable[memoryview], page_size: int, hash_type: HashType) -> bytes:
    """Hash the pages of a range of bytes that is given in ``pieces``.

    Each piece but the last must hold whole pages.
    """
    return b"".join([page_hashes_python(piece, page_size, hash_type) for piece in pieces])
