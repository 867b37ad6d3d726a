"""Versions as Mach-O packs them: ``major << 16 | minor << 8 | patch``."""

from __future__ import annotations

__all__ = ["version_text"]


def version_text(version: int, *, short: bool = False) -> str:
    """Write a packed version with dots; a ``short`` one without a patch of 0."""
    major, minor, patch = version >> 16, version >> 8 & 0xFF, version & 0xFF
    return f"{major}.{minor}" if short and not patch else f"{major}.{minor}.{patch}"
