"""The JSON document of ``inspect``: everything that is in a signature."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from countermark.inspections import Inspected
from countermark.render.problem import ProblemEntry, problem_entry
from countersign.escaping import printable
from countersign.findings import Finding
from countersign.inspection.facts import (
    BlobMap,
    CertificateInspection,
    CmsInspection,
    DirectoryInspection,
    EntitlementsInspection,
    Inspection,
    RequirementInspection,
    SignatureInspection,
    SliceInspection,
)
from countersign.inspection.slotnames import magic_name, slot_name
from countersign.times import time_text
from countersign.version import version_text

__all__ = ["InspectDocument", "inspect_document"]


class BrokenEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is broken, so that something cannot be read or is not what was sealed."""

    rule: str
    name: str
    offset: int | None
    """In bytes from the start of the file."""
    message: str


class BlobEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the superblob's index."""

    slot: int
    name: str
    magic: int | None
    kind: str | None
    """What the magic stands for."""
    offset: int
    """In bytes from the start of the superblob."""
    length: int | None
    readable: bool


class GapEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of the superblob that belong to no blob."""

    offset: int
    length: int
    zeros: bool


class SuperBlobEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The map of a superblob."""

    magic: int
    length: int
    count: int
    blobs: tuple[BlobEntry, ...]
    gaps: tuple[GapEntry, ...]
    padding: int
    """Bytes of the signature's room behind the superblob."""
    padding_zeros: bool


class ExecSegmentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a code directory says of the executable segment."""

    base: int
    limit: int
    flags: int


class ScatterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """So many pages, from the page ``base`` on, that have hashes."""

    pages: int
    base: int


class SpecialSlotEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One special slot."""

    slot: int
    name: str
    digest: str | None
    state: Literal["matches", "differs", "missing", "unsealed", "outside"]


class DirectoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One code directory."""

    slot: int
    best: bool
    """True for the one that the kernel uses."""
    offset: int
    size: int
    version: int
    flags: int
    flag_words: tuple[str, ...]
    hash_type: str
    hash_size: int
    page_size: int
    """0 when one hash covers everything."""
    code_limit: int
    code_slots: int
    special_slots: int
    identifier: str
    team: str | None
    platform: int
    runtime: str | None
    exec_segment: ExecSegmentEntry
    scatter: tuple[ScatterEntry, ...] | None
    """Which pages have hashes; null when all have, as in every signature of today."""
    cdhash: str
    """40 hexadecimal digits."""
    digest: str
    """The whole hash of the directory, of which the cdhash is the beginning."""
    special: tuple[SpecialSlotEntry, ...]
    hashes: tuple[str, ...] | None
    """Of every page, when asked for."""
    wrong_pages: tuple[int, ...] | None
    """The pages whose hash is another one, when asked for."""
    padded: bool
    """True when the last of these was hashed as if it were filled up with zeros."""


class EntitlementsEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The entitlements in both forms."""

    xml: str | None
    values: dict[str, Any] | None
    """What the XML says; null when it cannot be read."""
    der: str | None
    """In hexadecimal."""
    der_values: dict[str, Any] | None
    """What the DER form says; null when it cannot be read."""


class RequirementEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement."""

    kind: str
    text: str | None
    """As csreq prints it; null when it cannot be read."""
    blob: str
    """The compiled form, in hexadecimal."""


class CertificateEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate of those that lead from the signer to a root."""

    name: str
    organization: str
    team: str | None
    sha256: str
    """The fingerprint, in hexadecimal."""
    valid_from: str
    valid_until: str


class CmsEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The signature that a certificate made; times are in UTC, as ISO 8601 has them."""

    size: int
    sha256: str
    readable: bool
    """False when nothing below is known."""
    digest: str | None
    """The hash algorithm."""
    chain: tuple[CertificateEntry, ...]
    """From the signer on, as far as the certificates are there."""
    is_apple: bool
    """True when it ends at one of Apple's roots."""
    signing_time: str | None
    """When the signer says that it signed, which nobody vouches for."""
    timestamp: str | None
    """When a timestamp authority saw the signature."""
    cdhashes: tuple[str, ...]
    """The code directories that the signature lists."""


class ConstraintEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A launch or library constraint."""

    slot: int
    name: str
    der: str
    """In hexadecimal."""


class SignatureEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The signature of one slice; offsets count from the start of the slice."""

    command_offset: int
    data_offset: int
    data_size: int
    kind: Literal["ad-hoc", "linker", "cms"] | None
    style: str | None
    dialect: str | None
    superblob: SuperBlobEntry
    directories: tuple[DirectoryEntry, ...]
    entitlements: EntitlementsEntry | None
    requirements: tuple[RequirementEntry, ...] | None
    """Null when there is no set of requirements, or it cannot be read."""
    cms: CmsEntry | None
    """Null when there is no certificate's signature, or an empty one."""
    constraints: tuple[ConstraintEntry, ...]


class InspectedSlice(msgspec.Struct, frozen=True, kw_only=True):
    """One architecture."""

    arch: str
    offset: int
    size: int
    file_type: str | None
    platform: int | None
    minimum: str | None
    sdk: str | None
    uuid: str | None
    info_plist: int | None
    """Bytes of the embedded Info.plist."""
    signature: SignatureEntry | None
    problems: tuple[BrokenEntry, ...]


class InspectedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file, or one member of an archive."""

    path: str
    member: str | None
    universal: bool
    sound: bool
    """True when everything could be read and is as it was sealed."""
    slices: tuple[InspectedSlice, ...]
    problems: tuple[BrokenEntry, ...]


class InspectDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``inspect`` saw."""

    schema: Literal["countermark.inspect/1"] = "countermark.inspect/1"
    sound: bool
    files: tuple[InspectedFile, ...]
    problems: tuple[ProblemEntry, ...]
    """What could not be looked at."""


def inspect_document(inspected: Inspected, *, hashes: bool) -> InspectDocument:
    """Return what ``inspect`` prints."""
    return InspectDocument(
        sound=not inspected.problems and all(file.sound for file in inspected.files),
        files=tuple(_file(file, hashes) for file in inspected.files),
        problems=tuple(map(problem_entry, inspected.problems)),
    )


def _file(file: Inspection, hashes: bool) -> InspectedFile:
    return InspectedFile(
        path=printable(file.path),
        member=printable(file.member) if file.member is not None else None,
        universal=file.universal,
        sound=file.sound,
        slices=tuple(_slice(thin, hashes) for thin in file.slices),
        problems=tuple(map(_broken, file.problems)),
    )


def _slice(thin: SliceInspection, hashes: bool) -> InspectedSlice:
    target = thin.target
    return InspectedSlice(
        arch=thin.arch,
        offset=thin.offset,
        size=thin.size,
        file_type=thin.file_type,
        platform=target.platform if target else None,
        minimum=version_text(target.minimum) if target else None,
        sdk=version_text(target.sdk) if target else None,
        uuid=thin.uuid,
        info_plist=thin.info_plist,
        signature=_signature(thin.signature, hashes) if thin.signature else None,
        problems=tuple(map(_broken, thin.problems)),
    )


def _signature(signature: SignatureInspection, hashes: bool) -> SignatureEntry:
    command, contents = signature.command, signature.contents
    return SignatureEntry(
        command_offset=command.offset,
        data_offset=command.data_offset,
        data_size=command.data_size,
        kind=signature.kind.value if signature.kind else None,
        style=signature.style.value if signature.style else None,
        dialect=signature.dialect.value if signature.dialect else None,
        superblob=_superblob(signature.blobs),
        directories=tuple(_directory(each, hashes) for each in signature.directories),
        entitlements=_entitlements(contents.entitlements),
        requirements=_requirements(contents.requirements),
        cms=_cms(contents.cms) if contents.cms is not None else None,
        constraints=tuple(
            ConstraintEntry(slot=slot, name=slot_name(slot), der=der.hex())
            for slot, der in contents.constraints
        ),
    )


