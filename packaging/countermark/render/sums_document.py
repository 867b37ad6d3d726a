"""A checked release as a JSON document."""

from __future__ import annotations

from typing import Literal

import msgspec

from countermark.render.finding_entry import FindingEntry, finding_entry
from countermark.render.problem import ProblemEntry, problem_entry
from countermark.sums.files import ListedFile
from countermark.sums.verification import Signing, VerifiedSums
from countersign.escaping import printable

__all__ = ["SumsDocument", "sums_document"]

_State = Literal[
    "good",
    "bad",
    "unknown-key",
    "revoked",
    "expired-key",
    "expired-signature",
    "weak",
    "not-yet-valid",
    "duplicate",
    "unsupported",
    "malformed",
]


class SignatureEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One signature packet."""

    file: str
    state: _State
    counts: bool
    fingerprint: str | None
    """Of the primary key; null when it is not among the keys."""
    issuer: str | None
    """The fingerprint or key id, often of a subkey, that the signature names."""
    user_ids: tuple[str, ...]
    key_file: str | None
    created: str | None
    """UTC, such as ``2026-01-01T00:00:00Z``."""
    hash: str | None
    detail: str


class ListedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the list."""

    name: str
    state: Literal["matches", "differs", "missing", "refused", "unreadable"]
    algorithm: Literal["sha256", "sha384", "sha512"]
    digest: str
    found: str | None
    """The digest of the file; null when it was not read."""
    size: int | None
    detail: str


class PlacedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, and the file that it is about."""

    path: str
    finding: FindingEntry


class SumsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``sums verify`` found."""

    schema: Literal["countermark.sums/1"] = "countermark.sums/1"
    accepted: bool
    list: str
    lists: tuple[str, ...]
    """All that say the same, and whose signatures were checked."""
    directory: str
    keys: str
    threshold: int
    good: int
    """People with a good signature."""
    matching: int
    signatures: tuple[SignatureEntry, ...]
    files: tuple[ListedEntry, ...]
    unlisted: tuple[str, ...]
    findings: tuple[PlacedFinding, ...]
    problems: tuple[ProblemEntry, ...]


def sums_document(verified: VerifiedSums) -> SumsDocument:
    """Return what was found."""
    return SumsDocument(
        accepted=verified.accepted,
        list=printable(str(verified.sources.path)),
        lists=tuple(printable(str(each.path)) for each in verified.sources.lists),
        directory=printable(str(verified.directory)),
        keys=printable(str(verified.keyring.path)),
        threshold=verified.threshold,
        good=verified.good,
        matching=verified.matching,
        signatures=tuple(map(_signature, verified.signings)),
        files=tuple(map(_file, verified.files)),
        unlisted=tuple(map(printable, verified.unlisted)),
        findings=tuple(
            PlacedFinding(path=printable(file.path), finding=finding_entry(finding))
            for file in verified.verdict.files
            for finding in file.findings
        ),
        problems=tuple(map(problem_entry, verified.problems)),
    )


def _signature(signing: Signing) -> SignatureEntry:
    signature = signing.signature
    certificate = signature.certificate
    created = signature.created
    return msgspec.convert(
        {
            "file": printable(str(signing.path)),
            "state": signature.state.value,
            "counts": signature.counts,
            "fingerprint": signature.fingerprint,
            "issuer": signature.issuer,
            "user_ids": tuple(map(printable, certificate.user_ids)) if certificate else (),
            "key_file": printable(certificate.file) if certificate else None,
            "created": f"{created:%Y-%m-%dT%H:%M:%SZ}" if created else None,
            "hash": signature.hash,
            "detail": printable(signature.detail),
        },
        SignatureEntry,
    )


def _file(file: ListedFile) -> ListedEntry:
    return msgspec.convert(
        {
            "name": printable(file.entry.name),
            "state": file.state.value,
            "algorithm": file.entry.algorithm,
            "digest": file.entry.digest,
            "found": file.found,
            "size": file.size,
            "detail": printable(file.detail),
        },
        ListedEntry,
    )
