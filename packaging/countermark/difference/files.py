"""Comparing two files: their bytes, and where both are Mach-O what the bytes mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from countermark.errors import WorkError, missing
from countersign.comparison.images import ImageComparison, compare_images
from countersign.comparison.ranges import Compared, compare
from countersign.discovery import identify_file
from countersign.errors import ReadError, SigningError
from countersign.image import ImageFormat
from countersign.source import open_source

__all__ = ["Comparison", "compare_paths"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two files differ."""

    bytes: Compared
    images: ImageComparison | None = None
    """None when the bytes are equal, when one of the two is no Mach-O, or makes no sense."""
    problem: str | None = None
    """Why two Mach-O files that differ could not be compared by what they mean."""


def compare_paths(old: Path, new: Path, *, modulo_signature: bool) -> Comparison:
    """Compare two files byte by byte, or without their signatures.

    Raises :class:`CountermarkError` for a path at which there is nothing, and what
    :func:`countersign.compare` raises.
    """
    for path in (old, new):
        if not path.exists():
            raise missing(path)
        _expect_readable(path)
    compared = compare(old, new, modulo_signature=modulo_signature)
    if compared.equal or not (_is_macho(old) and _is_macho(new)):
        return Comparison(bytes=compared)
    try:
        return Comparison(bytes=compared, images=compare_images(old, new))
    except SigningError as error:
        return Comparison(bytes=compared, problem=str(error))


def _expect_readable(path: Path) -> None:
    """Say which of the two files cannot be read."""
    try:
        with open_source(path):
            pass
    except ReadError as error:
        raise WorkError(f"{path}: {error}", hint=error.hint) from error


def _is_macho(path: Path) -> bool:
    try:
        image = identify_file(path)
    except OSError as error:
        raise ReadError(error.strerror or str(error)) from error
    return image is not None and image.format is ImageFormat.MACH_O
