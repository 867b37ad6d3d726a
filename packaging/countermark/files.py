"""Files that are there whole or not at all, and reading those of strangers."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import tempfile
from pathlib import Path

__all__ = ["publish", "read_ordinary", "sha256_of", "write_whole"]


def write_whole(path: Path, content: bytes, *, temporary: Path) -> None:
    """Write ``content`` to ``path``, mode 0644, so that no reader ever sees a part of it.

    ``temporary`` is a directory on the same file system. Raises :class:`OSError`.
    """
    descriptor, name = tempfile.mkstemp(dir=temporary)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        publish(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def publish(unfinished: Path, path: Path) -> None:
    """Give a finished file its name: flushed to the disk, mode 0644, renamed over ``path``."""
    unfinished.chmod(0o644)
    descriptor = os.open(unfinished, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unfinished.replace(path)
    with contextlib.suppress(OSError):
        _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_ordinary(path: Path, most: int) -> bytes:
    """Return what is in a file, but no more than ``most`` bytes of it.

    A pipe, a device or a directory is never waited for: raises :class:`OSError`, as for a file that
    cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "It is no ordinary file", str(path))
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(most)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
