"""Versions as Mach-O packs them: ``major << 16 | minor << 8 | patch``."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["pack_version", "version_text"]

_VERSION: Final = re.compile(r"([0-9]{1,5})(?:\.([0-9]{1,3}))?(?:\.([0-9]{1,3}))?")


def pack_version(text: str) -> int | None:
    """Pack a version such as ``14``, ``14.0`` or ``13.6.1``; None for what is none, or too big."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    major, minor, patch = (int(number or 0) for number in match.groups())
    return (
        major << 16 | minor << 8 | patch if major <= 0xFFFF and max(minor, patch) <= 0xFF else None
    )


def version_text(version: int, *, short: bool = False) -> str:
    """Write a packed version with dots; a ``short`` one without a patch of 0."""
    major, minor, patch = version >> 16, version >> 8 & 0xFF, version & 0xFF
    return f"{major}.{minor}" if short and not patch else f"{major}.{minor}.{patch}"
