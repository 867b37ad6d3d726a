"""R25 to R34: the superblob and the code directories that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countersign.findings import Finding
from countersign.macho.slice import SignatureCommand, Slice
from countersign.rules import broken
from countersign.signature import Signature
from countersign.superblob import WRAPPER, Slot, SuperBlob
from countersign.window import Window
from countersign.zeros import first_nonzero

__all__ = ["MAGICS", "check_superblob"]

MAGICS: Final = {
    Slot.ENTITLEMENTS: 0xFADE7171,
    Slot.ENTITLEMENTS_DER: 0xFADE7172,
    **dict.fromkeys(Slot.CONSTRAINTS, 0xFADE8181),
}
"""The blobs whose magic and uniqueness the kernel checks, by slot."""

OUTSIDE: Final = (Slot.INFO_PLIST, Slot.RESOURCES)
KNOWN: Final = frozenset({*range(12), *Slot.ALTERNATES, Slot.CMS} - {*OUTSIDE})
"""The slots of a superblob that something on macOS reads; what the others seal lies outside."""


def check_superblob(
    data: Window, thin: Slice, command: SignatureCommand, signature: Signature
) -> Iterator[Finding]:
    """Check the superblob in the slice ``data`` and the room behind it."""
    start = thin.base + command.data_offset
    superblob = signature.superblob
    yield from _check_packing(superblob, start)
    yield from _check_magics(superblob, start)
    rest = data.part(command.data_offset + superblob.length, command.data_end)
    dirt = first_nonzero(rest)
    if dirt is not None:
        yield broken("R34", start + superblob.length + dirt, "there are bytes behind the superblob")
    yield from _check_directories(signature, start)


def _check_packing(superblob: SuperBlob, start: int) -> Iterator[Finding]:
    end = 12 + 8 * len(superblob.blobs)
    for blob in sorted(superblob.blobs, key=lambda each: each.offset):
        if blob.offset != end:
            message = f"slot {blob.slot:#x} starts at {blob.offset}, not at {end}"
            yield broken("R25", start + blob.offset, message)
        end = max(end, blob.offset + len(blob.data))
    if end != superblob.length:
        yield broken("R25", start + end, f"the blobs end at {end}, the index says otherwise")


def _check_magics(superblob: SuperBlob, start: int) -> Iterator[Finding]:
    seen: set[int] = set()
    for blob in superblob.blobs:
        at = start + blob.offset
        if blob.slot not in KNOWN:
            yield broken("P6", at, f"nothing reads slot {blob.slot:#x}")
        if blob.slot == Slot.CMS and len(blob.data) >= 8 and blob.magic != WRAPPER:
            yield broken("P6", at, f"the certificate's slot has magic {blob.magic:#x}")
        if blob.magic != MAGICS.get(blob.slot, blob.magic):
            yield broken("R26", at, f"slot {blob.slot:#x} has magic {blob.magic:#x}")
        if blob.slot in seen:
            rule = "R26" if blob.slot in MAGICS else "P6"
            yield broken(rule, at, f"there are several blobs for slot {blob.slot:#x}")
        seen.add(blob.slot)


def _check_directories(signature: Signature, start: int) -> Iterator[Finding]:
    """Check which directories codesign finds (``SecStaticCode::loadCodeDirectories``)."""
    slots = {blob.slot for blob, _ in signature.directories}
    if Slot.CODE_DIRECTORY not in slots:
        yield broken("R28", start, "slot 0 is empty")
    alternates = sorted(slots - {Slot.CODE_DIRECTORY})
    if alternates != list(Slot.ALTERNATES)[: len(alternates)]:
        yield broken("P4", start, f"there is slot {alternates[-1]:#x} behind an empty one")
    seen: set[int] = set()
    for blob, code in signature.directories:
        if code.hash_type in seen:
            message = f"there are two code directories with {code.hash_type.name}"
            yield broken("R29", start + blob.offset, message)
        seen.add(code.hash_type)
