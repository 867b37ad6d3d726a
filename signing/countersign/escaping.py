"""Names out of a file are not ours: they may hold anything, terminal commands included."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Show what cannot be printed, and bytes that were no text, as Python's escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
