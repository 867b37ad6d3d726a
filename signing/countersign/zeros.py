"""Padding: the bytes that carry nothing and must show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from countersign.window import Window

__all__ = ["first_nonzero"]

_BLOCK = 1 << 16


def first_nonzero(data: memoryview | Window) -> int | None:
    """Find the first byte that is not zero."""
    for start in range(0, len(data), _BLOCK):
        block = bytes(data[start : start + _BLOCK])
        rest = block.lstrip(b"\0")
        if rest:
            return start + len(block) - len(rest)
    return None
