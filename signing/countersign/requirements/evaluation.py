"""Whether code satisfies a requirement, as far as that can be decided away from a Mac.

Rules: ``reqinterp.cpp`` in Security's libsecurity_codesigning. An answer is yes, no, or that it
cannot be decided here, with the reason; what does not depend on the open question is decided all
the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from countersign.requirements.requirement import Requirement
from countersign.requirements.terms import Match, Matching, Op, Term

if TYPE_CHECKING:
    from countersign.certificates.certificate import Certificate

__all__ = ["NO", "YES", "Answer", "Subject", "evaluate"]


class Answer(NamedTuple):
    """Yes (True), no (False), or not to be decided here (None)."""

    holds: bool | None
    reason: str = ""
    """Why it cannot be decided."""
    term: Term | None = None
    """The term that made it a no, where one alone did."""


YES, NO = Answer(True), Answer(False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The code that requirements are about."""

    identifier: bytes
    cdhash: bytes
    """Of the best code directory."""
    platform: int = 0
    certificates: tuple[Certificate, ...] | None = ()
    """The signer's chain, up to its root; empty for ad-hoc code, None when it is not known."""
    is_apple: bool = False
    """True when the chain ends at one of Apple's roots."""
    info: Mapping[str, object] | None = None
    """The Info.plist; None when it is not known, empty when there is none."""
    entitlements: Mapping[str, object] | None = None
    """None when they are not known, empty when there are none."""


def evaluate(requirement: Requirement, code: Subject) -> Answer:
    """Decide whether ``code`` satisfies a requirement."""
    if requirement.lightweight is not None:
        return Answer(None, "lightweight code requirements are judged by the kernel alone")
    answers: list[Answer] = []
    for term in reversed(requirement.terms):
        if term.op.arity:
            answers.append(_combined(term.op, [answers.pop() for _ in range(term.op.arity)]))
        else:
            answer = _DECISIONS[term.op](term, code)
            answers.append(answer._replace(term=term) if answer.holds is False else answer)
    return answers.pop()


def _combined(op: Op, operands: list[Answer]) -> Answer:
    if op is Op.UNKNOWN_SKIPPED:
        return operands[0]
    if op is Op.NOT:
        (operand,) = operands
        return operand if operand.holds is None else Answer(not operand.holds)
    decisive = op is Op.OR
    """The answer of one operand that settles it, whatever the other is."""
    for answer in (decisive, None):
        for operand in operands:
            if operand.holds is answer:
                return operand
    return operands[0]


def _certificate(term: Term, code: Subject) -> Certificate | None:
    """Find a certificate by its place: from the leaf at 0 upwards, from the root at -1 down."""
    chain = code.certificates or ()
    place = term.number + len(chain) if term.number < 0 else term.number
    return chain[place] if 0 <= place < len(chain) else None


def _of_certificate(
    decide: Callable[[Term, Certificate | None], Answer],
) -> Callable[[Term, Subject], Answer]:
    """Ask about one certificate of the chain, if the chain is known."""

    def decision(term: Term, code: Subject) -> Answer:
        if code.certificates is None:
            return Answer(None, "its certificates cannot be followed to their root")
        return decide(term, _certificate(term, code))

    return decision


def _apple(term: Term, code: Subject) -> Answer:
    """Decide ``anchor apple``: by the certificates; what a Mac trusts besides is not known."""
    chain = code.certificates
    if chain and code.is_apple and len(chain) > 2 and _is_apples_own(chain[0], chain[-2]):
        return YES
    return Answer(None, "only a Mac knows all the code that is Apple's own")


def _is_apples_own(leaf: Certificate, intermediate: Certificate) -> bool:
    return (
        intermediate.common_name == "Apple Code Signing Certification Authority"
        and intermediate.organization == "Apple Inc."
        and "1.2.840.113635.100.6.22" in leaf.extensions
    )


def _apple_generic(term: Term, code: Subject) -> Answer:
    if code.certificates is None:
        return Answer(None, "its certificates cannot be followed to their root")
    return Answer(code.is_apple)


def _anchor_hash(term: Term, certificate: Certificate | None) -> Answer:
    if certificate is None:
        return NO
    digest = hashlib.sha1(certificate.der, usedforsecurity=False).digest()
    return Answer(digest == term.key)


def _trusted(term: Term, certificate: Certificate | None) -> Answer:
    return NO if certificate is None else _trust_settings()


def _trusted_chain(term: Term, code: Subject) -> Answer:
    return NO if code.certificates == () else _trust_settings()


def _trust_settings() -> Answer:
    return Answer(None, "it depends on the trust settings of the Mac")


def _certificate_field(term: Term, certificate: Certificate | None) -> Answer:
    """Compare a part of the subject; a name that Security does not know never holds."""
    if certificate is None:
        return NO
    name = term.key.decode("latin-1")
    if name == "email":
        return _matches(term, tuple(certificate.emails))
    value = certificate.attribute(_SUBJECT_PARTS[name]) if name in _SUBJECT_PARTS else None
    return NO if value is None else _matches(term, value)


_SUBJECT_PARTS: Final = {
    "subject.C": "2.5.4.6",
    "subject.CN": "2.5.4.3",
    "subject.D": "2.5.4.13",
    "subject.L": "2.5.4.7",
    "subject.O": "2.5.4.10",
    "subject.C-O": "2.5.4.10.1",
    "subject.OU": "2.5.4.11",
    "subject.C-OU": "2.5.4.11.1",
    "subject.ST": "2.5.4.8",
    "subject.C-ST": "2.5.4.8.1",
    "subject.STREET": "2.5.4.9",
    "subject.C-STREET": "2.5.4.9.1",
    "subject.UID": "0.9.2342.19200300.100.1.1",
}


