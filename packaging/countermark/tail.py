"""A file that another program writes to, read as it grows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["Tail"]

_AT_ONCE: Final = 4 * 1024 * 1024
"""Bytes that are read at most in one look; of what a program prints faster, the latest."""


class Tail:
    """Gives the lines that were added since the last look; nothing of a file that is not there."""

    def __init__(self, path: Path, *, whole: bool = False) -> None:
        """Begin at the present end of the file, or at its start with ``whole``."""
        self.path = path
        self._offset = 0 if whole else _size(path)

    def lines(self) -> list[str]:
        """Return the whole lines that came since; a file that was emptied begins anew."""
        size = _size(self.path)
        if size < self._offset:
            self._offset = 0
        if size == self._offset:
            return []
        skipped = size - self._offset > _AT_ONCE
        try:
            with self.path.open("rb") as stream:
                stream.seek(size - _AT_ONCE if skipped else self._offset)
                start, read = stream.tell(), stream.read(_AT_ONCE)
        except OSError:
            return []
        end = read.rfind(b"\n") + 1
        self._offset = start + (end or len(read) * (len(read) == _AT_ONCE))
        lines = read[:end].decode(errors="replace").splitlines()
        return lines[1:] if skipped else lines


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116  # called many times; a Path's own is slower
    except OSError:
        return 0
