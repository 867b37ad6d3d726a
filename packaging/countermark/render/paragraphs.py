"""Labelled paragraphs: a word on the left, and as many lines as the text takes on the right."""

from __future__ import annotations

import textwrap
from typing import Final

__all__ = ["WIDTH", "paragraph"]

WIDTH: Final = 100
_LABEL: Final = 11


def paragraph(label: str, text: str, *, indent: int = 2) -> list[str]:
    """Return ``text`` beside ``label``, broken into lines of at most :data:`WIDTH` characters."""
    first = f"{'':{indent}}{label:{_LABEL}} "
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [first.rstrip()]
