"""The CodeDirectory: what is signed, above all the hash of every page.

Format: ``CS_CodeDirectory`` in xnu's ``osfmk/kern/cs_blobs.h``. All integers are big-endian,
whatever the byte order of the Mach-O around it; all offsets count from the start of the blob.
"""

from __future__ import annotations

import enum
import itertools
import struct
from typing import Final, NamedTuple

from countersign.digest import HashType
from countersign.errors import FormatError
from countersign.findings import Enforcer

__all__ = [
    "MAGIC",
    "MAIN_BINARY",
    "NO_CODE",
    "CodeDirectory",
    "ExecSegment",
    "Flag",
    "Scatter",
    "header_size",
]

MAGIC: Final = 0xFADE0C02
OLDEST, NEWEST = 0x20001, 0x2F000
"""The versions that ``CodeDirectory::checkIntegrity`` in Security's codedirectory.cpp takes."""

MAX_LIMIT: Final = 0xFFFFFFFF
"""The largest ``codeLimit``; a larger one stands in ``codeLimit64`` (cdbuilder.cpp)."""

MAIN_BINARY: Final = 0x1
"""The ExecSegment flag of a program, as against a library."""


class Flag(enum.IntFlag):
    """``CS_*`` in cs_blobs.h: the flags that a signature may set."""

    VALID = 0x1
    ADHOC = 0x2
    GET_TASK_ALLOW = 0x4
    INSTALLER = 0x8
    FORCED_LV = 0x10
    INVALID_ALLOWED = 0x20
    HARD = 0x100
    KILL = 0x200
    CHECK_EXPIRATION = 0x400
    RESTRICT = 0x800
    ENFORCEMENT = 0x1000
    REQUIRE_LV = 0x2000
    ENTITLEMENTS_VALIDATED = 0x4000
    NVRAM_UNRESTRICTED = 0x8000
    RUNTIME = 0x10000
    LINKER_SIGNED = 0x20000

    @property
    def words(self) -> tuple[str, ...]:
        """The names as ``codesign`` prints them; unknown bits by their value."""
        known = tuple(
            _WORDS.get(each, (each.name or "").lower().replace("_", "-")) for each in self
        )
        unknown = self.unknown
        return (*known, hex(unknown)) if unknown else known

    @property
    def unknown(self) -> int:
        """The bits that have no name."""
        return int(self) & ~sum(Flag.__members__.values())


_WORDS: Final = {Flag.CHECK_EXPIRATION: "expires", Flag.REQUIRE_LV: "library-validation"}


class ExecSegment(NamedTuple):
    """Where the code is: file offset and size of __TEXT, and whether it is a program's."""

    base: int
    limit: int
    flags: int


class Scatter(NamedTuple):
    """An entry of a scatter table: so many pages, from the page ``base`` on, have hashes."""

    pages: int
    base: int


_SCATTER = struct.Struct(">2I16x")
_HASH_SIZES: Final = {int(each): each.size for each in HashType}


NO_CODE: Final = ExecSegment(0, 0, 0)


class _Header(NamedTuple):
    """The fixed part of the newest version, in file order."""

    magic: int
    length: int
    version: int
    flags: int
    hash_offset: int
    ident_offset: int
    special_count: int
    code_count: int
    code_limit: int
    hash_size: int
    hash_type: int
    platform: int
    page_shift: int
    spare2: int = 0
    scatter_offset: int = 0
    team_offset: int = 0
    spare3: int = 0
    code_limit_64: int = 0
    exec_base: int = 0
    exec_limit: int = 0
    exec_flags: int = 0
    runtime: int = 0
    pre_encrypt_offset: int = 0
    linkage_type: int = 0
    linkage_application: int = 0
    linkage_subtype: int = 0
    linkage_offset: int = 0
    linkage_size: int = 0


_FIELDS_SINCE: Final = (
    (0, "9I4BI"),
    (0x20100, "I"),
    (0x20200, "I"),
    (0x20300, "IQ"),
    (0x20400, "3Q"),
    (0x20500, "2I"),
    (0x20600, "2BH2I"),
)
"""Each version appends fields to the one before."""


def _layout(version: int) -> struct.Struct:
    return struct.Struct(">" + "".join(fmt for since, fmt in _FIELDS_SINCE if version >= since))


def header_size(version: int) -> int:
    """Bytes before the identifier."""
    return _layout(version).size


