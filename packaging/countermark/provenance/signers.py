"""Whose signatures of an envelope count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from countermark.openpgp.checking import CheckedSignature, State, check_signatures
from countermark.rulebook import signatures as rules
from counterproof.rules import breach
from countersign.escaping import printable
from countersign.rule import Rule

if TYPE_CHECKING:
    from countermark.openpgp.keyring import Keyring
    from countermark.provenance.envelope import Envelope
    from countersign.findings import Finding

__all__ = ["signature_findings"]

_RULES: Final[dict[State, Rule]] = {
    State.BAD: rules.BAD_SIGNATURE,
    State.UNKNOWN_KEY: rules.UNKNOWN_KEY,
    State.REVOKED: rules.REVOKED_KEY,
    State.EXPIRED_KEY: rules.EXPIRED_KEY,
    State.EXPIRED_SIGNATURE: rules.EXPIRED_SIGNATURE,
    State.WEAK: rules.WEAK_SIGNATURE,
    State.NOT_YET_VALID: rules.FUTURE_SIGNATURE,
    State.DUPLICATE: rules.DUPLICATE_SIGNER,
    State.UNSUPPORTED: rules.UNSUPPORTED_KEY,
    State.MALFORMED: rules.NOT_A_SIGNATURE,
}
"""The rule that each signature breaks which does not count."""


def signature_findings(
    envelope: Envelope, keyring: Keyring, *, threshold: int, now: datetime
) -> Iterator[Finding]:
    """Yield why signatures of an envelope do not count, and whether too few do.

    The hints that the envelope gives about its keys are not used.
    """
    armored = b"".join(each.armored for each in envelope.signatures)
    checked = check_signatures(envelope.signed_bytes, armored, keyring, now=now)
    for one in checked:
        if not one.counts:
            yield breach(_RULES[one.state], f"{_signer(one)}: {one.detail}")
    good = sum(one.counts for one in checked)
    if good < threshold:
        yield breach(rules.THRESHOLD, f"{good} good signatures, and {threshold} are demanded")


def _signer(one: CheckedSignature) -> str:
    if one.certificate is not None:
        return f"{printable(one.certificate.name)} ({one.fingerprint})"
    return f"key {one.issuer}" if one.issuer else "a signature"
