"""Reading lists of digests as ``sha256sum`` writes them, strictly.

Format: the GNU coreutils manual, "cksum output modes": ``digest␠␠name`` or ``digest␠*name``, a
backslash before the line when the name is escaped, or ``SHA256 (name) = digest`` with ``--tag``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Final, NamedTuple

from countermark.rulebook.sums import (
    BINARY_MARKER,
    BSD_LINE,
    CARRIAGE_RETURN,
    CONTROL_CHARACTER,
    CUT_OFF,
    DIGEST_KIND,
    ESCAPED_NAME,
    LISTED_TWICE,
    NOT_A_LINE,
    NOTHING_LISTED,
    UNSAFE_NAME,
)
from counterproof.rules import breach
from countersign.escaping import LONGEST, printable
from countersign.findings import Finding, Severity
from countersign.rule import Rule

__all__ = ["LARGEST_LIST", "Entry", "Sums", "parse_sums"]

LARGEST_LIST: Final = 1 << 22
"""Octets of a list that is read; one of a Bitcoin Core release has 4,000."""

MOST_OF_A_RULE: Final = 20
"""Findings by one rule about one list: garbage has a million lines."""

_KINDS: Final = {64: "sha256", 96: "sha384", 128: "sha512"}
_WEAK: Final = {32: "MD5", 40: "SHA-1", 56: "SHA-224"}

_PLAIN: Final = re.compile(r"(\\?)([0-9A-Fa-f]{16,256}) ([ *])(.+)", re.DOTALL)
_TAGGED: Final = re.compile(r"(\\?)[A-Z0-9/-]{3,16} \((.+)\) = ([0-9A-Fa-f]{16,256})", re.DOTALL)
_ESCAPES: Final = {"\\n": "\n", "\\r": "\r", "\\\\": "\\"}
_DRIVE: Final = re.compile(r"[A-Za-z]:")


class Entry(NamedTuple):
    """One line of a list."""

    name: str
    """A relative path with forward slashes."""
    digest: str
    """Hexadecimal, in small letters."""
    line: int
    """From 1."""

    @property
    def algorithm(self) -> str:
        """The name by which :mod:`hashlib` knows the digest."""
        return _KINDS[len(self.digest)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """A list of digests, and what is wrong with how it is written."""

    entries: tuple[Entry, ...]
    """In the order of the list; only those that are safe to follow, each name once."""
    findings: tuple[Finding, ...] = ()

    @property
    def digests(self) -> dict[str, str]:
        """The digests by name."""
        return {entry.name: entry.digest for entry in self.entries}

    @property
    def sound(self) -> bool:
        """True when every line was understood and can be followed."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)


class _Line(NamedTuple):
    """A line that has been taken apart."""

    name: str
    digest: str
    remarks: tuple[Rule, ...]
    """Rules about how it is written, which do not keep it from being understood."""


def parse_sums(content: bytes) -> Sums:
    """Read a list; whatever ``content`` is, what is wrong with it are findings."""
    if len(content) > LARGEST_LIST:
        return _no_list(f"{len(content):,} bytes are no list; at most {LARGEST_LIST:,} are read")
    if content.startswith(b"-----BEGIN PGP"):
        return _no_list("it is an OpenPGP block; the list and its signatures are separate files")
    reader = _Reader()
    lines = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        reader.read(number, line)
    if lines[-1]:
        reader.say(CUT_OFF, len(lines), "the last line has no end")
    return reader.sums()


def _no_list(message: str) -> Sums:
    return Sums(entries=(), findings=(breach(NOT_A_LINE, message),))


