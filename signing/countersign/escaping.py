"""Names out of a file are not ours: they may hold anything, terminal commands included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

__all__ = ["listed", "printable"]

SHOWN: Final = 3
LONGEST: Final = 200
"""Characters of one name that are shown."""


def printable(text: str) -> str:
    """Show what cannot be printed, and bytes that were no text, as Python's escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def listed(names: Sequence[str]) -> str:
    """Show the first few of several names, and say how many more there are."""
    shown = ", ".join(printable(each)[:LONGEST] for each in names[:SHOWN])
    more = len(names) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
