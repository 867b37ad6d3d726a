"""Writes code signatures, right and wrong ones, by Apple's description in xnu's cs_blobs.h.

It shares no code with the package: what is written here and what is read there meet in the tests
alone.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

__all__ = [
    "ADHOC",
    "ALTERNATES",
    "CMS",
    "DER",
    "DIRECTORY",
    "EMPTY_CMS",
    "EMPTY_REQUIREMENTS",
    "ENTITLEMENTS",
    "LINKER_SIGNED",
    "REQUIREMENTS",
    "RUNTIME",
    "Directory",
    "Seal",
    "Sealed",
    "blob",
]

ADHOC, RUNTIME, LINKER_SIGNED = 0x2, 0x10000, 0x20000
DIRECTORY, INFO_PLIST, REQUIREMENTS, RESOURCES, ENTITLEMENTS, DER, CMS = 0, 1, 2, 3, 5, 7, 0x10000
"""Slots: what an entry of the superblob is."""

ALTERNATES: Final = range(0x1000, 0x1005)
"""The slots of further code directories."""

SHA1, SHA256, SHA256_TRUNCATED, SHA384 = 1, 2, 3, 4
_HASHES: Final = {
    SHA1: ("sha1", 20),
    SHA256: ("sha256", 32),
    SHA256_TRUNCATED: ("sha256", 20),
    SHA384: ("sha384", 48),
}

_FIXED: Final = {
    "magic": "I", "length": "I", "version": "I", "flags": "I", "hash_offset": "I",
    "ident_offset": "I", "special_count": "I", "code_count": "I", "code_limit": "I",
    "hash_size": "B", "hash_type": "B", "platform": "B", "page_shift": "B", "spare2": "I",
    "scatter_offset": "I", "team_offset": "I", "spare3": "I", "code_limit_64": "Q",
    "exec_base": "Q", "exec_limit": "Q", "exec_flags": "Q", "runtime": "I", "pre_encrypt": "I",
    "linkage_type": "B", "linkage_application": "B", "linkage_subtype": "H",
    "linkage_offset": "I", "linkage_size": "I",
}  # fmt: skip
"""The fixed part of the newest version, in file order, as ``struct`` spells it."""

_SIZES: Final = {
    0x20600: 108, 0x20500: 96, 0x20400: 88, 0x20300: 64, 0x20200: 52, 0x20100: 48, 0x20001: 44,
}  # fmt: skip
"""Bytes of the fixed part, for the versions that have as many, newest first."""


class Sealed(NamedTuple):
    """What a signature is made for."""

    code: bytes
    """The slice, up to the signature."""
    text_size: int
    """Bytes of __TEXT in the file."""
    section_size: int
    """Bytes of its first section, __text."""
    program: bool


def blob(magic: int, body: bytes = b"") -> bytes:
    """Put the eight bytes in front that every blob has."""
    return struct.pack(">2I", magic, 8 + len(body)) + body


EMPTY_REQUIREMENTS: Final = blob(0xFADE0C01, bytes(4))
EMPTY_CMS: Final = blob(0xFADE0B01)


@dataclass(frozen=True, kw_only=True)
class Directory:
    """A code directory; by default as ``codesign`` makes it ad-hoc."""

    version: int = 0x20400
    flags: int = ADHOC
    identifier: str = "program"
    team: str | None = None
    hash_type: int = SHA256
    page_size: int = 0x1000
    limit_change: int = 0
    """Bytes to sign beyond the signature's start; fewer when negative."""
    special: Mapping[int, bytes] = field(default_factory=dict)
    """What the special slots seal beside the blobs of the superblob, by slot; wins over them."""
    special_count: int = 0
    """Special slots at least, zeros where nothing is sealed."""
    unsealed: tuple[int, ...] = ()
    """Blobs that no special slot seals."""
    runtime: int = 0
    section_limit: bool = False
    """The exec segment ends with the section __text, as Apple's new linker has it."""
    slot_align: int = 1
    """The hashes start at a multiple of this, as LLVM's linker has it."""
    padded: bool = False
    """Hash the last page filled up with zeros, as some signers wrongly do."""
    scatter: tuple[tuple[int, int], ...] | None = None
    """The scatter table: counts and first pages."""
    fields: Mapping[str, int] = field(default_factory=dict)
    """Fixed fields that are written so whatever is right."""

    def digest(self, data: bytes) -> bytes:
        """Hash by this directory's type."""
        name, size = _HASHES[self.hash_type]
        return hashlib.new(name, data).digest()[:size]

    def build(self, sealed: Sealed, blobs: Mapping[int, bytes]) -> bytes:
        """Write it for a slice and for the other ``blobs`` of its signature."""
        limit = len(sealed.code) + self.limit_change
        code = sealed.code[:limit].ljust(limit, b"\0")
        pages = [code[at : at + self.page_size] for at in range(0, limit, self.page_size)]
        if self.padded:
            pages[-1] = pages[-1].ljust(self.page_size, b"\0")
        hashes = [self.digest(page) for page in pages]
        special = self._special(blobs)
        size = next(size for version, size in _SIZES.items() if version <= self.version)
        identifier = self.identifier.encode() + b"\0"
        team = self.team.encode() + b"\0" if self.team is not None else b""
        names = identifier + team
        names = names.ljust(
            -(-(size + len(names)) // self.slot_align) * self.slot_align - size, b"\0"
        )
        hash_offset = size + len(names) + sum(map(len, special))
        scatter = self._scatter()
        end = hash_offset + sum(map(len, hashes))
        values = dict.fromkeys(_FIXED, 0) | {
            "magic": 0xFADE0C02,
            "length": end + len(scatter),
            "version": self.version,
            "flags": self.flags,
            "hash_offset": hash_offset,
            "ident_offset": size,
            "special_count": len(special),
            "code_count": len(hashes),
            "code_limit": limit,
            "hash_size": _HASHES[self.hash_type][1],
            "hash_type": self.hash_type,
            "page_shift": self.page_size.bit_length() - 1,
            "scatter_offset": end if scatter else 0,
            "team_offset": size + len(identifier) if team else 0,
            "exec_limit": sealed.section_size if self.section_limit else sealed.text_size,
            "exec_flags": int(sealed.program),
            "runtime": self.runtime,
            **self.fields,
        }
        fixed = struct.pack(">" + "".join(_FIXED.values()), *(values[name] for name in _FIXED))
        return fixed[:size] + names + b"".join(special) + b"".join(hashes) + scatter

    def _scatter(self) -> bytes:
        if self.scatter is None:
            return b""
        entries = [*self.scatter, (0, 0)]  # a count of 0 ends it
        return b"".join(struct.pack(">2I2Q", count, base, 0, 0) for count, base in entries)

    def _special(self, blobs: Mapping[int, bytes]) -> list[bytes]:
        """Hash what the special slots seal, the highest slot first."""
        parts = {slot: data for slot, data in blobs.items() if slot < ALTERNATES[0]}
        for slot in self.unsealed:
            del parts[slot]
        parts |= self.special
        count = max(self.special_count, *parts, 0)
        empty = bytes(_HASHES[self.hash_type][1])
        return [
            self.digest(parts[slot]) if slot in parts else empty for slot in range(count, 0, -1)
        ]


@dataclass(frozen=True, kw_only=True)
class Seal:
    """A superblob; by default as ``codesign`` makes it ad-hoc, without its 18,000 spare bytes."""

    directories: tuple[Directory, ...] = (Directory(),)
    """The first one's slot is 0, the others are alternates."""
    slots: tuple[int, ...] = (DIRECTORY, *ALTERNATES)
    """The slots of the directories."""
    blobs: tuple[tuple[int, bytes], ...] = (
        (REQUIREMENTS, EMPTY_REQUIREMENTS),
        (CMS, EMPTY_CMS),
    )
    spare: int = 0
    """Bytes of room behind the superblob."""
    align: int = 16
    """The room of the signature is a multiple of this."""
    gap: int = 0
    """Bytes between the index and the first blob."""
    rest: bytes = b""
    """What lies behind the superblob, in its room."""

    def build(self, sealed: Sealed) -> bytes:
        """Write everything that LC_CODE_SIGNATURE points to."""
        parts = dict(self.blobs)
        entries = [
            *(
                (slot, directory.build(sealed, parts))
                for slot, directory in zip(self.slots, self.directories, strict=False)
            ),
            *self.blobs,
        ]
        packed = pack(sorted(entries), gap=self.gap) + self.rest + bytes(self.spare)
        return packed.ljust(-(-len(packed) // self.align) * self.align, b"\0")


def pack(entries: list[tuple[int, bytes]], *, gap: int = 0) -> bytes:
    """Write a superblob whose blobs follow the index in the order of ``entries``."""
    at = 12 + 8 * len(entries) + gap
    index, body = b"", bytes(gap)
    for slot, data in entries:
        index += struct.pack(">2I", slot, at)
        body += data
        at += len(data)
    return struct.pack(">3I", 0xFADE0CC0, at, len(entries)) + index + body