def _superblob(blobs: BlobMap) -> SuperBlobEntry:
    return SuperBlobEntry(
        magic=blobs.magic,
        length=blobs.length,
        count=blobs.claimed,
        blobs=tuple(
            BlobEntry(
                slot=each.slot,
                name=slot_name(each.slot),
                magic=each.magic,
                kind=magic_name(each.magic) if each.magic is not None else None,
                offset=each.offset,
                length=each.length,
                readable=each.readable,
            )
            for each in blobs.entries
        ),
        gaps=tuple(
            GapEntry(offset=gap.offset, length=gap.size, zeros=gap.empty) for gap in blobs.gaps
        ),
        padding=blobs.padding,
        padding_zeros=blobs.padding_empty,
    )


def _directory(directory: DirectoryInspection, hashes: bool) -> DirectoryEntry:
    code = directory.code
    size = code.hash_type.size
    base, limit, flags = code.exec_segment
    return DirectoryEntry(
        slot=directory.slot,
        best=directory.best,
        offset=directory.offset,
        size=directory.size,
        version=code.version,
        flags=int(code.flags),
        flag_words=code.flags.words,
        hash_type=code.hash_type.label,
        hash_size=size,
        page_size=code.page_size,
        code_limit=code.code_limit,
        code_slots=code.code_count,
        special_slots=len(code.special),
        identifier=printable(code.identifier),
        team=printable(code.team) if code.team is not None else None,
        platform=code.platform,
        runtime=version_text(code.runtime) if code.runtime else None,
        exec_segment=ExecSegmentEntry(base=base, limit=limit, flags=flags),
        scatter=tuple(ScatterEntry(pages=pages, base=at) for pages, at in code.scatter)
        if code.scatter is not None
        else None,
        cdhash=directory.cdhash,
        digest=directory.digest.hex(),
        special=tuple(
            SpecialSlotEntry(
                slot=slot,
                name=slot_name(slot),
                digest=digest.hex() if digest is not None else None,
                state=state.value,
            )
            for slot, digest, state in directory.special
        ),
        hashes=tuple(code.hashes[at : at + size].hex() for at in range(0, len(code.hashes), size))
        if hashes
        else None,
        wrong_pages=directory.wrong_pages,
        padded=directory.padded,
    )


def _requirements(
    requirements: tuple[RequirementInspection, ...] | None,
) -> tuple[RequirementEntry, ...] | None:
    if requirements is None:
        return None
    return tuple(
        RequirementEntry(
            kind=kind, text=printable(text) if text is not None else None, blob=blob.hex()
        )
        for kind, text, blob in requirements
    )


def _cms(cms: CmsInspection) -> CmsEntry:
    return CmsEntry(
        size=cms.size,
        sha256=cms.sha256,
        readable=cms.readable,
        digest=cms.digest,
        chain=tuple(map(_certificate, cms.chain)),
        is_apple=cms.is_apple,
        signing_time=time_text(cms.signing_time) if cms.signing_time else None,
        timestamp=time_text(cms.timestamp) if cms.timestamp else None,
        cdhashes=cms.cdhashes,
    )


def _certificate(certificate: CertificateInspection) -> CertificateEntry:
    return CertificateEntry(
        name=printable(certificate.name),
        organization=printable(certificate.organization),
        team=printable(certificate.team) if certificate.team is not None else None,
        sha256=certificate.sha256,
        valid_from=time_text(certificate.valid_from),
        valid_until=time_text(certificate.valid_until),
    )


def _entitlements(entitlements: EntitlementsInspection | None) -> EntitlementsEntry | None:
    if entitlements is None:
        return None
    return EntitlementsEntry(
        xml=entitlements.xml,
        values=entitlements.values,
        der=entitlements.der.hex() if entitlements.der is not None else None,
        der_values=entitlements.der_values,
    )


def _broken(finding: Finding) -> BrokenEntry:
    return BrokenEntry(
        rule=finding.rule,
        name=finding.name,
        offset=finding.offset,
        message=printable(finding.message),
    )
