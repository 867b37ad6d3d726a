"""R41 and R42: a signature as a whole, and what its special slots seal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from countersign.checks.directory import check_best, check_directory, check_others
from countersign.checks.pages import check_pages
from countersign.checks.superblob import MAGICS, check_superblob
from countersign.checks.trust import check_trust
from countersign.codedirectory import CodeDirectory
from countersign.findings import Enforcer, Finding
from countersign.macho.slice import SignatureCommand, Slice
from countersign.rules import broken
from countersign.signature import Directory, Signature
from countersign.superblob import RAW, WRAPPER, Blob, Slot
from countersign.system import System
from countersign.window import Window

__all__ = ["check_seal"]

EMBEDDED: Final = (Slot.REQUIREMENTS, *RAW, *MAGICS)
"""The special slots whose contents lie in the signature."""


def check_seal(
    data: Window,
    thin: Slice,
    command: SignatureCommand,
    signature: Signature,
    system: System,
    pages: Sequence[range] | None = None,
) -> Iterator[Finding]:
    """Check the signature of the slice ``data`` and everything that it covers.

    Where ``pages`` is given, only pages with bytes in these ranges of the file are hashed.
    """
    start = thin.base + command.data_offset
    best = signature.best
    yield from check_superblob(data, thin, command, signature)
    yield from check_trust(signature, start)
    yield from check_others(signature, start)
    yield from _check_slots(signature, best, start)
    rules: set[str] = set()
    for directory in signature.directories:
        for finding in check_directory(thin, command, directory, system):
            yield finding
            rules |= {finding.rule} if directory is best else set()
    if "R32" in rules:
        return
    yield from check_best(thin, command, best)
    if "R39" not in rules:
        for directory in signature.directories:
            yield from check_pages(data, thin, directory, best, pages)


def _check_slots(signature: Signature, directory: Directory, start: int) -> Iterator[Finding]:
    """Check the special slots (``SecStaticCode::component``, ``csblob_find_special_slot``)."""
    blob, code = directory
    at = start + blob.offset
    for slot in EMBEDDED:
        sealed, part = code.special_slot(slot), signature.superblob.find(slot)
        who = () if slot in MAGICS else (Enforcer.CODESIGN,)
        if part is None and sealed is not None:
            message = f"slot {slot} is sealed, but what it seals is missing"
            yield broken("R41", at, message, enforced_by=who)
        elif part is not None and sealed is None:
            rule = "R42" if slot in MAGICS else "P6"
            yield broken(rule, start + part.offset, f"slot {slot} is there, but not sealed")
        elif part is not None and sealed is not None and not _is_sealed(part, code, sealed):
            message = f"slot {slot} is not what was sealed"
            yield broken("R41", start + part.offset, message, enforced_by=who)


def _is_sealed(part: Blob, code: CodeDirectory, sealed: bytes) -> bool:
    """Compare a blob with its special slot as ``EmbeddedSignatureBlob::blobData`` takes it."""
    wrapped = part.slot not in RAW or part.magic == WRAPPER
    return wrapped and code.hash_type.digest(part.content) == sealed
