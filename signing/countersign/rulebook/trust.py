"""The rules of trust: who vouches for the code directory."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import CODESIGN, ERROR, NOTE, POLICY, SIGN_AGAIN, WARNING

__all__ = ["RULES"]

RULES: Final = (
    Rule(
        id="R45",
        name="adhoc-or-cms",
        severity=ERROR,
        enforced_by=CODESIGN,
        apple="errSecCSSignatureFailed",
        demands="A signature is marked ad-hoc or carries a certificate's signature.",
        why="codesign looks for the certificate and finds none.",
        cause="ldid without -Cadhoc, or a certificate's signature that was cut out.",
        fix=SIGN_AGAIN,
        source="Security StaticCode.cpp SecStaticCode::verifySignature",
    ),
    Rule(
        id="P1",
        name="adhoc-with-cms",
        severity=WARNING,
        enforced_by=POLICY,
        demands="What is marked ad-hoc carries no certificate's signature.",
        why="macOS does not look at it, whatever it says.",
        cause="A signer that kept the certificate's signature of an older one.",
        fix=SIGN_AGAIN,
        source="Security StaticCode.cpp SecStaticCode::verifySignature",
    ),
    Rule(
        id="P2",
        name="adhoc-team",
        severity=WARNING,
        enforced_by=POLICY,
        demands="What is marked ad-hoc claims no team.",
        why="A team means nothing without a certificate that proves it.",
        cause="A signer that kept the team of an older signature.",
        fix=SIGN_AGAIN,
        source="Security signer.cpp takes the team from the certificate",
    ),
    Rule(
        id="N1",
        name="cms-not-checked",
        severity=NOTE,
        enforced_by=POLICY,
        demands="A certificate's signature is checked; this version cannot do so yet.",
        why="Whether the certificate is good and is Apple's was not decided.",
        cause="A signature with a certificate.",
        fix="Check it with codesign on a Mac.",
        source="Security StaticCode.cpp SecStaticCode::verifySignature",
    ),
)
