"""Rounding to the units that files and memory are divided into."""

from __future__ import annotations

__all__ = ["round_up"]


def round_up(value: int, unit: int) -> int:
    """Give the smallest multiple of ``unit`` that is not less than ``value``."""
    return -(-value // unit) * unit
