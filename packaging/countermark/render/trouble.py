"""Errors as text, for standard error."""

from __future__ import annotations

from countermark.errors import CommandError
from countersign.escaping import printable

__all__ = ["describe_error"]


def describe_error(error: Exception) -> str:
    """Say what happened and what to do next."""
    first, *more = str(error).splitlines() or [""]
    lines = [f"countermark: error: {printable(first)}", *(f"  {printable(line)}" for line in more)]
    if isinstance(error, CommandError):
        lines += (f"  | {printable(line.expandtabs())}" for line in error.tail)
    hint = getattr(error, "hint", "")
    return "\n".join([*lines, f"  hint: {hint}"] if hint else lines)
