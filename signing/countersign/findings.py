"""Findings and verdicts: what a check says, for signatures and layouts alike.

A finding is one broken rule at one place. A verdict is derived from findings and never stored:
an image, a file or a whole set is accepted when no finding of severity ``error`` stands in it,
and a set in which nothing was checked is not accepted.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

__all__ = ["Enforcer", "FileVerdict", "Finding", "Severity", "SliceVerdict", "Verdict"]


class Severity(enum.StrEnum):
    """How much a finding weighs; only an error rejects."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Enforcer(enum.StrEnum):
    """Who refuses the file when the rule is broken."""

    KERNEL = "kernel"
    DYLD = "dyld"
    CODESIGN = "codesign"
    CODESIGN_STRICT = "codesign-strict"
    POLICY = "policy"


class Finding(NamedTuple):
    """One broken rule at one place."""

    rule: str
    """The rule's id, such as ``R27``."""
    name: str
    """The rule's short name, such as ``page-hash``."""
    severity: Severity
    enforced_by: tuple[Enforcer, ...]
    message: str
    fix: str
    apple: str | None = None
    """Apple's name of the error, such as ``errSecCSSignatureFailed``."""
    code: int | None = None
    """Apple's number of the error, such as -67061."""
    offset: int | None = None
    """The place, in bytes from the start of the file."""


def _no_error(findings: tuple[Finding, ...]) -> bool:
    return not any(finding.severity is Severity.ERROR for finding in findings)


class SliceVerdict(NamedTuple):
    """What was found in one architecture of a Mach-O."""

    arch: str
    signed: bool
    kind: str | None = None
    """``ad-hoc``, ``linker``, ``cms``, or None when there is no signature."""
    identifier: str | None = None
    cdhash: str | None = None
    """40 hexadecimal digits: the first 20 bytes of the hash of the best code directory."""
    flags: tuple[str, ...] = ()
    page_size: int | None = None
    """Bytes that one page hash covers."""
    team: str | None = None
    """The team that the signature claims; only a certificate can prove it."""
    findings: tuple[Finding, ...] = ()

    @property
    def accepted(self) -> bool:
        """True when no finding of severity ``error`` stands."""
        return _no_error(self.findings)


class FileVerdict(NamedTuple):
    """What was found in one file, or in one member of an archive."""

    path: str
    member: str | None = None
    """The path inside the archive ``path``; None for a plain file."""
    findings: tuple[Finding, ...] = ()
    """Findings about the file as a whole; those about one slice stand at the slice."""
    slices: tuple[SliceVerdict, ...] = ()

    @property
    def accepted(self) -> bool:
        """True when no finding of severity ``error`` stands at the file or at a slice."""
        return _no_error(self.findings) and all(image.accepted for image in self.slices)


class Verdict(NamedTuple):
    """What was found in everything that was checked."""

    files: tuple[FileVerdict, ...] = ()

    @property
    def accepted(self) -> bool:
        """True when something was checked and every file is accepted."""
        return bool(self.files) and all(file.accepted for file in self.files)
