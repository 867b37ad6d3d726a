"""Whose signatures of an envelope count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from countermark.openpgp.checking import check_signatures
from countermark.openpgp.findings import signature_finding
from countermark.rulebook.signatures import THRESHOLD
from counterproof.rules import breach

if TYPE_CHECKING:
    from countermark.openpgp.keyring import Keyring
    from countermark.provenance.envelope import Envelope
    from countersign.findings import Finding

__all__ = ["signature_findings"]


def signature_findings(
    envelope: Envelope, keyring: Keyring, *, threshold: int, now: datetime
) -> Iterator[Finding]:
    """Yield why signatures of an envelope do not count, and whether too few do.

    The hints that the envelope gives about its keys are not used.
    """
    armored = b"".join(each.armored for each in envelope.signatures)
    checked = check_signatures(envelope.signed_bytes, armored, keyring, now=now)
    yield from filter(None, map(signature_finding, checked))
    good = sum(each.counts for each in checked)
    if good < threshold:
        yield breach(THRESHOLD, f"{good} of {threshold} good signatures that are needed")
