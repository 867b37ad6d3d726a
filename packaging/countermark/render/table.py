"""Columns of text."""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["table"]


def table(
    heading: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = ("size",)
) -> str:
    """Return lines with columns as wide as their widest cell; those in ``right`` end together."""
    widths = [max(len(cell) for cell in column) for column in zip(heading, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(heading, row, widths, strict=True)
        ).rstrip()
        for row in (heading, *rows)
    )
