"""Whose signatures of an envelope count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from countermark.openpgp.checking import check_signatures
from countermark.openpgp.findings import signature_finding
from countermark.openpgp.uncovered import armor_remarks
from countermark.rulebook.signatures import THRESHOLD, UNCOVERED
from counterproof.rules import breach
from countersign.escaping import printable

if TYPE_CHECKING:
    from countermark.openpgp.checking import CheckedSignature
    from countermark.openpgp.keyring import Keyring
    from countermark.provenance.envelope import Envelope, EnvelopeSignature
    from countersign.findings import Finding

__all__ = ["signature_findings"]


def signature_findings(
    envelope: Envelope, keyring: Keyring, *, threshold: int, now: datetime
) -> Iterator[Finding]:
    """Yield why signatures of an envelope do not count, and whether too few do.

    The hints that the envelope gives about its keys are not used, but must be true.
    """
    armored = b"".join(each.armored for each in envelope.signatures)
    checked = check_signatures(envelope.signed_bytes, armored, keyring, now=now)
    yield from filter(None, map(signature_finding, checked))
    good = sum(each.counts for each in checked)
    if good < threshold:
        yield breach(THRESHOLD, f"{good} of {threshold} good signatures that are needed")
    for each, one in zip(envelope.signatures, checked, strict=False):
        yield from (breach(UNCOVERED, said) for said in _uncovered(each, one))


def _uncovered(signature: EnvelopeSignature, checked: CheckedSignature) -> Iterator[str]:
    yield from armor_remarks(signature.armored)
    if checked.fingerprint is not None and signature.keyid != checked.fingerprint:
        shown = printable(signature.keyid)[:64]
        yield f"keyid is {shown!r}, and the key that made it is {checked.fingerprint}"