class CodeDirectory(NamedTuple):
    """A code directory of any version, without the unused scatter and linkage tables."""

    version: int
    flags: Flag
    identifier: str
    """UTF-8 on disk; bytes that are not are kept as surrogate escapes."""
    page_size: int
    """Bytes that one code hash covers; 0 means that one hash covers everything."""
    code_limit: int
    """The signed bytes, from the start of the slice."""
    hashes: bytes
    """Digests of the code pages, one after another."""
    hash_type: HashType = HashType.SHA256
    special: tuple[bytes, ...] = ()
    """Digests of the special slots 1, 2, ...; an unused one is all zeros."""
    team: str | None = None
    exec_segment: ExecSegment = NO_CODE
    platform: int = 0
    runtime: int = 0
    """The version of the hardened runtime, ``major << 16 | minor << 8 | patch``."""
    short_limit: int | None = None
    """The 32-bit limit where it is not what the 64-bit one asks for: the kernel reads it alone."""
    scatter: tuple[Scatter, ...] | None = None
    """The scatter table, which no tool of today writes; it tells which pages have hashes."""
    gap: int = 0
    """Unused bytes between the identifiers and the slots; LLVM aligns the slots with them."""

    @property
    def size(self) -> int:
        """Bytes of the directory."""
        names = len(_terminated(self.identifier))
        names += len(_terminated(self.team)) if self.team is not None else 0
        slots = len(self.special) * self.hash_type.size + len(self.hashes)
        return header_size(self.version) + names + self.gap + slots

    @property
    def code_count(self) -> int:
        """How many pages have a hash."""
        return len(self.hashes) // self.hash_type.size

    def special_slot(self, slot: int) -> bytes | None:
        """Give the digest of a special slot; None when it is absent or zero."""
        digest = self.special[slot - 1] if 1 <= slot <= len(self.special) else b""
        return digest if any(digest) else None

    @classmethod
    def parse(cls, blob: bytes | memoryview, base: int = 0) -> CodeDirectory:
        """Read one from ``blob``, which must hold the directory and nothing else.

        ``base`` is where it starts in the file. Raises :class:`FormatError` with the id of the
        broken rule, and no other error, whatever the bytes are.
        """
        blob = bytes(blob)
        header = _read_header(blob, base)
        _check(header, blob, base)
        _check_for_codesign(header, blob, base)
        hash_type = HashType(header.hash_type)
        size, start = hash_type.size, header.hash_offset
        strings_end = max(
            blob.index(0, offset) + 1 if offset else header_size(header.version)
            for offset in (header.ident_offset, header.team_offset)
        )
        return cls(
            version=header.version,
            flags=Flag(header.flags),
            identifier=_text(blob, header.ident_offset),
            team=_text(blob, header.team_offset) if header.team_offset else None,
            hash_type=hash_type,
            page_size=1 << header.page_shift if header.page_shift else 0,
            code_limit=header.code_limit_64 or header.code_limit,
            special=tuple(
                blob[start - slot * size : start - (slot - 1) * size]
                for slot in range(1, header.special_count + 1)
            ),
            hashes=blob[start : start + header.code_count * size],
            exec_segment=ExecSegment(header.exec_base, header.exec_limit, header.exec_flags),
            platform=header.platform,
            runtime=header.runtime,
            short_limit=_short_limit(header),
            scatter=_scatter(blob, header.scatter_offset) if header.scatter_offset else None,
            gap=max(0, start - header.special_count * size - strings_end),
        )

    def __bytes__(self) -> bytes:
        layout = _layout(self.version)
        identifier = _terminated(self.identifier)
        team = _terminated(self.team) if self.team is not None else b""
        team_offset = layout.size + len(identifier) if team else 0
        special = bytes(self.gap) + b"".join(reversed(self.special))
        hash_offset = layout.size + len(identifier) + len(team) + len(special)
        large = self.code_limit > MAX_LIMIT
        header = _Header(
            magic=MAGIC,
            length=hash_offset + len(self.hashes),
            version=self.version,
            flags=self.flags,
            hash_offset=hash_offset,
            ident_offset=layout.size,
            special_count=len(self.special),
            code_count=self.code_count,
            code_limit=MAX_LIMIT if large else self.code_limit,
            code_limit_64=self.code_limit if large else 0,
            hash_size=self.hash_type.size,
            hash_type=self.hash_type,
            platform=self.platform,
            page_shift=self.page_size.bit_length() - 1 if self.page_size else 0,
            team_offset=team_offset,
            exec_base=self.exec_segment.base,
            exec_limit=self.exec_segment.limit,
            exec_flags=self.exec_segment.flags,
            runtime=self.runtime,
        )
        fields = len(layout.unpack(bytes(layout.size)))
        return layout.pack(*header[:fields]) + identifier + team + special + self.hashes


