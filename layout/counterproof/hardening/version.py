"""Version numbers such as ``2.31``."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["parse_version"]

_VERSION: Final = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,9}")


def parse_version(text: str) -> tuple[int, ...] | None:
    """Read the numbers of a version; None when there is more in the text than these."""
    if not text.isascii() or not _VERSION.fullmatch(text):
        return None
    return tuple(map(int, text.split(".")))
