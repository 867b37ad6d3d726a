"""pysequoia's answers in words that a user can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pysequoia.packet import HashAlgorithm, PublicKeyAlgorithm, SignatureType

__all__ = ["WEAK_HASHES", "algorithm_name", "first_line"]

WEAK_HASHES: Final = frozenset({"MD5", "SHA1", "RipeMD"})
"""Hashes for which two texts with one digest were made, or that are too short to rule it out."""


def algorithm_name(algorithm: HashAlgorithm | PublicKeyAlgorithm | SignatureType | None) -> str:
    """Return the name that pysequoia gives an algorithm or a kind, such as ``RSAEncryptSign``."""
    return "unknown" if algorithm is None else str(algorithm).rpartition(".")[2]


def first_line(error: Exception) -> str:
    """Return what went wrong, without the stack of pysequoia's own functions below it."""
    return (str(error).splitlines() or [type(error).__name__])[0]
