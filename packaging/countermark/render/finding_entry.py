"""A finding as a part of a JSON document."""

from __future__ import annotations

from typing import Literal

import msgspec

from countersign.escaping import printable
from countersign.findings import Finding

__all__ = ["FindingEntry", "finding_entry"]


class FindingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One broken rule at one place."""

    rule: str
    name: str
    severity: Literal["error", "warning", "note"]
    enforced_by: tuple[str, ...]
    apple: str | None
    code: int | None
    offset: int | None
    message: str
    fix: str


def finding_entry(finding: Finding) -> FindingEntry:
    """Return what a finding says."""
    entry: FindingEntry = msgspec.convert(msgspec.to_builtins(finding._asdict()), FindingEntry)
    return msgspec.structs.replace(entry, message=printable(finding.message))
