"""R59, T1, T2, T4: the requirements that a signature carries, and whether the code meets its own.

``codesign --verify`` binds them to the code directory and looks no further; with ``--verbose`` it
also asks whether the code satisfies the designated one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from countersign.errors import FormatError, PropertyListError
from countersign.escaping import printable
from countersign.findings import Finding
from countersign.plists.corefoundation import read_dictionary
from countersign.requirements.decompiler import term_text
from countersign.requirements.evaluation import Subject, evaluate
from countersign.requirements.requirement import (
    Requirement,
    RequirementSet,
    RequirementType,
    parse_requirements,
)
from countersign.rules import broken, unreadable
from countersign.signature import Signature
from countersign.superblob import EMPTY_REQUIREMENTS, Slot

if TYPE_CHECKING:
    from countersign.certificates.certificate import Certificate

__all__ = ["check_requirements"]

MAX_ENTITLEMENTS: Final = 1 << 20
OTHERS: Final = tuple(kind for kind in RequirementType if kind is not RequirementType.DESIGNATED)


def check_requirements(
    signature: Signature,
    start: int,
    *,
    certificates: tuple[Certificate, ...] | None,
    is_apple: bool,
) -> Iterator[Finding]:
    """Check the requirements of a signature that starts ``start`` bytes into the file.

    ``certificates`` are the signer's up to the root, as for :class:`Subject`.
    """
    blob, code = signature.superblob.find(Slot.REQUIREMENTS), signature.best.code
    if blob is None or bytes(blob.data) == EMPTY_REQUIREMENTS:
        return
    if code.hash_type.digest(blob.data) != code.special_slot(Slot.REQUIREMENTS):
        return  # codesign passes over what is not sealed, and R41 has said what is not as sealed
    try:
        requirements = parse_requirements(blob.data, start + blob.offset)
        yield from _check_others(requirements)
        designated = requirements.find(RequirementType.DESIGNATED)
        if designated is not None:
            requirement = designated.parse()
            subject = _subject(signature, certificates, is_apple)
            yield from _judge(requirement, subject, designated.offset)
    except FormatError as error:
        yield unreadable(error)


def _check_others(requirements: RequirementSet) -> Iterator[Finding]:
    """Check the requirements that codesign never asks."""
    for kind in OTHERS:
        entry = requirements.find(kind)
        try:
            if entry is not None:
                entry.parse()
        except FormatError as error:
            message = f"the {kind.name.lower()} requirement cannot be read: {error.problem}"
            yield broken("T2", error.offset, message)


def _judge(requirement: Requirement, code: Subject, at: int) -> Iterator[Finding]:
    answer = evaluate(requirement, code)
    if answer.holds is False:
        said = f": {printable(term_text(answer.term))!r} does not hold" if answer.term else ""
        yield broken("T1", at, f"the code does not satisfy its designated requirement{said}")
    elif answer.holds is None:
        yield broken("T4", at, f"its designated requirement stays open: {answer.reason}")


def _subject(
    signature: Signature, certificates: tuple[Certificate, ...] | None, is_apple: bool
) -> Subject:
    code = signature.best.code
    return Subject(
        identifier=code.identifier.encode("utf-8", "surrogateescape"),
        cdhash=bytes.fromhex(signature.best.cdhash),
        platform=code.platform,
        certificates=certificates,
        is_apple=is_apple,
        info={} if code.special_slot(Slot.INFO_PLIST) is None else None,
        entitlements=_entitlements(signature),
    )


def _entitlements(signature: Signature) -> Mapping[str, object] | None:
    """Read the entitlements, without judging them; None when they cannot be read."""
    blob = signature.superblob.find(Slot.ENTITLEMENTS)
    if blob is None or signature.best.code.special_slot(Slot.ENTITLEMENTS) is None:
        return {}
    try:
        return read_dictionary(blob.data[8:], limit=MAX_ENTITLEMENTS)
    except PropertyListError:
        return None
