"""The last look at a signed file before it takes the place of anything."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from countersign.errors import RejectedError
from countersign.source import Source

__all__ = ["Check", "require_accepted"]


class Check(enum.StrEnum):
    """How much of the result is read again; its structure is always judged by every rule."""

    PATCHED = "patched"
    """The pages that are not what they were; the others were hashed while they were copied."""
    FULL = "full"
    """All pages."""


def require_accepted(source: Source, check: Check, patched: Sequence[range]) -> None:
    """Raise :class:`RejectedError` with what speaks against a file that was just signed.

    ``patched`` are the changed bytes, from the start of the file. Raises what the source raises.
    """
    from countersign.findings import Severity
    from countersign.verifier import verify_source

    verdict = verify_source(source, path="", pages=None if check is Check.FULL else patched)
    everything = [*verdict.findings, *(each for one in verdict.slices for each in one.findings)]
    errors = [finding for finding in everything if finding.severity is Severity.ERROR]
    if errors:
        raise RejectedError(errors)
