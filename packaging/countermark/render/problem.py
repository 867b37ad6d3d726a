"""An error as a part of a JSON document."""

from __future__ import annotations

import msgspec

from countersign.escaping import printable

__all__ = ["ProblemEntry", "problem_entry"]


class ProblemEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be done; nothing is accepted then."""

    message: str
    fix: str


def problem_entry(problem: Exception) -> ProblemEntry:
    """Return what an error says, with its hint."""
    return ProblemEntry(message=printable(str(problem)), fix=getattr(problem, "hint", ""))
