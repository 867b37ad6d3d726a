"""The source text of code requirements, as ``csreq -t`` and ``codesign -d -r-`` print it.

Form: ``reqdumper.cpp`` in Security's libsecurity_codesigning, its oddities included: what is not
good for a bare word is quoted, what cannot be printed is hexadecimal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from countersign.errors import FormatError
from countersign.requirements.requirement import Entry, Requirement, RequirementSet, RequirementType
from countersign.requirements.terms import Match, Matching, Op, Term

__all__ = ["dotted", "quoted", "requirement_text", "set_text", "term_text"]

KEYWORDS: Final = frozenset([
    "absent", "always", "anchor", "and", "apple", "cdhash", "cert", "certificate", "designated",
    "entitlement", "exists", "false", "generic", "guest", "host", "identifier", "info", "leaf",
    "legacy", "library", "never", "notarized", "or", "platform", "plugin", "root", "timestamp",
    "true", "trusted",
])  # fmt: skip
"""RequirementKeywords.h: what is quoted although it is a word."""

EPOCH: Final = datetime(2001, 1, 1, tzinfo=UTC)
"""What Core Foundation counts seconds from."""

Part: TypeAlias = "str | int"
"""Text, or the level at which the next term stands."""

PRIMARY, AND, OR, TOP = range(4)
"""How loosely a term's surroundings bind: what binds less than they do stands in parentheses."""


def set_text(requirements: RequirementSet) -> str:
    """Give a line for each requirement of a set; what cannot be read is said in a comment."""
    return "".join(f"{_kind(entry)} => {_entry_text(entry)}\n" for entry in requirements.entries)


def _kind(entry: Entry) -> str:
    try:
        return RequirementType(entry.number).name.lower()
    except ValueError:
        return f"/*unknown type*/ {entry.number}"


def _entry_text(entry: Entry) -> str:
    try:
        return entry.parse().text
    except FormatError as error:
        return f"/* unreadable: {error.problem} */"


def requirement_text(requirement: Requirement) -> str:
    """Give the text of one requirement, without recursion: it may be very deep."""
    if requirement.lightweight is not None:
        return f"/* a lightweight code requirement of {len(requirement.lightweight)} bytes */"
    pieces: list[str] = []
    terms = iter(requirement.terms)
    pending: list[Part] = [TOP]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            pieces.append(part)
        else:
            pending += reversed(_parts(next(terms), part))
    return "".join(pieces).removeprefix(" ")


def _parts(term: Term, level: int) -> tuple[Part, ...]:
    if term.op is Op.AND or term.op is Op.OR:
        own, word = (AND, " and ") if term.op is Op.AND else (OR, " or ")
        joined = (own, word, own)
        return ("(", *joined, ")") if level < own else joined
    if term.op is Op.NOT:
        return ("! ", PRIMARY)
    if term.op is Op.UNKNOWN_SKIPPED:
        return (f" /* opcode {term.number} */", level)
    return (term_text(term),)


def term_text(term: Term) -> str:
    """Give the text of one term that has no others as operands."""
    return _TEXTS[term.op](term)


def _field(term: Term, name: str) -> str:
    return f"{name}[{quoted(term.key, dots=True)}]{_matched(term.match)}"


def _certificate(term: Term) -> str:
    return "certificate " + {0: "leaf", -1: "root"}.get(term.number, str(term.number))


def _certificate_field(term: Term) -> str:
    return f"{_certificate(term)}[{quoted(term.key, dots=True)}]{_matched(term.match)}"


def _certificate_object(term: Term, kind: str) -> str:
    return f"{_certificate(term)}[{kind}.{dotted(term.key)}]{_matched(term.match)}"


