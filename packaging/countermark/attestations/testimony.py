"""One builder's list: what it says, and whether its signature makes it count."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from countermark.attestations.agreement import Ballot
from countermark.attestations.tree import ListName, StoredList
from countermark.rulebook.attestations import (
    BAD_SIGNATURE,
    FOREIGN_KEY,
    INVALID_KEY,
    OTHER_VERSION,
    PATHS,
    SEVERAL_SIGNATURES,
    UNKNOWN_KEY,
    UNREADABLE,
    UNSIGNED,
)
from countermark.sums.reading import parse_sums
from counterproof.profiles.artifact import Artifact
from counterproof.rules import breach
from countersign.escaping import listed, printable
from countersign.findings import Finding, Severity
from countersign.rule import Rule

if TYPE_CHECKING:
    from countermark.openpgp.certificate import Certificate
    from countermark.openpgp.checking import CheckedSignature
    from countermark.openpgp.keyring import Keyring

__all__ = ["Standing", "Testimony", "hear"]


class Standing(enum.StrEnum):
    """What the signature of a list is worth; only the first one counts."""

    GOOD = "good"
    UNSIGNED = "unsigned"
    BAD = "bad"
    FOREIGN_KEY = "foreign key"
    UNKNOWN_KEY = "unknown key"
    INVALID = "without weight"
    """Expired, revoked, weak, or of the future."""
    UNREADABLE = "unreadable"
    UNCHECKED = "not checked"
    """Nobody asked for it: it counts as if it were good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """One list, read and checked."""

    path: str
    """Below the tree."""
    builder: str
    list: ListName
    digests: Mapping[str, str]
    """By name; empty when nothing could be read."""
    standing: Standing
    key: str | None
    """The fingerprint of the primary key, when it is known."""
    person: str | None
    """Which person it belongs to, who may have several keys: the fingerprint of the first."""
    detail: str
    """More about the signature, for people; may be empty."""
    findings: tuple[Finding, ...]
    content: bytes
    """The list itself."""
    signature: bytes
    """Empty when there is none."""

    @property
    def counts(self) -> bool:
        """True when the list makes sense and its signature is good."""
        sound = not any(finding.severity is Severity.ERROR for finding in self.findings)
        return sound and self.standing in (Standing.GOOD, Standing.UNCHECKED)

    @property
    def ballot(self) -> Ballot:
        """Return what it says, with its voice when it counts."""
        voice = self.person or f"unchecked {self.builder}"
        return Ballot(self.builder, self.digests, voice if self.counts else None)


def hear(stored: StoredList, version: str, keyring: Keyring | None, now: datetime) -> Testimony:
    """Read a list and check its signature; without a key ring signatures are not looked at."""
    if stored.problem:
        problem = breach(UNREADABLE, printable(stored.problem))
        return _testimony(stored, {}, Standing.UNREADABLE, findings=(problem,))
    sums = parse_sums(stored.content)
    told = sums.digests
    findings = (*sums.findings, *_names(told, version))
    if keyring is None:
        return _testimony(stored, told, Standing.UNCHECKED, findings=findings)
    if stored.signature is None:
        unsigned = breach(UNSIGNED, f"there is no {_file_name(stored)}.asc")
        return _testimony(stored, told, Standing.UNSIGNED, findings=(*findings, unsigned))
    return _checked(stored, told, findings, keyring, now)


def _testimony(
    stored: StoredList,
    digests: Mapping[str, str],
    standing: Standing,
    *,
    key: str | None = None,
    person: str | None = None,
    detail: str = "",
    findings: tuple[Finding, ...],
) -> Testimony:
    return Testimony(
        path=stored.path,
        builder=stored.signer,
        list=stored.list,
        digests=digests,
        standing=standing,
        key=key,
        person=person,
        detail=detail,
        findings=findings,
        content=stored.content,
        signature=stored.signature or b"",
    )


def _file_name(stored: StoredList) -> str:
    return stored.path.rpartition("/")[2]


