"""Whose signatures of an envelope count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from countermark.openpgp.checking import CheckedSignature, check_signatures, count_people_once
from countermark.openpgp.findings import signature_finding
from countermark.openpgp.uncovered import armor_remarks
from countermark.rulebook.signatures import THRESHOLD, UNCOVERED
from counterproof.rules import breach
from countersign.escaping import printable

if TYPE_CHECKING:
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
    checked = [
        (each, one)
        for each in envelope.signatures
        for one in check_signatures(envelope.signed_bytes, each.armored, keyring, now=now)
    ]
    counted = count_people_once((one for _, one in checked), keyring)
    for (signature, _), one in zip(checked, counted, strict=True):
        finding = signature_finding(one)
        yield from (finding,) if finding is not None else ()
        yield from (breach(UNCOVERED, said) for said in _uncovered(signature, one))
    good = sum(each.counts for each in counted)
    if good < threshold:
        yield breach(THRESHOLD, f"{good} of {threshold} good signatures that are needed")


def _uncovered(signature: EnvelopeSignature, checked: CheckedSignature) -> Iterator[str]:
    """Say what is unusual where the signature does not reach; the hint should name its key."""
    yield from armor_remarks(signature.armored)
    certificate, hint = checked.certificate, signature.keyid
    if certificate is not None and (
        (hint != hint.lower() and hint != hint.upper()) or certificate.key(hint.upper()) is None
    ):
        shown = f"{printable(hint)[:64]!r}" if hint else "empty"
        yield f"the keyid is {shown}, and {certificate.fingerprint} signed"
