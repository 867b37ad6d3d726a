"""What the blobs beside the code directories say: entitlements, requirements, constraints.

A form that cannot be read is said to be so, by the rule that it breaks, and kept as it is.
"""

from __future__ import annotations

from contextlib import suppress

from countersign.der import decode_entitlements
from countersign.errors import EntitlementsError, FormatError
from countersign.findings import Finding
from countersign.inspection import (
    Constraint,
    Contents,
    EntitlementsInspection,
    RequirementInspection,
)
from countersign.propertylist import parse_property_list
from countersign.requirement import Entry, RequirementType, parse_requirements
from countersign.rules import broken, unreadable
from countersign.superblob import Slot, SuperBlob

__all__ = ["inspect_contents"]

HEAD = 8
"""Bytes of magic and length in front of what a blob holds."""


def inspect_contents(blobs: SuperBlob, start: int) -> Contents:
    """Read the blobs of a superblob that begins ``start`` bytes into the file. Never raises."""
    problems: list[Finding] = []
    return Contents(
        entitlements=_entitlements(blobs, start, problems),
        requirements=_requirements(blobs, start),
        cms=_content(blobs, Slot.CMS) or None,
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


def _requirements(blobs: SuperBlob, start: int) -> tuple[RequirementInspection, ...] | None:
    blob = blobs.find(Slot.REQUIREMENTS)
    if blob is None:
        return None
    try:
        entries = parse_requirements(blob.data, start + blob.offset).entries
    except FormatError:
        return None
    return tuple(map(_requirement, entries))


def _requirement(entry: Entry) -> RequirementInspection:
    text = None
    with suppress(FormatError):
        text = entry.parse().text
    return RequirementInspection(_type(entry.number), text, entry.blob)


def _type(number: int) -> str:
    try:
        return RequirementType(number).name.lower()
    except ValueError:
        return f"type {number}"
