"""A temporary directory in which programs may do what they like."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from counterproof.errors import TreeError

__all__ = ["Scratch", "scratch"]

_LONGEST: Final = 60
"""Bytes of the directory's own path: a socket below it may have 104 on macOS and 108 on Linux."""
_SHORT: Final = "/tmp"
_PREFIX: Final = "smoke-"


@dataclass(frozen=True, slots=True)
class Scratch:
    """The directory, and an environment that leads nowhere else."""

    top: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """The whole environment: a home, no display, nothing of the user's."""
        return {
            "HOME": str(self.directory("home")),
            "TMPDIR": str(self.directory("tmp")),
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }

    def directory(self, name: str) -> Path:
        """Give a directory of that name, and make it where it is not there."""
        path = self.top / name
        path.mkdir(exist_ok=True)
        return path

    def fresh(self) -> Path:
        """Make a directory that nobody has used; its path is short enough for a socket in it."""
        return Path(tempfile.mkdtemp(prefix="d", dir=self.top))


@contextmanager
def scratch() -> Iterator[Scratch]:
    """Make a scratch directory where ``TMPDIR`` says; it is removed when the context ends.

    Raises :class:`TreeError` when there is no place for it that programs can be started from.
    """
    with _temporary_directory() as name:
        if os.statvfs(name).f_flag & getattr(os, "ST_NOEXEC", 0):
            raise TreeError(name, "no program may be started there; set TMPDIR elsewhere")
        yield Scratch(Path(name).resolve())


def _temporary_directory() -> tempfile.TemporaryDirectory[str]:
    place = tempfile.gettempdir()
    if len(os.fsencode(place)) > _LONGEST - len(_PREFIX) - 8:  # mkdtemp adds eight letters
        place = _SHORT
    try:
        # What a program left running may still write while it is removed.
        return tempfile.TemporaryDirectory(prefix=_PREFIX, dir=place, ignore_cleanup_errors=True)
    except OSError as error:
        raise TreeError(place, error.strerror or str(error)) from error
