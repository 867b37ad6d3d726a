"""Page hashes: the bulk of the work of signing and verifying.

Everything that is hashed page by page goes through :func:`hash_pages`. The native kernel
(``signing/native``) does it where it was built; :func:`page_hashes_python` does it elsewhere and is
the reference: both give the same bytes. To run without the kernel, in a test for example, forbid
its import as Python has it: ``sys.modules["countersign._kernel"] = None``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from countersign.digest import HashType

__all__ = [
    "available_threads",
    "hash_pages",
    "page_count",
    "page_hash_implementation",
    "page_hashes_python",
]

_NATIVE: Final = {"sha1": 20, "sha256": 32}
"""The algorithms that the kernel has, and the bytes of a digest as it gives them."""


def page_count(size: int, page_size: int) -> int:
    """Count the pages of ``size`` bytes; the last one may be short."""
    return -(-size // page_size)


def hash_pages(
    code: memoryview | bytes, page_size: int, hash_type: HashType, *, threads: int = 1
) -> bytes:
    """Hash every page of ``code``; the digests follow one another without a gap.

    The last page is hashed as it is, not padded (``cs_validate_hash`` in xnu's ubc_subr.c).
    ``threads`` is how many threads the kernel may use, the calling one among them; hashlib in its
    place uses one. Raises :class:`ValueError` when one of the two numbers is not positive.
    """
    if page_size < 1 or threads < 1:
        raise ValueError(f"pages of {page_size} bytes, {threads} threads: both must be positive")
    stored = _NATIVE.get(hash_type.algorithm)
    if stored is None:
        return page_hashes_python(memoryview(code), page_size, hash_type)
    try:
        from countersign._kernel import hash_pages as native
    except ImportError:
        return page_hashes_python(memoryview(code), page_size, hash_type)
    digests = native(code, page_size, hash_type.algorithm, threads)
    if hash_type.size == stored:
        return digests
    return b"".join([digests[at : at + hash_type.size] for at in range(0, len(digests), stored)])


def page_hashes_python(code: memoryview, page_size: int, hash_type: HashType) -> bytes:
    """Hash every page of ``code`` with :mod:`hashlib`: what :func:`hash_pages` must give."""
    import hashlib

    new, size = getattr(hashlib, hash_type.algorithm), hash_type.size
    pages = (code[at : at + page_size] for at in range(0, len(code), page_size))
    return b"".join([new(page, usedforsecurity=False).digest()[:size] for page in pages])


def available_threads() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def page_hash_implementation() -> str:
    """Name what :func:`hash_pages` uses for SHA-1 and SHA-256.

    ``hashlib``, or what the kernel found fit for this processor: ``sha-ni``, ``avx2``, ``armv8``
    or ``portable``.
    """
    try:
        from countersign._kernel import implementation
    except ImportError:
        return "hashlib"
    return implementation