class _Reader:
    """What has been read of a list so far."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._folded: dict[str, str] = {}
        self._findings: list[Finding] = []
        self._counts: Counter[str] = Counter()
        self._remarked: dict[str, tuple[Rule, list[int]]] = {}

    def say(
        self, rule: Rule, number: int, message: str, *, severity: Severity | None = None
    ) -> None:
        """Add a finding about a line; of many by one rule, that there are more."""
        self._counts[rule.id] += 1
        if self._counts[rule.id] <= MOST_OF_A_RULE:
            found = breach(rule, f"line {number:,}: {message}", severity=severity)
            self._findings.append(found)
        elif self._counts[rule.id] == MOST_OF_A_RULE + 1:
            message = f"line {number:,} and perhaps others: as in the lines before"
            self._findings.append(breach(rule, message))

    def read(self, number: int, raw: bytes) -> None:
        """Read one line, which is without its line feed."""
        if raw.endswith(b"\r"):
            self._remark(CARRIAGE_RETURN, number)
            raw = raw.removesuffix(b"\r")
        if not raw:
            return
        line = _take_apart(raw.decode("utf-8", "surrogateescape"))
        if line is None:
            self.say(NOT_A_LINE, number, f"'{_shown(raw)}' is no digest and name")
            return
        for rule in line.remarks:
            self._remark(rule, number)
        problem = _problem(line)
        if problem is not None:
            self.say(problem[0], number, problem[1])
            return
        self._add(Entry(name=line.name, digest=line.digest.lower(), line=number))

    def sums(self) -> Sums:
        """Return all that was read."""
        remarks = (_summed(rule, numbers) for rule, numbers in self._remarked.values())
        findings = [*self._findings, *remarks]
        if not self._entries:
            findings.append(breach(NOTHING_LISTED, "no file is listed that could be checked"))
        return Sums(entries=tuple(self._entries.values()), findings=tuple(findings))

    def _remark(self, rule: Rule, number: int) -> None:
        self._remarked.setdefault(rule.id, (rule, []))[1].append(number)

    def _add(self, entry: Entry) -> None:
        same = self._folded.setdefault(_folded(entry.name), entry.name)
        first = self._entries.setdefault(same, entry)
        if first is entry:
            return
        same_digest = first.digest == entry.digest and first.name == entry.name
        other = "the same" if first.digest == entry.digest else "another"
        where = f"{printable(first.name)} stands in line {first.line:,}"
        message = f"{printable(entry.name)}, with {other} digest: {where}"
        severity = Severity.WARNING if same_digest else None
        self.say(LISTED_TWICE, entry.line, message, severity=severity)


def _folded(name: str) -> str:
    """Return what is the same for two names that are one file on a Mac or on Windows."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _take_apart(text: str) -> _Line | None:
    if plain := _PLAIN.fullmatch(text):
        escaped, digest, mode, name = plain.groups()
        remarks: tuple[Rule, ...] = (BINARY_MARKER,) if mode == "*" else ()
    elif tagged := _TAGGED.fullmatch(text):
        escaped, name, digest = tagged.groups()
        remarks = (BSD_LINE,)
    else:
        return None
    if escaped:
        name = re.sub(r"\\[nr\\]", lambda found: _ESCAPES[found[0]], name)
        remarks = (*remarks, ESCAPED_NAME)
    return _Line(name=name, digest=digest, remarks=remarks)


def _problem(line: _Line) -> tuple[Rule, str] | None:
    """Return why a line must not be followed, if so."""
    if len(line.digest) not in _KINDS:
        kind = _WEAK.get(len(line.digest), "of no kind that is known")
        return DIGEST_KIND, f"a digest of {len(line.digest)} digits is {kind}"
    if not line.name.isprintable():
        return CONTROL_CHARACTER, f"the name '{_shown(line.name)}' cannot be printed"
    parts = line.name.split("/")
    if not {"", ".", ".."}.isdisjoint(parts) or "\\" in line.name or _DRIVE.match(line.name):
        return UNSAFE_NAME, f"the name '{_shown(line.name)}' is no plain relative path"
    return None


def _shown(text: bytes | str) -> str:
    decoded = text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text
    return printable(decoded[:LONGEST])


def _summed(rule: Rule, numbers: list[int]) -> Finding:
    """Say once for all lines what each of them would say."""
    what = f"line {numbers[0]:,}" if len(numbers) == 1 else f"{len(numbers):,} lines"
    return breach(rule, f"{what}: {_REMARKS[rule.id]}")


_REMARKS: Final = {
    CARRIAGE_RETURN.id: "a carriage return before the line feed",
    BINARY_MARKER.id: "an asterisk before the name",
    BSD_LINE.id: "written as BSD does",
    ESCAPED_NAME.id: "the name is escaped",
}
