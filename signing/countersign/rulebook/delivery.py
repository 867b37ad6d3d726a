"""The rules of delivery: how images travel, and what a user demands of them."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, POLICY

__all__ = ["RULES"]

_DEMANDED: Final = "The one who verifies demands it; macOS does not."
_SOURCE: Final = "countermark verify"

RULES: Final = (
    Rule(
        id="Q1",
        name="required-signature",
        severity=ERROR,
        enforced_by=POLICY,
        demands="With --require-signed, every slice is signed.",
        why=_DEMANDED,
        cause="It was built after the others were signed, or for a CPU that runs it unsigned.",
        fix="Sign it.",
        source=_SOURCE,
    ),
    Rule(
        id="Q2",
        name="required-kind",
        severity=ERROR,
        enforced_by=POLICY,
        demands="With --require-kind, every slice has a signature of one of these kinds.",
        why=_DEMANDED,
        cause="The file was left as the linker signed it, or was signed by somebody else.",
        fix="Sign it with what the release is signed with, or drop the demand.",
        source=_SOURCE,
    ),
    Rule(
        id="Q3",
        name="required-identifier",
        severity=ERROR,
        enforced_by=POLICY,
        demands="With --require-identifier, every slice has an identifier that a pattern matches.",
        why=_DEMANDED,
        cause="The file was signed under the name that it had then, or by somebody else.",
        fix="Sign it with --identifier, or correct the pattern.",
        source=_SOURCE,
    ),
    Rule(
        id="Q4",
        name="required-team",
        severity=ERROR,
        enforced_by=POLICY,
        demands="With --require-team, a certificate of one of these teams signed every slice.",
        why=_DEMANDED,
        cause="The file was signed ad-hoc, which belongs to no team, or by somebody else.",
        fix="Have it signed with a certificate of the team.",
        source=_SOURCE,
    ),
)
