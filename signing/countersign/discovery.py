"""Tell images by their content: one file, or all Mach-O files below a directory."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from countersign.errors import ReadError
from countersign.image import Image, ImageFormat, identify

__all__ = ["find_images", "identify_file"]

_ENOUGH = 4096
"""Bytes that :func:`identify` wants to see."""


def identify_file(path: Path) -> Image | None:
    """Tell which image a file is; None when it is none. Raises :class:`OSError`."""
    with path.open("rb") as file:
        return identify(file.read(_ENOUGH))


def find_images(root: Path) -> Iterator[Path]:
    """Give the Mach-O files at or below ``root``, sorted by path.

    Only regular files count; symbolic links are not followed, and of several hard links to one
    file the first is given. What cannot be read raises :class:`ReadError`: a file that was
    skipped in silence would pass for one that was checked.
    """
    seen: set[tuple[int, int]] = set()
    try:
        for path in sorted(_files(root)):
            status = path.lstat()
            key = (status.st_dev, status.st_ino)
            if stat.S_ISREG(status.st_mode) and key not in seen:
                seen.add(key)
                image = identify_file(path)
                if image is not None and image.format is ImageFormat.MACH_O:
                    yield path
    except OSError as error:
        raise ReadError(f"{error.filename}: {error.strerror}") from error


def _files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for folder, _, names in os.walk(root, onerror=_raise):
        yield from (Path(folder, name) for name in names)


def _raise(error: OSError) -> None:
    raise error
