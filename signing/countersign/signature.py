"""A signature as a whole: read from a slice, or made ad-hoc from a plan.

Form of the ad-hoc signature: ``SecCodeSigner::Signer::signArchitectureAgnostic`` and
``signMachO`` in Security's signer.cpp: code directory, empty requirements, empty CMS wrapper.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from countersign.codedirectory import CodeDirectory, Flag
from countersign.digest import HashType
from countersign.errors import FormatError
from countersign.macho.slice import SignatureCommand
from countersign.pagehash import page_hashes
from countersign.plan import Plan
from countersign.superblob import (
    EMPTY_REQUIREMENTS,
    EMPTY_WRAPPER,
    Blob,
    Slot,
    SuperBlob,
)

__all__ = ["Directory", "Kind", "Signature", "adhoc_signature", "parse_signature"]

MAX_DIRECTORIES: Final = len(HashType)
"""One for each hash type: the kernel refuses a second one of the same type."""


class Kind(enum.StrEnum):
    """Who made a signature."""

    ADHOC = "ad-hoc"
    LINKER = "linker"
    CMS = "cms"


class Directory(NamedTuple):
    """A code directory and the blob that it was read from."""

    blob: Blob
    code: CodeDirectory

    @property
    def cdhash(self) -> str:
        """The first 20 bytes of the directory's own hash, in hexadecimal."""
        return self.code.hash_type.cdhash(self.blob.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a slice is signed with."""

    superblob: SuperBlob
    directories: tuple[Directory, ...]
    """In index order; never empty."""

    @property
    def best(self) -> Directory:
        """The directory with the strongest hash, which is the one the kernel uses."""
        return max(self.directories, key=lambda each: each.code.hash_type.rank)

    @property
    def kind(self) -> Kind:
        """Who made it."""
        if self.superblob.has_cms:
            return Kind.CMS
        linked = Flag.LINKER_SIGNED in self.best.code.flags
        return Kind.LINKER if linked else Kind.ADHOC


def parse_signature(data: memoryview, command: SignatureCommand, base: int = 0) -> Signature:
    """Read the signature of the slice ``data``, which begins ``base`` bytes into the file.

    Raises :class:`FormatError` with the id of the broken rule, and no other error.
    """
    if command.data_end > len(data):
        problem = f"the signature would end at {command.data_end}, the slice at {len(data)}"
        raise FormatError("LC_CODE_SIGNATURE", base + command.offset, problem, rule="R12")
    start = base + command.data_offset
    superblob = SuperBlob.parse(data[command.data_offset : command.data_end], start)
    blobs = superblob.directories
    if not blobs:
        raise FormatError("superblob", start, "it holds no code directory", rule="R28")
    if len(blobs) > MAX_DIRECTORIES:
        raise FormatError("superblob", start, f"{len(blobs)} code directories", rule="R29")
    directories = tuple(
        Directory(blob, CodeDirectory.parse(blob.data, start + blob.offset)) for blob in blobs
    )
    return Signature(superblob=superblob, directories=directories)


def adhoc_signature(
    plan: Plan, code: Sequence[memoryview], *, info_plist: bytes | memoryview | None
) -> Signature:
    """Hash and seal ``code``, the bytes up to the code limit; see :func:`page_hashes`."""

    def directory(hash_type: HashType) -> CodeDirectory:
        plist = hash_type.digest(info_plist) if info_plist is not None else bytes(hash_type.size)
        return CodeDirectory(
            version=plan.version,
            flags=Flag.ADHOC,
            identifier=plan.identifier,
            hash_type=hash_type,
            page_size=plan.page_size,
            code_limit=plan.data_offset,
            special=(plist, hash_type.digest(EMPTY_REQUIREMENTS)),
            hashes=page_hashes(code, plan.page_size, hash_type),
            exec_segment=plan.exec_segment,
        )

    slots = (Slot.CODE_DIRECTORY, *Slot.ALTERNATES)
    codes = {slot: directory(each) for slot, each in zip(slots, plan.digests, strict=False)}
    superblob = SuperBlob.pack(
        [
            *((slot, bytes(code)) for slot, code in codes.items()),
            (Slot.REQUIREMENTS, EMPTY_REQUIREMENTS),
            (Slot.CMS, EMPTY_WRAPPER),
        ]
    )
    directories = (Directory(blob, codes[blob.slot]) for blob in superblob.directories)
    return Signature(superblob=superblob, directories=tuple(directories))