_TEXTS: Final[dict[Op, Callable[[Term], str]]] = {
    Op.FALSE: lambda term: "never",
    Op.TRUE: lambda term: "always",
    Op.IDENTIFIER: lambda term: f"identifier {quoted(term.key)}",
    Op.APPLE_ANCHOR: lambda term: "anchor apple",
    Op.APPLE_GENERIC_ANCHOR: lambda term: "anchor apple generic",
    Op.ANCHOR_HASH: lambda term: f'{_certificate(term)} = H"{term.key.hex()}"',
    Op.INFO_VALUE: lambda term: _field(term, "info"),
    Op.INFO_FIELD: lambda term: _field(term, "info"),
    Op.ENTITLEMENT: lambda term: _field(term, "entitlement"),
    Op.CDHASH: lambda term: f'cdhash H"{term.key.hex()}"',
    Op.CERTIFICATE_FIELD: _certificate_field,
    Op.CERTIFICATE_EXTENSION: lambda term: _certificate_object(term, "field"),
    Op.CERTIFICATE_POLICY: lambda term: _certificate_object(term, "policy"),
    Op.CERTIFICATE_DATE: lambda term: _certificate_object(term, "timestamp"),
    Op.TRUSTED_CERTIFICATE: lambda term: f"{_certificate(term)}trusted",
    Op.TRUSTED_CHAIN: lambda term: "anchor trusted",
    Op.NAMED_ANCHOR: lambda term: f"anchor apple {quoted(term.key)}",
    Op.NAMED_CODE: lambda term: f"({quoted(term.key)})",
    Op.PLATFORM: lambda term: f"platform = {term.number}",
    Op.NOTARIZED: lambda term: "notarized",
    Op.LEGACY: lambda term: "legacy",
    Op.UNKNOWN_FALSE: lambda term: f" false /* opcode {term.number} */",
}

_COMPARISONS: Final = {
    Matching.EXISTS: " /* exists */",
    Matching.ABSENT: " absent ",
    Matching.EQUAL: " = {}",
    Matching.CONTAINS: " ~ {}",
    Matching.BEGINS: " = {}*",
    Matching.ENDS: " = *{}",
    Matching.LESS: " < {}",
    Matching.GREATER: " > {}",
    Matching.LESS_OR_EQUAL: " <= {}",
    Matching.GREATER_OR_EQUAL: " >= {}",
    Matching.ON: " = {}",
    Matching.BEFORE: " < {}",
    Matching.AFTER: " > {}",
    Matching.ON_OR_BEFORE: " <= {}",
    Matching.ON_OR_AFTER: " >= {}",
}


def _matched(match: Match | None) -> str:
    if match is None:
        return ""
    if match.matching is Matching.UNKNOWN:
        return f"MATCH OPCODE {match.number} NOT UNDERSTOOD"
    value = _time(match.time) if match.matching.is_of_time else quoted(match.value)
    return _COMPARISONS[match.matching].format(value)


def _time(seconds: int) -> str:
    try:
        return f"<{EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S +0000}>"
    except OverflowError:  # no calendar goes so far
        return f"<{seconds} seconds after 2001-01-01>"


def quoted(data: bytes, *, dots: bool = False) -> str:
    """Give a string as a bare word, in quotes, or in hexadecimal, as it needs.

    With ``dots``, a bare word may have dots in it.
    """
    text = data.decode("latin-1")
    if not all(each.isascii() and (each.isprintable() or each in "\t\n\v\f\r") for each in text):
        return f"0x{data.hex()}"
    bare = text.replace(".", "") if dots else text
    word = (bare.isalnum() or not bare) and text != "" and not text[0].isdigit()
    if word and text not in KEYWORDS:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def dotted(encoded: bytes) -> str:
    """Give an object identifier, as the bytes of its DER value, with dots between its numbers.

    Numbers are cut to 64 bits, and the last one may lack its end, as with ``CssmData::toOid``.
    """
    numbers = []
    number = 0
    for position, byte in enumerate(encoded, start=1):
        number = (number << 7 | byte & 0x7F) & 0xFFFFFFFFFFFFFFFF
        if not byte & 0x80 or position == len(encoded):
            numbers.append(number)
            number = 0
    if not numbers:
        return ""
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - first * 40, *numbers[1:])))
