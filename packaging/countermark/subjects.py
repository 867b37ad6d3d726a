"""What is signed to measure signing: a file of the user's, or an image made for the purpose."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from countermark.errors import ConfigurationError, WorkError, missing
from countersign.discovery import identify_file
from countersign.image import ImageFormat
from countersign.specimen import SPECIMEN_SIZES, specimen

__all__ = ["Subject", "file_subject", "made_subject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One Mach-O to measure with."""

    name: str
    size: int
    """Bytes of the whole file."""
    path: Path | None
    """Where it is; None when it has to be made."""

    def write(self, target: Path) -> None:
        """Put the image where it is to be measured. Raises :class:`OSError`."""
        if self.path is not None:
            shutil.copyfile(self.path, target)
            return
        with target.open("wb") as stream:
            for piece in specimen(self.size):
                stream.write(piece)


def made_subject(size: int) -> Subject:
    """Return a thin arm64 image of ``size`` bytes that does not exist yet.

    Raises :class:`ConfigurationError` when there can be none of that size.
    """
    if size not in SPECIMEN_SIZES:
        raise ConfigurationError(
            f"no image of {size:,} bytes can be made",
            hint=f"Give a size from {SPECIMEN_SIZES[0]:,} to {SPECIMEN_SIZES[-1]:,} bytes.",
        )
    return Subject(name=f"made-{size}", size=size, path=None)


def file_subject(path: Path) -> Subject:
    """Return a file of the user's.

    Raises :class:`ConfigurationError` when it is not there, :class:`WorkError` when it is no
    Mach-O or cannot be read.
    """
    if not path.exists():
        raise missing(path)
    if not path.is_file():
        raise ConfigurationError(f"{path} is not a file", hint="Name Mach-O files, one by one.")
    try:
        image = identify_file(path)
        size = path.stat().st_size
    except OSError as error:
        raise WorkError(f"{path} cannot be read: {error.strerror}") from error
    if image is None or image.format is not ImageFormat.MACH_O:
        raise WorkError(
            f"{path} is not a Mach-O", hint="Name a Mach-O file, or none to have an image made."
        )
    return Subject(name=str(path), size=size, path=path)
