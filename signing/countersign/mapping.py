"""Files as memory: mapped, never copied."""

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
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ReadError("it is not a regular file")
            if status.st_size == 0:
                return memoryview(b"")
            return memoryview(mmap.mmap(descriptor, status.st_size, access=mmap.ACCESS_READ))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ReadError(error.strerror or str(error)) from error
    except ValueError as error:
        raise ReadError(str(error)) from error