def _read_header(blob: bytes, base: int) -> _Header:
    """Read as many fields as the version has; the rest keep their defaults."""
    if len(blob) < header_size(0):
        raise FormatError("CodeDirectory", base, f"{len(blob)} bytes are too few", rule="R30")
    magic, length, version = struct.unpack_from(">3I", blob)
    for good, at, problem, enforced_by in (
        (magic == MAGIC, 0, f"magic is {magic:#x}", ()),
        (length == len(blob), 4, f"length says {length}, there are {len(blob)}", ()),
        (OLDEST <= version <= NEWEST, 8, f"version is {version:#x}", (Enforcer.CODESIGN,)),
        (len(blob) >= header_size(version), 4, f"{len(blob)} bytes are too few", ()),
    ):
        if not good:
            what = "CodeDirectory"
            raise FormatError(what, base + at, problem, rule="R30", enforced_by=enforced_by)
    return _Header(*_layout(version).unpack_from(blob))


def _check(header: _Header, blob: bytes, base: int) -> None:
    """Refuse a header whose offsets and sizes do not fit into the blob."""
    known = header.hash_type in _HASH_SIZES
    hashes_end = header.hash_offset + header.code_count * header.hash_size
    specials_fit = header.special_count * header.hash_size <= header.hash_offset
    linkage_end = header.linkage_offset + header.linkage_size if header.linkage_type else 0
    for good, at, rule, problem in (
        (known, 37, "R31", f"hash type {header.hash_type} is unknown"),
        (header.hash_size == _HASH_SIZES.get(header.hash_type), 36, "R31",
         f"{header.hash_size} is not the size of hash type {header.hash_type}"),
        (header.page_shift < 32, 39, "R32", f"page size is 2**{header.page_shift}"),
        (blob.find(0, header.ident_offset) >= 0, 20, "R36", "the identifier has no end"),
        (blob.find(0, header.team_offset) >= 0, 48, "R37", "the team identifier has no end"),
        (header.hash_offset <= len(blob), 16, "R38", "the code hashes start past the end"),
        (hashes_end <= len(blob), 28, "R38", "the code hashes reach past the end"),
        (specials_fit, 24, "R38", f"{header.special_count} special slots do not fit"),
        (linkage_end <= len(blob), 100, "R52", "the linkage hash reaches past the end"),
        (_scatter_fits(blob, header.scatter_offset), 44, "R38", "the scatter table has no end"),
    ):  # fmt: skip
        if not good:
            raise FormatError("CodeDirectory", base + at, problem, rule=rule)


def _check_for_codesign(header: _Header, blob: bytes, base: int) -> None:
    """Refuse what ``CodeDirectory::checkIntegrity`` refuses and the kernel never looks at."""
    size = header.hash_size
    encrypted_end = header.pre_encrypt_offset + header.code_count * size
    scatter = _scatter(blob, header.scatter_offset) if header.scatter_offset else ()
    scattered_end = header.hash_offset + sum(entry.pages for entry in scatter) * size
    for good, at, problem in (
        (not header.pre_encrypt_offset or encrypted_end <= len(blob), 92,
         "the hashes from before the encryption reach past the end"),
        (scattered_end <= len(blob), 44, "the scatter table has more pages than there are hashes"),
    ):  # fmt: skip
        if not good:
            who = (Enforcer.CODESIGN,)
            raise FormatError("CodeDirectory", base + at, problem, rule="R38", enforced_by=who)


def _short_limit(header: _Header) -> int | None:
    wanted = min(header.code_limit_64, MAX_LIMIT) or header.code_limit
    return None if header.code_limit == wanted else header.code_limit


def _scatter_fits(blob: bytes, offset: int) -> bool:
    """Tell whether a scatter table, if there is one, ends inside the blob."""
    return not offset or offset + _SCATTER.size * (len(_scatter(blob, offset)) + 1) <= len(blob)


def _scatter(blob: bytes, offset: int) -> tuple[Scatter, ...]:
    """Read a scatter table up to the entry of no pages that ends it, or to the blob's end."""
    whole = (len(blob) - offset) // _SCATTER.size * _SCATTER.size
    entries = _SCATTER.iter_unpack(blob[offset : offset + max(whole, 0)])
    return tuple(itertools.takewhile(lambda entry: entry.pages, map(Scatter._make, entries)))


def _text(blob: bytes, start: int) -> str:
    """Read a C string; offset 0, which would be the magic, stands for an empty one."""
    end = blob.index(0, start) if start else 0
    return blob[start:end].decode("utf-8", "surrogateescape")


def _terminated(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape") + b"\0"
