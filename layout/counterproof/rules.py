"""The rules for trees and archives of releases: one table, read by the checks and by people."""

from __future__ import annotations

from typing import Final

from counterproof.rulebook import archives, contents, hardening, interface, layout, smoke, wrapper
from countersign.findings import Finding, Severity
from countersign.rule import Rule

__all__ = ["RULES", "breach"]

_BOOKS: Final = (layout, contents, archives, wrapper, hardening, smoke, interface)

RULES: Final[dict[str, Rule]] = {rule.id: rule for book in _BOOKS for rule in book.RULES}
"""Every rule by its id."""


def breach(
    rule: Rule,
    message: str,
    *,
    fix: str | None = None,
    severity: Severity | None = None,
    offset: int | None = None,
) -> Finding:
    """Make the finding that a tree breaks ``rule``; ``message`` says what was found and expected.

    ``fix`` and ``severity`` replace the rule's own where a case asks for it; ``offset`` is the
    place, in bytes from the start of the file.
    """
    return Finding(
        rule=rule.id,
        name=rule.name,
        severity=severity or rule.severity,
        enforced_by=rule.enforced_by,
        apple=rule.apple,
        code=rule.code,
        offset=offset,
        message=message,
        fix=fix or rule.fix,
    )
