"""Which rule a signature breaks that does not count, or is odd."""

from __future__ import annotations

from typing import Final

from countermark.openpgp.checking import CheckedSignature, State
from countermark.rulebook.signatures import (
    BAD_SIGNATURE,
    DUPLICATE_SIGNER,
    EXPIRED_KEY,
    EXPIRED_SIGNATURE,
    FUTURE_SIGNATURE,
    NOT_A_SIGNATURE,
    REVOKED_KEY,
    UNCOVERED,
    UNKNOWN_KEY,
    UNSUPPORTED_KEY,
    WEAK_SIGNATURE,
)
from counterproof.rules import breach
from countersign.escaping import printable
from countersign.findings import Finding
from countersign.rule import Rule

__all__ = ["signature_finding"]

_RULES: Final[dict[State, Rule]] = {
    State.BAD: BAD_SIGNATURE,
    State.UNKNOWN_KEY: UNKNOWN_KEY,
    State.REVOKED: REVOKED_KEY,
    State.EXPIRED_KEY: EXPIRED_KEY,
    State.EXPIRED_SIGNATURE: EXPIRED_SIGNATURE,
    State.WEAK: WEAK_SIGNATURE,
    State.NOT_YET_VALID: FUTURE_SIGNATURE,
    State.DUPLICATE: DUPLICATE_SIGNER,
    State.MALFORMED: NOT_A_SIGNATURE,
    State.UNSUPPORTED: UNSUPPORTED_KEY,
}


def signature_finding(signature: CheckedSignature) -> Finding | None:
    """Return why a signature does not count, or what is odd about one that does; else None."""
    if signature.state is State.GOOD and not signature.remark:
        return None
    who = signature.certificate.name if signature.certificate else signature.issuer
    whose = f"the signature of {printable(who)}: " if who else ""
    rule = _RULES.get(signature.state, UNCOVERED)
    return breach(rule, f"{whose}{signature.detail or signature.remark}")
