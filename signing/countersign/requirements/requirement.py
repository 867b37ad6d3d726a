"""Code requirements as they are stored: a set of them, and the terms of each.

Format: ``requirement.h`` in Security's libsecurity_codesigning; all integers are big-endian. An
expression is in prefix order: an operator, then its operands. What is well-formed is what
``reqreader.cpp`` and ``reqinterp.cpp`` there read without an error: they read every term, whatever
the first ones say, up to the last one that the operators ask for; bytes behind it do not matter.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from countersign.errors import FormatError
from countersign.requirements.terms import Match, Matching, Op, Term

__all__ = [
    "MAX_SIZE",
    "Entry",
    "Requirement",
    "RequirementSet",
    "RequirementType",
    "parse_requirement",
    "parse_requirements",
]

REQUIREMENT: Final = 0xFADE0C00
REQUIREMENTS: Final = 0xFADE0C01

MAX_SIZE: Final = 1 << 18
"""Bytes of all requirements of a set that are read; real sets have some hundred."""
MAX_DEPTH: Final = 999
"""Terms within each other: ``stackLimit`` in reqinterp.h, counted as it is used."""

EXPRESSION, LIGHTWEIGHT = 1, 2
"""``exprForm`` and ``lwcrForm``: how a requirement is written."""
GENERIC_FALSE, GENERIC_SKIP = 0x80000000, 0x40000000
"""Flags of operators that a reader need not know: their size is stored, so they can be skipped."""
FLAGS: Final = 0xFF000000
WORD: Final = 4
"""Everything is aligned to so many bytes."""


class RequirementType(enum.IntEnum):
    """``SecRequirementType`` in CSCommon.h: what a requirement of a set is about."""

    HOST = 1
    GUEST = 2
    DESIGNATED = 3
    LIBRARY = 4
    PLUGIN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One requirement."""

    terms: tuple[Term, ...]
    """In prefix order; empty for one that is not written as an expression."""
    lightweight: bytes | None = None
    """The DER form of a lightweight code requirement; None for an expression."""

    @property
    def text(self) -> str:
        """The source text, as ``csreq -t`` prints it."""
        from countersign.requirements.decompiler import requirement_text

        return requirement_text(self)


