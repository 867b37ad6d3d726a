"""Files as memory: mapped, never copied.

Only for files that nobody else can cut short: that would kill the process.
"""

from __future__ import annotations

import mmap
import os
import stat
from pathlib import Path

from countersign.errors import ReadError

__all__ = ["map_file"]


def map_file(path: Path) -> memoryview:
    """Map a regular file; it stays mapped as long as the view or a part of it lives.

    Raises :class:`ReadError` for what cannot be read or is no regular file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ReadError("it is not a regular file")
            return _map(descriptor)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise ReadError(getattr(error, "strerror", None) or str(error)) from error


def _map(descriptor: int) -> memoryview:
    """Map an open file; it may be closed while it is mapped.

    Raises :class:`ReadError` when it cannot be mapped.
    """
    try:
        size = os.fstat(descriptor).st_size
        if size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(descriptor, size, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise ReadError(getattr(error, "strerror", None) or str(error)) from error
