"""The SuperBlob: the index of everything that a signature consists of.

Format: ``CS_SuperBlob`` in xnu's ``osfmk/kern/cs_blobs.h``; all integers are big-endian, all
offsets count from the start of the blob. The parser is as lenient as ``cs_validate_csblob`` in
xnu's ubc_subr.c, with the one addition of ``SuperBlobCore::validateBlob`` in Security's
superblob.h that blobs begin behind the index: entries may come in any order and share bytes, and an
entry that points to 0 is none.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from countersign import codedirectory
from countersign.errors import FormatError
from countersign.findings import Enforcer
from countersign.rounding import round_up

__all__ = [
    "EMPTY_REQUIREMENTS",
    "EMPTY_WRAPPER",
    "MAGIC",
    "Blob",
    "Index",
    "Slot",
    "SuperBlob",
    "index_size",
    "read_blob",
    "read_index",
]

MAGIC: Final = 0xFADE0CC0
MAX_ENTRIES: Final = 1000
"""Signatures have three to ten; bounds the work that a hostile index can ask for."""

EMPTY_REQUIREMENTS: Final = bytes.fromhex("fade0c01 0000000c 00000000")
EMPTY_WRAPPER: Final = bytes.fromhex("fade0b01 00000008")
"""The CMS signature of ad-hoc code: an envelope with nothing inside."""


class Slot:
    """What an entry of the index is: ``CSSLOT_*`` in cs_blobs.h."""

    CODE_DIRECTORY: Final = 0
    INFO_PLIST: Final = 1
    REQUIREMENTS: Final = 2
    RESOURCES: Final = 3
    APPLICATION: Final = 4
    ENTITLEMENTS: Final = 5
    REP_SPECIFIC: Final = 6
    ENTITLEMENTS_DER: Final = 7
    CONSTRAINTS: Final = range(8, 12)
    ALTERNATES: Final = range(0x1000, 0x1005)
    CMS: Final = 0x10000


READ: Final = frozenset(
    (
        Slot.CODE_DIRECTORY,
        Slot.REQUIREMENTS,
        Slot.ENTITLEMENTS,
        Slot.ENTITLEMENTS_DER,
        *Slot.CONSTRAINTS,
        *Slot.ALTERNATES,
    )
)
"""The slots of which macOS reads more than the length, whoever signed the code."""
RAW: Final = (Slot.APPLICATION, Slot.REP_SPECIFIC)
"""Slots of what is no blob by itself (``CodeDirectory::slotAttributes`` in codedirectory.cpp)."""
WRAPPER: Final = 0xFADE0B01
"""The magic of a blob that wraps what is none."""

_HEADER = struct.Struct(">3I")
_ENTRY = struct.Struct(">2I")


def index_size(count: int) -> int:
    """Bytes before the first of ``count`` blobs."""
    return _HEADER.size + _ENTRY.size * count


class Index(NamedTuple):
    """What stands in front of the blobs."""

    magic: int = 0
    length: int = 0
    """Bytes of the whole superblob, as it says itself."""
    claimed: int = 0
    """How many entries it says that there are."""
    entries: tuple[tuple[int, int], ...] = ()
    """Slot and offset of those that are there, :data:`MAX_ENTRIES` at most."""


def read_index(data: memoryview, base: int = 0) -> tuple[Index, tuple[FormatError, ...]]:
    """Read the index as far as it is there, and say all that is wrong with it. Never raises.

    ``base`` is where the superblob starts in the file.
    """
    if len(data) < _HEADER.size:
        problem = f"{len(data)} bytes are too few"
        return Index(), (FormatError("superblob", base, problem, rule="R23"),)
    magic, length, count = _HEADER.unpack_from(data)
    if magic != MAGIC:
        return Index(magic, length), (_strange(magic, base),)
    index_end = index_size(count)
    problems = tuple(
        FormatError("superblob", base + at, problem, rule=rule)
        for good, at, rule, problem in (
            (length <= len(data), 4, "R23", f"its length is {length}, its room {len(data)}"),
            (index_end <= length, 8, "R23", f"{count} entries do not fit in it"),
            (count <= MAX_ENTRIES, 8, "R23", f"{count} entries are more than {MAX_ENTRIES}"),
        )
        if not good
    )
    there = (min(index_end, length, len(data)) - _HEADER.size) // _ENTRY.size
    end = index_size(max(0, min(there, MAX_ENTRIES)))
    entries = tuple(_ENTRY.iter_unpack(data[_HEADER.size : end]))
    return Index(magic, length, count, entries), problems


def _strange(magic: int, base: int) -> FormatError:
    if magic != codedirectory.MAGIC:
        return FormatError("superblob", base, f"its magic is {magic:#x}", rule="R22")
    problem = "it is a bare code directory, which codesign takes for no signature"
    return FormatError("superblob", base, problem, rule="R22", enforced_by=(Enforcer.CODESIGN,))


class Blob(NamedTuple):
    """One entry; ``offset`` counts from the start of the superblob."""

    slot: int
    offset: int
    data: bytes | memoryview
    """The whole blob, its magic and length included."""

    @property
    def magic(self) -> int:
        """The four bytes that say what kind of blob this is."""
        return int.from_bytes(self.data[:4])

    @property
    def content(self) -> bytes | memoryview:
        """What its special slot seals: all of it, or what it wraps."""
        return self.data[8:] if self.slot in RAW else self.data


class SuperBlob(NamedTuple):
    """The blobs of one signature, in the order of the index."""

    blobs: tuple[Blob, ...]
    length: int
    """Bytes of the whole superblob."""

    @property
    def directories(self) -> tuple[Blob, ...]:
        """The code directories: slot 0 and its alternates."""
        return tuple(
            blob
            for blob in self.blobs
            if blob.slot == Slot.CODE_DIRECTORY or blob.slot in Slot.ALTERNATES
        )

    @property
    def has_cms(self) -> bool:
        """True when somebody signed with a certificate: the wrapper is not empty."""
        cms = self.find(Slot.CMS)
        return cms is not None and len(cms.data) > len(EMPTY_WRAPPER)

    def find(self, slot: int) -> Blob | None:
        """Find the first blob of a slot."""
        return next((blob for blob in self.blobs if blob.slot == slot), None)

    @classmethod
    def pack(cls, entries: Iterable[tuple[int, bytes]], *, align: int = 1) -> SuperBlob:
        """Lay blobs out behind the index, sorted by slot, without gaps between them.

        The first one starts at a multiple of ``align`` bytes: LLVM's linker aligns the one blob
        that it writes, ``codesign`` leaves no gap.
        """
        ordered = sorted(entries)
        at = round_up(index_size(len(ordered)), align)
        blobs = []
        for slot, data in ordered:
            blobs.append(Blob(slot, at, data))
            at += len(data)
        return cls(blobs=tuple(blobs), length=at)

    @classmethod
    def parse(cls, data: memoryview, base: int = 0) -> SuperBlob:
        """Read the superblob at the start of ``data``, which may be longer.

        ``base`` is where it starts in the file. Raises :class:`FormatError` with the id of the
        broken rule, and no other error, whatever the bytes are.
        """
        index, problems = read_index(data, base)
        if problems:
            raise problems[0]
        whole, first = data[: index.length], index_size(index.claimed)
        return cls(
            blobs=tuple(
                read_blob(whole, slot, offset, first=first, base=base)
                for slot, offset in index.entries
                if offset or slot in READ
            ),
            length=index.length,
        )

    def __bytes__(self) -> bytes:
        index = b"".join(_ENTRY.pack(blob.slot, blob.offset) for blob in self.blobs)
        out = bytearray(_HEADER.pack(MAGIC, self.length, len(self.blobs)) + index)
        out += bytes(self.length - len(out))
        for blob in self.blobs:
            out[blob.offset : blob.offset + len(blob.data)] = blob.data
        return bytes(out)


def read_blob(whole: memoryview, slot: int, offset: int, *, first: int, base: int) -> Blob:
    """Read the blob of one entry out of the ``whole`` superblob, whose index ends at ``first``.

    ``base`` is where the superblob starts in the file. Raises :class:`FormatError`.
    """
    if not first <= offset <= len(whole) - 8:
        problem = f"the entry for slot {slot:#x} points to {offset:#x}"
        enforced_by = (Enforcer.CODESIGN,) if offset < first else ()
        raise FormatError("superblob", base, problem, rule="R24", enforced_by=enforced_by)
    (length,) = struct.unpack_from(">I", whole, offset + 4)
    shortest = 8 if slot in READ else 0
    if not shortest <= length <= len(whole) - offset:
        problem = f"the blob in slot {slot:#x} has length {length}"
        raise FormatError("superblob", base + offset, problem, rule="R24")
    return Blob(slot, offset, whole[offset : offset + length])
