"""From a plan and the hashes of the pages to the bytes of a signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from countersign.codedirectory import CodeDirectory
from countersign.contents import OutsideSeal
from countersign.digest import HashType
from countersign.errors import NotSignableError
from countersign.plan import Plan
from countersign.superblob import Slot, SuperBlob

__all__ = ["Seal", "seal"]


class Seal(NamedTuple):
    """A finished signature."""

    data: bytes
    """All of its room in the file, the padding included."""
    cdhash: str
    """That of the code directory which the kernel uses: 40 hexadecimal digits."""


def seal(plan: Plan, hashes: Sequence[bytes]) -> Seal:
    """Build the signature; ``hashes`` are the digests of all pages for each hash type."""
    slots = (Slot.CODE_DIRECTORY, *Slot.ALTERNATES)
    directories = [
        (slot, hash_type, bytes(_directory(plan, hash_type, digests)))
        for slot, hash_type, digests in zip(slots, plan.digests, hashes, strict=False)
    ]
    entries = [(slot, blob) for slot, _, blob in directories]
    superblob = SuperBlob.pack([*entries, *plan.blobs], align=plan.align)
    _, best, blob = max(directories, key=lambda each: each[1].rank)
    return Seal(data=bytes(superblob).ljust(plan.data_size, b"\0"), cdhash=best.cdhash(blob))


def _directory(plan: Plan, hash_type: HashType, hashes: bytes) -> CodeDirectory:
    sealed = {slot: hash_type.digest(data) for slot, data in plan.sealed}
    sealed |= {seal.slot: _outside_digest(seal, hash_type) for seal in plan.outside}
    empty = bytes(hash_type.size)
    special = tuple(sealed.get(slot, empty) for slot in range(1, max(sealed, default=0) + 1))
    return plan.directory._replace(hash_type=hash_type, hashes=hashes, special=special)


def _outside_digest(seal: OutsideSeal, hash_type: HashType) -> bytes:
    """Give the digest that was there; what it was made from cannot be hashed again here."""
    digest = dict(seal.digests).get(hash_type)
    if digest is None:
        raise NotSignableError(
            f"its bundle's seal in slot {seal.slot} has no digest of the type {hash_type.name}",
            hint="Take the old signature off first, with countermark unsign; its seals go with it.",
        )
    return digest