class Entry(NamedTuple):
    """One requirement of a set, as its bytes."""

    number: int
    """A :class:`RequirementType`, or any other number."""
    blob: bytes
    offset: int
    """Where it is in the file."""

    @property
    def is_requirement(self) -> bool:
        """False for what Security passes over, as if it were not there."""
        return len(self.blob) >= _HEADER.size and self.blob[:WORD] == _MAGIC

    def parse(self) -> Requirement:
        """Read it; raises :class:`FormatError` as :func:`parse_requirement` does."""
        return parse_requirement(self.blob, self.offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementSet:
    """The requirements that a signature carries."""

    entries: tuple[Entry, ...]

    def find(self, kind: RequirementType) -> Entry | None:
        """Give the requirement that Security uses: the first of its type, if it is one."""
        entry = next((entry for entry in self.entries if entry.number == kind), None)
        return entry if entry is not None and entry.is_requirement else None

    @property
    def text(self) -> str:
        """The source text, a line for each requirement, as ``codesign -d -r-`` prints it."""
        from countersign.requirements.decompiler import set_text

        return set_text(self)


_HEADER = struct.Struct(">3I")
_ENTRY = struct.Struct(">2I")
_MAGIC: Final = REQUIREMENT.to_bytes(WORD)


def parse_requirements(blob: bytes | memoryview, base: int = 0) -> RequirementSet:
    """Read a set of requirements, which starts ``base`` bytes into the file.

    The requirements themselves are not looked into. Raises :class:`FormatError` of rule R59, and
    no other error, for what ``SuperBlobCore::validateBlob`` in superblob.h refuses.
    """
    data = bytes(blob)
    if len(data) < _HEADER.size:
        raise _broken(base, f"{len(data)} bytes are too few for a set")
    magic, length, count = _HEADER.unpack_from(data)
    index_end = _HEADER.size + count * _ENTRY.size
    for good, at, problem in (
        (magic == REQUIREMENTS, 0, f"the magic of the set is {magic:#x}"),
        (length <= len(data), 4, f"the length of the set is {length}, of its room {len(data)}"),
        (index_end <= length, 8, f"{count} entries do not fit into the set"),
        (index_end <= MAX_SIZE, 8, f"{count} entries are too many"),
    ):
        if not good:
            raise _broken(base + at, problem)
    index = _ENTRY.iter_unpack(data[_HEADER.size : index_end])
    entries = tuple(
        Entry(number, _blob(data[:length], offset, index_end, base), base + offset)
        for number, offset in index
        if offset
    )
    if sum(len(entry.blob) for entry in entries) > MAX_SIZE:
        raise _broken(base, f"the requirements have more than {MAX_SIZE} bytes")
    return RequirementSet(entries=entries)


def _blob(data: bytes, offset: int, index_end: int, base: int) -> bytes:
    if not index_end <= offset <= len(data) - 8:
        raise _broken(base, f"an entry of the set points to {offset:#x}")
    (length,) = struct.unpack_from(">I", data, offset + WORD)
    if length > len(data) - offset:
        raise _broken(base + offset, f"a requirement of {length} bytes reaches out of the set")
    return data[offset : offset + length]


def parse_requirement(blob: bytes | memoryview, base: int = 0) -> Requirement:
    """Read one requirement, which starts ``base`` bytes into the file.

    Raises :class:`FormatError` of rule R59, and no other error: what Security would call invalid
    (``errSecCSReqInvalid``), or does not know.
    """
    data = bytes(blob)
    if len(data) < _HEADER.size:
        raise _broken(base, f"{len(data)} bytes are too few for a requirement")
    magic, length, form = _HEADER.unpack_from(data)
    for good, at, problem in (
        (magic == REQUIREMENT, 0, f"the magic of the requirement is {magic:#x}"),
        (length == len(data), 4, f"its length is {length}, there are {len(data)} bytes"),
        (length <= MAX_SIZE, 4, f"a requirement of {length} bytes is too large"),
    ):
        if not good:
            raise _broken(base + at, problem)
    reader = _Reader(data, base)
    if form == LIGHTWEIGHT:
        return Requirement(terms=(), lightweight=reader.data())
    if form != EXPRESSION:
        raise _broken(base + 8, f"form {form} of requirements is unknown", _UNSUPPORTED)
    return Requirement(terms=tuple(_terms(reader)))


_UNSUPPORTED: Final = "errSecCSReqUnsupported"
_UNIMPLEMENTED: Final = "errSecCSUnimplemented"


def _broken(offset: int, problem: str, apple: str = "errSecCSReqInvalid") -> FormatError:
    return FormatError("requirements", offset, problem, rule="R59", apple=apple)


def _terms(reader: _Reader) -> Iterator[Term]:
    """Read terms until every operator has its operands.

    Recursion would be the natural form, but Security allows more levels than Python does.
    """
    missing = [1]
    """For each operator that is not complete yet, how many of its operands are to come."""
    while missing:
        if len(missing) > MAX_DEPTH:
            raise reader.broken(f"more than {MAX_DEPTH} terms within each other")
        term = _term(reader)
        yield term
        missing[-1] -= 1
        missing.append(term.op.arity)
        while missing and not missing[-1]:
            missing.pop()


def _term(reader: _Reader) -> Term:
    code = reader.word()
    number = code & ~FLAGS
    if number in _FIELDS:
        return _FIELDS[Op(number)](reader, Op(number))
    if not code & (GENERIC_FALSE | GENERIC_SKIP):
        raise reader.broken(f"operator {code:#x} is unknown", _UNIMPLEMENTED)
    reader.skip(reader.word())
    op = Op.UNKNOWN_FALSE if code & GENERIC_FALSE else Op.UNKNOWN_SKIPPED
    return Term(op, number)


class _Reader:
    """A place in a requirement, and what can be read there."""

    def __init__(self, blob: bytes, base: int) -> None:
        self._blob = blob
        self._base = base
        self._at = _HEADER.size

    def broken(self, problem: str, apple: str = "errSecCSReqInvalid") -> FormatError:
        return _broken(self._base + self._at, problem, apple)

    def _take(self, size: int) -> bytes:
        if size > len(self._blob) - self._at:
            raise self.broken(f"{size} bytes are missing at the end of the requirement")
        start, self._at = self._at, self._at + size
        return self._blob[start : self._at]

    def skip(self, size: int) -> None:
        self._take(size)

    def word(self) -> int:
        return int.from_bytes(self._take(WORD))

    def signed(self) -> int:
        return int.from_bytes(self._take(WORD), signed=True)

    def data(self) -> bytes:
        """Read a counted string and pass over what fills up its last word."""
        found = self._take(self.word())
        self._at += -len(found) % WORD
        return found

    def digest(self) -> bytes:
        """Read the SHA-1 digest of a certificate."""
        found = self.data()
        if len(found) != 20:
            raise self.broken(f"a certificate's hash has {len(found)} bytes")
        return found

    def match(self) -> Match:
        number = self.word()
        matching = Matching(number) if number <= Matching.ABSENT else Matching.UNKNOWN
        if matching in (Matching.EXISTS, Matching.ABSENT):
            return Match(matching)
        if matching.is_of_time:
            return Match(matching, time=int.from_bytes(self._take(8), signed=True))
        return Match(matching, self.data(), number=number)


def _bare(reader: _Reader, op: Op) -> Term:
    return Term(op)


def _keyed(reader: _Reader, op: Op) -> Term:
    return Term(op, key=reader.data())


def _numbered(reader: _Reader, op: Op) -> Term:
    return Term(op, reader.signed())


def _hashed(reader: _Reader, op: Op) -> Term:
    return Term(op, reader.signed(), reader.digest())


def _matched(reader: _Reader, op: Op) -> Term:
    return Term(op, key=reader.data(), match=reader.match())


def _equal(reader: _Reader, op: Op) -> Term:
    return Term(op, key=reader.data(), match=Match(Matching.EQUAL, reader.data()))


def _certificate(reader: _Reader, op: Op) -> Term:
    return Term(op, reader.signed(), reader.data(), reader.match())


_FIELDS: Final[dict[Op, Callable[[_Reader, Op], Term]]] = {
    Op.FALSE: _bare,
    Op.TRUE: _bare,
    Op.IDENTIFIER: _keyed,
    Op.APPLE_ANCHOR: _bare,
    Op.ANCHOR_HASH: _hashed,
    Op.INFO_VALUE: _equal,
    Op.AND: _bare,
    Op.OR: _bare,
    Op.CDHASH: _keyed,
    Op.NOT: _bare,
    Op.INFO_FIELD: _matched,
    Op.CERTIFICATE_FIELD: _certificate,
    Op.TRUSTED_CERTIFICATE: _numbered,
    Op.TRUSTED_CHAIN: _bare,
    Op.CERTIFICATE_EXTENSION: _certificate,
    Op.APPLE_GENERIC_ANCHOR: _bare,
    Op.ENTITLEMENT: _matched,
    Op.CERTIFICATE_POLICY: _certificate,
    Op.NAMED_ANCHOR: _keyed,
    Op.NAMED_CODE: _keyed,
    Op.PLATFORM: _numbered,
    Op.NOTARIZED: _bare,
    Op.CERTIFICATE_DATE: _certificate,
    Op.LEGACY: _bare,
}
"""How each operator's fields are read."""
