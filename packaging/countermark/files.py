"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

__all__ = ["publish", "sha256_of", "write_whole"]


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


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
