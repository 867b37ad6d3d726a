"""How two signatures differ in what they say, field by field.

Each signature is put into words first, the same for both, so that what differs is what people
would see differ. Names are those that ``countermark inspect`` and ``codesign -dvvv`` print.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from countersign.codedirectory import NO_CODE
from countersign.inspection.facts import (
    CmsInspection,
    Contents,
    DirectoryInspection,
    SealState,
    SignatureInspection,
    SliceInspection,
)
from countersign.inspection.slotnames import slot_name
from countersign.times import time_text
from countersign.version import version_text

__all__ = ["Change", "signature_changes"]


class Change(NamedTuple):
    """Something that is not the same in two files, in words."""

    what: str
    old: str | None
    """None when it is only in the new file."""
    new: str | None
    """None when it is only in the old file."""


def signature_changes(old: SliceInspection, new: SliceInspection) -> tuple[Change, ...]:
    """Compare the signatures of two slices; empty when they say the same."""
    before, after = dict(_facts(old)), dict(_facts(new))
    return tuple(
        Change(what, before.get(what), after.get(what))
        for what in {**before, **after}
        if before.get(what) != after.get(what)
    )


def _facts(thin: SliceInspection) -> Iterator[tuple[str, str]]:
    """Put everything that a signature says into words."""
    signature = thin.signature
    if signature is None:
        yield "Signature", "none"
        return
    yield "Signature", signature.kind.value if signature.kind else "cannot be read"
    if signature.style is not None:
        yield "style", signature.style.value
    if signature.dialect is not None:
        yield "dialect", signature.dialect.value
    best = signature.best
    if best is not None:
        yield from _directory_facts(best)
    yield from _content_facts(signature.contents)
    yield from _blob_facts(signature)
    for directory in signature.directories:
        yield f"CDHash {directory.code.hash_type.label}", directory.cdhash


def _directory_facts(best: DirectoryInspection) -> Iterator[tuple[str, str]]:
    code = best.code
    yield "Identifier", code.identifier
    yield "TeamIdentifier", code.team or "not set"
    yield "flags", f"{int(code.flags):#x}({','.join(code.flags.words) or 'none'})"
    yield "CodeDirectory version", f"{code.version:x}"
    yield "Hash type", code.hash_type.label
    yield "Page size", str(code.page_size or "none")
    yield "Code limit", str(code.code_limit)
    if code.platform:
        yield "Platform identifier", str(code.platform)
    if code.runtime:
        yield "Runtime Version", version_text(code.runtime)
    if code.exec_segment != NO_CODE:
        base, limit, flags = code.exec_segment
        yield "Executable Segment", f"base={base} limit={limit} flags={flags:#x}"
    for slot, digest, state in best.special:
        outside = state is SealState.OUTSIDE and digest is not None
        detail = f" {digest.hex()}" if outside and digest is not None else ""
        yield f"special slot -{slot} {slot_name(slot)}", f"{state}{detail}"


def _content_facts(contents: Contents) -> Iterator[tuple[str, str]]:
    for kind, text, blob in contents.requirements or ():
        yield f"requirement {kind}", text if text is not None else blob.hex()
    entitlements = contents.entitlements
    if entitlements is not None:
        yield from _entitlement_facts("entitlement", entitlements.values)
        if entitlements.der_values != entitlements.values:
            yield from _entitlement_facts("entitlement in DER", entitlements.der_values)
    if contents.cms is not None:
        yield from _cms_facts(contents.cms)
    for slot, der in contents.constraints:
        yield slot_name(slot), der.hex()


def _cms_facts(cms: CmsInspection) -> Iterator[tuple[str, str]]:
    for place, certificate in enumerate(cms.chain):
        until = f"{certificate.valid_until:%Y-%m-%d}"
        yield f"Authority {place}", f"{certificate.name} (until {until}, {certificate.sha256[:16]})"
    if cms.signing_time is not None:
        yield "Signed Time", time_text(cms.signing_time)
    if cms.timestamp is not None:
        yield "Timestamp", time_text(cms.timestamp)
    yield "CMS", f"{cms.size} bytes, SHA-256 {cms.sha256}"


def _entitlement_facts(word: str, values: Mapping[str, object] | None) -> Iterator[tuple[str, str]]:
    for key, value in sorted((values or {}).items()):
        yield f"{word} {key}", json.dumps(value, ensure_ascii=False, sort_keys=True)


def _blob_facts(signature: SignatureInspection) -> Iterator[tuple[str, str]]:
    blobs = signature.blobs
    yield "blobs", ", ".join(slot_name(each.slot) for each in blobs.entries) or "none"
    yield "room", f"{signature.command.data_size} bytes"
    filled = "zeros" if blobs.padding_empty else "not zeros"
    yield "padding", filled