def _names(digests: Mapping[str, str], version: str) -> Iterator[Finding]:
    """Find names that are paths, or that are not of this version."""
    paths = [name for name in digests if "/" in name or "\\" in name]
    if paths:
        yield breach(PATHS, f"{len(paths)} of {len(digests)} names are paths: {listed(paths)}")
    carried = re.compile(rf"(?<![0-9A-Za-z.]){re.escape(version)}(?![0-9A-Za-z])")
    others = [name for name in digests if not carried.search(name)]
    if others:
        what = f"{len(others)} of {len(digests)} names do not carry"
        yield breach(OTHER_VERSION, f"{what} {printable(version)}: {listed(others)}")
    attached = (name for name in digests if "-codesignatures-" in name)
    foreign = [name for name in attached if _codesigned_from(name) not in ("", version)]
    if foreign:
        what = f"detached signatures not of the tag of {printable(version)}"
        yield breach(OTHER_VERSION, f"{what}: {listed(foreign)}", severity=Severity.WARNING)


def _codesigned_from(name: str) -> str:
    """Return the tag or commit of detached signatures that an archive of them names."""
    artifact = Artifact.parse(name)
    return (artifact.signatures or "") if artifact else ""


def _checked(
    stored: StoredList,
    digests: Mapping[str, str],
    findings: tuple[Finding, ...],
    keyring: Keyring,
    now: datetime,
) -> Testimony:
    from countermark.openpgp.checking import check_signatures

    signatures = check_signatures(stored.content, stored.signature or b"", keyring, now=now)
    if len(signatures) > 1:
        several = breach(SEVERAL_SIGNATURES, f"it has {len(signatures)} signatures")
        findings = (*findings, several)
    judged = [(_standing(signature, stored.signer, keyring), signature) for signature in signatures]
    if not judged:
        problem = breach(BAD_SIGNATURE, "the .asc holds no signature")
        return _testimony(stored, digests, Standing.BAD, findings=(*findings, problem))
    standing, signature = min(judged, key=lambda pair: _ORDER.index(pair[0]))
    findings = (*findings, *_without_weight(stored, standing, signature, keyring))
    return _testimony(
        stored,
        digests,
        standing,
        key=signature.fingerprint,
        person=keyring.persons[signature.fingerprint] if signature.fingerprint else None,
        detail=printable(signature.detail),
        findings=findings,
    )


_RULES: Final[Mapping[Standing, Rule]] = {
    Standing.BAD: BAD_SIGNATURE,
    Standing.UNKNOWN_KEY: UNKNOWN_KEY,
    Standing.INVALID: INVALID_KEY,
}
_ORDER: Final[Sequence[Standing]] = (
    Standing.GOOD,
    Standing.BAD,
    Standing.FOREIGN_KEY,
    Standing.INVALID,
    Standing.UNKNOWN_KEY,
)
"""Of several signatures the first in this order is what is told."""


def _standing(signature: CheckedSignature, builder: str, keyring: Keyring) -> Standing:
    from countermark.openpgp.checking import State

    if signature.state in (State.BAD, State.MALFORMED):
        return Standing.BAD
    if signature.state is State.UNKNOWN_KEY or signature.certificate is None:
        return Standing.UNKNOWN_KEY
    if builder not in _owners(signature.certificate, keyring):
        return Standing.FOREIGN_KEY
    return Standing.GOOD if signature.state is State.GOOD else Standing.INVALID


def _owners(certificate: Certificate, keyring: Keyring) -> frozenset[str]:
    """Return after whom the files are called that hold a key: ``alice.gpg`` is alice's."""
    files = keyring.files[certificate.fingerprint]
    return frozenset(file.rpartition(".")[0] for file in files)


def _without_weight(
    stored: StoredList, standing: Standing, signature: CheckedSignature, keyring: Keyring
) -> Iterator[Finding]:
    """Say why a signature does not count.

    That of a builder without a key in the folder is no error: the builder may have changed names.
    """
    if standing is Standing.FOREIGN_KEY and signature.certificate is not None:
        others = listed(sorted(_owners(signature.certificate, keyring)))
        known = any(stored.signer in _owners(each, keyring) for each in keyring.certificates)
        yield breach(
            FOREIGN_KEY,
            f"signed by the key of {others}, not of {printable(stored.signer)}"
            f"{'' if known else ', who has none in the folder'}",
            severity=Severity.ERROR if known else Severity.WARNING,
        )
    elif rule := _RULES.get(standing):
        yield breach(rule, printable(signature.detail) or f"the signature is {standing.value}")
