"""The hash algorithms of code signing.

Format: ``CS_HASHTYPE_*`` in xnu's ``osfmk/kern/cs_blobs.h``. The order of preference is that of
``hashPriorities`` in xnu's ubc_subr.c, which Security shares.
"""

from __future__ import annotations

import enum
from typing import Final

from countersign.pagehash import hash_pages

__all__ = ["CDHASH_SIZE", "HashType"]

CDHASH_SIZE: Final = 20
"""A cdhash is a digest cut to this many bytes, whatever the algorithm."""


class HashType(enum.IntEnum):
    """A hash algorithm by its number in the file; ``size`` is what is stored of a digest."""

    SHA1 = 1
    SHA256 = 2
    SHA256_TRUNCATED = 3
    SHA384 = 4

    @property
    def algorithm(self) -> str:
        """The name that :mod:`hashlib` knows."""
        return _ALGORITHMS[self]

    @property
    def label(self) -> str:
        """The name that people are shown."""
        return _LABELS.get(self, self.algorithm)

    @property
    def size(self) -> int:
        """Bytes of one stored digest."""
        return _SIZES[self]

    @property
    def rank(self) -> int:
        """The code directory of the highest rank is the one that the kernel uses."""
        return _RANKS.index(self)

    def digest(self, data: bytes | memoryview) -> bytes:
        """Hash ``data`` and cut the digest to its stored size."""
        if data:  # one page: the kernel is at hand, where hashlib would load OpenSSL first
            return hash_pages(data, len(data), self)
        import hashlib

        return hashlib.new(self.algorithm, usedforsecurity=False).digest()[: self.size]

    def cdhash(self, directory: bytes | memoryview) -> str:
        """Name a code directory, given as its bytes, as macOS does: 40 hexadecimal digits."""
        return self.digest(directory)[:CDHASH_SIZE].hex()


_ALGORITHMS: Final = {
    HashType.SHA1: "sha1",
    HashType.SHA256: "sha256",
    HashType.SHA256_TRUNCATED: "sha256",
    HashType.SHA384: "sha384",
}
_LABELS: Final = {HashType.SHA256_TRUNCATED: "sha256-truncated"}
_SIZES: Final = {
    HashType.SHA1: 20,
    HashType.SHA256: 32,
    HashType.SHA256_TRUNCATED: 20,
    HashType.SHA384: 48,
}
_RANKS: Final = (
    HashType.SHA1,
    HashType.SHA256_TRUNCATED,
    HashType.SHA256,
    HashType.SHA384,
)
