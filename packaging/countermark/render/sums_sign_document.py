"""The JSON document of ``sums sign``."""

from __future__ import annotations

from typing import Literal

import msgspec

from countermark.publication.signing import SignedRelease
from countersign.escaping import printable

__all__ = ["SumsSignDocument", "sums_sign_document"]


class SumsSignDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``sums sign`` did."""

    schema: Literal["countermark.sums-sign/1"] = "countermark.sums-sign/1"
    fingerprint: str
    """The primary key that signed, in upper hexadecimal digits."""
    files: int
    """How many files the signed list names."""
    written: tuple[str, ...]


def sums_sign_document(signed: SignedRelease) -> SumsSignDocument:
    """Return what ``sums sign`` prints."""
    return SumsSignDocument(
        fingerprint=signed.fingerprint,
        files=signed.files,
        written=tuple(printable(str(path)) for path in signed.written),
    )
