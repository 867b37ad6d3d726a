"""The JSON document of ``attest``."""

from __future__ import annotations

from typing import Literal

import msgspec

from countermark.attestations.attesting import Attested, AttestedFile
from countersign.escaping import printable

__all__ = ["AttestDocument", "attest_document"]


class AttestedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One list of digests."""

    path: str
    outputs: int
    """How many files it lists."""
    sums: Literal["written", "there"]
    """``there`` for what was attested to before, with the same bytes."""
    signature: Literal["written", "there"] | None


class AttestDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``attest`` did."""

    schema: Literal["countermark.attest/1"] = "countermark.attest/1"
    name: str
    version: str
    signer: str
    fingerprint: str | None
    """The primary key that signed, in upper hexadecimal digits."""
    files: tuple[AttestedEntry, ...]
    left_out: tuple[str, ...]
    """Files that nothing is said of."""


def attest_document(attested: Attested) -> AttestDocument:
    """Return what ``attest`` prints."""
    return AttestDocument(
        name=attested.distribution,
        version=attested.version,
        signer=attested.signer,
        fingerprint=attested.fingerprint,
        files=tuple(map(_entry, attested.files)),
        left_out=tuple(map(printable, attested.left_out)),
    )


def _entry(file: AttestedFile) -> AttestedEntry:
    return AttestedEntry(
        path=printable(str(file.path)),
        outputs=file.outputs,
        sums=file.sums,
        signature=file.signature,
    )