def _extension(term: Term, certificate: Certificate | None) -> Answer:
    if certificate is None:
        return NO
    return _matches(term, True if _dotted(term) in certificate.extensions else None)


def _policy(term: Term, certificate: Certificate | None) -> Answer:
    if certificate is None:
        return NO
    return _matches(term, True if _dotted(term) in certificate.policies else None)


def _date(term: Term, certificate: Certificate | None) -> Answer:
    """Compare a time that an extension holds, as text within a string."""
    held = certificate.extensions.get(_dotted(term)) if certificate else None
    return _matches(term, None if held is None else _time_in(held))


def _time_in(value: bytes) -> datetime | None:
    try:
        text = value[2:].decode("ascii")
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _dotted(term: Term) -> str:
    from countersign.requirements.decompiler import dotted

    return dotted(term.key)


def _info(term: Term, code: Subject) -> Answer:
    if code.info is None:
        return Answer(None, "its Info.plist is not at hand")
    return _matches(term, code.info.get(term.key.decode("utf-8", "surrogateescape")))


def _entitlement(term: Term, code: Subject) -> Answer:
    if code.entitlements is None:
        return Answer(None, "its entitlements cannot be read")
    return _matches(term, code.entitlements.get(term.key.decode("utf-8", "surrogateescape")))


def _unknowable(reason: str) -> Callable[[Term, Subject], Answer]:
    return lambda term, code: Answer(None, reason)


_DECISIONS: Final[dict[Op, Callable[[Term, Subject], Answer]]] = {
    Op.FALSE: lambda term, code: NO,
    Op.TRUE: lambda term, code: YES,
    Op.IDENTIFIER: lambda term, code: Answer(term.key == code.identifier),
    Op.CDHASH: lambda term, code: Answer(term.key == code.cdhash),
    Op.PLATFORM: lambda term, code: Answer(term.number == code.platform),
    Op.APPLE_ANCHOR: _apple,
    Op.APPLE_GENERIC_ANCHOR: _apple_generic,
    Op.ANCHOR_HASH: _of_certificate(_anchor_hash),
    Op.CERTIFICATE_FIELD: _of_certificate(_certificate_field),
    Op.CERTIFICATE_EXTENSION: _of_certificate(_extension),
    Op.CERTIFICATE_POLICY: _of_certificate(_policy),
    Op.CERTIFICATE_DATE: _of_certificate(_date),
    Op.TRUSTED_CERTIFICATE: _of_certificate(_trusted),
    Op.TRUSTED_CHAIN: _trusted_chain,
    Op.INFO_VALUE: _info,
    Op.INFO_FIELD: _info,
    Op.ENTITLEMENT: _entitlement,
    Op.NAMED_ANCHOR: _unknowable("only a Mac knows the anchors that Apple names"),
    Op.NAMED_CODE: _unknowable("only a Mac knows the requirements that Apple names"),
    Op.NOTARIZED: _unknowable("only Apple knows what it notarized"),
    Op.LEGACY: _unknowable("only Apple knows what came before notarization"),
    Op.UNKNOWN_FALSE: lambda term, code: NO,
}


def _matches(term: Term, value: object) -> Answer:
    """Compare what was found, None for nothing, as ``Match::operator()`` does."""
    match = term.match
    if match is None:
        return NO
    if value is None:
        return Answer(match.matching is Matching.ABSENT)
    if match.matching is Matching.ABSENT:
        return NO
    if match.matching is Matching.EXISTS:
        return Answer(value is not False)
    if isinstance(value, list | tuple):
        return Answer(any(_matches_one(match, each) for each in value))
    return Answer(_matches_one(match, value))


def _matches_one(match: Match, value: object) -> bool:
    if match.matching.is_of_time:
        return isinstance(value, datetime) and _TIMES[match.matching](_order(value, match.time))
    if not isinstance(value, str) or match.matching is Matching.UNKNOWN:
        return False
    return _STRINGS[match.matching](value, match.value.decode("utf-8", "surrogateescape"))


def _order(value: datetime, seconds: int) -> int:
    """Tell whether a time lies before, at or after so many seconds past 2001-01-01."""
    since = (value.replace(tzinfo=UTC) - datetime(2001, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return (since > seconds) - (since < seconds)


_TIMES: Final[dict[Matching, Callable[[int], bool]]] = {
    Matching.ON: lambda order: order == 0,
    Matching.BEFORE: lambda order: order < 0,
    Matching.AFTER: lambda order: order > 0,
    Matching.ON_OR_BEFORE: lambda order: order <= 0,
    Matching.ON_OR_AFTER: lambda order: order >= 0,
}

_STRINGS: Final[dict[Matching, Callable[[str, str], bool]]] = {
    Matching.EQUAL: lambda value, wanted: value == wanted,
    Matching.CONTAINS: lambda value, wanted: bool(wanted) and wanted in value,
    Matching.BEGINS: lambda value, wanted: bool(wanted) and value.startswith(wanted),
    Matching.ENDS: lambda value, wanted: bool(wanted) and value.endswith(wanted),
    Matching.LESS: lambda value, wanted: _numeric(value) < _numeric(wanted),
    Matching.GREATER: lambda value, wanted: _numeric(value) > _numeric(wanted),
    Matching.LESS_OR_EQUAL: lambda value, wanted: _numeric(value) <= _numeric(wanted),
    Matching.GREATER_OR_EQUAL: lambda value, wanted: _numeric(value) >= _numeric(wanted),
}


def _numeric(text: str) -> list[tuple[str, int | str]]:
    """Give what orders strings with numbers in them by the numbers: 2.10 comes after 2.9."""
    return [
        ("0", int(piece)) if piece.isdecimal() else (piece, piece)
        for piece in re.findall(r"[0-9]{1,18}|[^0-9]", text)
    ]
