"""What a rule is; the rules themselves stand in :mod:`countersign.rulebook`."""

from __future__ import annotations

from typing import NamedTuple

from countersign.apple import error_code
from countersign.findings import Enforcer, Severity

__all__ = ["Rule"]


class Rule(NamedTuple):
    """What must hold, who insists, and what to do when it does not. Texts are plain sentences."""

    id: str
    name: str
    severity: Severity
    """An error only where macOS itself refuses the file."""
    enforced_by: tuple[Enforcer, ...]
    """Who refuses; a finding may have fewer or others, where a case asks for it."""
    demands: str
    why: str
    """What goes wrong when it is broken."""
    cause: str
    """What usually breaks it."""
    fix: str
    source: str
    """Where it is enforced: files and functions of xnu, dyld, and Security."""
    since: tuple[tuple[Enforcer, int], ...] = ()
    """The macOS release from which on an enforcer refuses; the others always did."""
    apple: str | None = None
    """The name of the error: Security's ``errSecCS...``, or the kernel's."""

    @property
    def code(self) -> int | None:
        """Security's number of the error."""
        return error_code(self.apple)
