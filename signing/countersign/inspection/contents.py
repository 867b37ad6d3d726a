"""What the blobs beside the code directories say: entitlements, requirements, certificates.

A form that cannot be read is said to be so, by the rule that it breaks, and kept as it is.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Final

from countersign.errors import EntitlementsError, FormatError
from countersign.findings import Finding
from countersign.inspection.facts import (
    CertificateInspection,
    CmsInspection,
    Constraint,
    Contents,
    EntitlementsInspection,
    RequirementInspection,
)
from countersign.plists.der import decode_entitlements
from countersign.plists.propertylist import parse_property_list
from countersign.requirements.requirement import Entry, RequirementType, parse_requirements
from countersign.rules import broken, unreadable
from countersign.superblob import Slot, SuperBlob

__all__ = ["inspect_contents"]

if TYPE_CHECKING:
    from countersign.certificates.certificate import Certificate
    from countersign.certificates.cms import SignedMessage

HEAD: Final = 8
"""Bytes of magic and length in front of what a blob holds."""


def inspect_contents(blobs: SuperBlob, start: int, *, is_adhoc: bool) -> Contents:
    """Read the blobs of a superblob that begins ``start`` bytes into the file. Never raises.

    Code that ``is_adhoc`` is never asked for a certificate, so one beside it breaks another rule.
    """
    problems: list[Finding] = []
    return Contents(
        entitlements=_entitlements(blobs, start, problems),
        requirements=_requirements(blobs, start, problems),
        cms=_cms(blobs, start, "P1" if is_adhoc else "R56", problems),
        constraints=tuple(
            Constraint(slot, content)
            for slot in Slot.CONSTRAINTS
            if (content := _content(blobs, slot)) is not None
        ),
        problems=tuple(problems),
    )


def _content(blobs: SuperBlob, slot: int) -> bytes | None:
    """Copy what the first blob of a slot holds."""
    blob = blobs.find(slot)
    return bytes(blob.data[HEAD:]) if blob is not None else None


def _place(blobs: SuperBlob, slot: int, start: int) -> int:
    """Say where the first blob of a slot, which is there, begins in the file."""
    blob = blobs.find(slot)
    return start + blob.offset if blob is not None else start


def _entitlements(
    blobs: SuperBlob, start: int, problems: list[Finding]
) -> EntitlementsInspection | None:
    xml, der = _content(blobs, Slot.ENTITLEMENTS), _content(blobs, Slot.ENTITLEMENTS_DER)
    if xml is None and der is None:
        return None
    values = der_values = None
    if xml is not None:
        try:
            values = parse_property_list(xml)
        except EntitlementsError as error:
            at = _place(blobs, Slot.ENTITLEMENTS, start) + HEAD
            problems.append(broken("E1", at, str(error)))
    if der is not None:
        try:
            at = _place(blobs, Slot.ENTITLEMENTS_DER, start) + HEAD
            der_values = decode_entitlements(der, at)
        except FormatError as error:
            problems.append(unreadable(error))
    return EntitlementsInspection(
        xml=xml.decode("utf-8", "backslashreplace") if xml is not None else None,
        values=values,
        der=der,
        der_values=der_values,
    )


def _requirements(
    blobs: SuperBlob, start: int, problems: list[Finding]
) -> tuple[RequirementInspection, ...] | None:
    blob = blobs.find(Slot.REQUIREMENTS)
    if blob is None:
        return None
    try:
        entries = parse_requirements(blob.data, start + blob.offset).entries
    except FormatError as error:
        problems.append(unreadable(error))
        return None
    return tuple(_requirement(entry, problems) for entry in entries)


def _requirement(entry: Entry, problems: list[Finding]) -> RequirementInspection:
    text = None
    try:
        text = entry.parse().text
    except FormatError as error:
        others = entry.number != RequirementType.DESIGNATED  # which codesign does not look at
        rule = "T2" if others else error.rule
        problems.append(broken(rule, error.offset, error.problem))
    return RequirementInspection(_type(entry.number), text, entry.blob)


def _type(number: int) -> str:
    try:
        return RequirementType(number).name.lower()
    except ValueError:
        return f"type {number}"


def _cms(blobs: SuperBlob, start: int, rule: str, problems: list[Finding]) -> CmsInspection | None:
    """Sum up the certificate's signature; one that cannot be read breaks ``rule``."""
    content = _content(blobs, Slot.CMS)
    if not content:
        return None
    from countersign.certificates.cms import parse_cms

    digest = hashlib.sha256(content).hexdigest()
    at = _place(blobs, Slot.CMS, start)
    try:
        message = parse_cms(content, at + HEAD, rule=rule)
    except FormatError as error:
        problems.append(unreadable(error))
        return CmsInspection(size=len(content), sha256=digest, readable=False)
    chain = message.chain
    return CmsInspection(
        size=len(content),
        sha256=digest,
        readable=True,
        chain=tuple(map(_certificate, chain.certificates)) if chain else (),
        is_apple=chain is not None and chain.is_apple(),
        digest=message.digest,
        signing_time=message.signing_time,
        timestamp=_timestamp(message, at, problems),
        cdhashes=_cdhashes(message, at, rule, problems),
    )


def _cdhashes(
    message: SignedMessage, at: int, rule: str, problems: list[Finding]
) -> tuple[str, ...]:
    try:
        return tuple(each.hex() for each in message.code_hashes or ())
    except FormatError as error:
        problems.append(broken(rule, at, f"list of code directories: {error.problem}"))
        return ()


def _certificate(certificate: Certificate) -> CertificateInspection:
    return CertificateInspection(
        name=certificate.common_name,
        organization=certificate.organization,
        team=certificate.team,
        sha256=certificate.sha256,
        valid_from=certificate.valid_from,
        valid_until=certificate.valid_until,
    )


def _timestamp(message: SignedMessage, at: int, problems: list[Finding]) -> datetime | None:
    from countersign.certificates.cms import parse_cms

    if message.stamp_token is None:
        return None
    try:
        return parse_cms(message.stamp_token, at, rule="R58").stamp().time
    except FormatError as error:
        problems.append(broken(error.rule, at, f"timestamp: {error.problem}"))
        return None
