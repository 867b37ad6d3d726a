"""pysequoia's answers in words that a user can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pysequoia import Sig
    from pysequoia.packet import Packet

__all__ = ["WEAK_HASHES", "algorithm_name", "first_line", "hash_name", "kind_name"]

WEAK_HASHES: Final = frozenset({"MD5", "SHA1", "RipeMD"})
"""Hashes for which two texts with one digest were made, or that are too short to rule it out."""


def hash_name(signature: Sig | Packet) -> str:
    """Return the name of a signature's hash, such as ``SHA256``."""
    return _name(signature, "hash_algorithm")


def kind_name(signature: Sig | Packet) -> str:
    """Return what a signature is about, such as ``Binary`` or ``SubkeyBinding``."""
    return _name(signature, "signature_type")


def algorithm_name(key: Packet) -> str:
    """Return the name of a key's algorithm, such as ``RSAEncryptSign``."""
    return _name(key, "key_algorithm")


def _name(asked: Sig | Packet, attribute: str) -> str:
    """Ask for a name; a number that pysequoia does not know is an error there."""
    try:
        return str(getattr(asked, attribute)).rpartition(".")[2]
    except RuntimeError:
        return "unknown"


def first_line(error: Exception) -> str:
    """Return what went wrong, without the stack of pysequoia's own functions below it."""
    return (str(error).splitlines() or [type(error).__name__])[0]
