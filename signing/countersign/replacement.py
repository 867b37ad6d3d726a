"""Put a new file in the place of an old one, completely or not at all.

The new contents always get a new inode: macOS remembers a verified signature by vnode and never
looks again at one whose bytes changed (``ubc_cs_blob_add`` in xnu's ubc_subr.c). Other hard
links keep the old contents.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from countersign.errors import WriteError

__all__ = ["has_contents", "replace_file"]

_BLOCK = 1 << 20


def has_contents(path: Path, pieces: Sequence[memoryview]) -> bool:
    """Tell whether the file exists and consists of ``pieces``."""
    try:
        if path.stat().st_size != sum(map(len, pieces)):
            return False
        with path.open("rb") as file:
            # Copies of blocks compare many times faster than views of them.
            return all(
                file.read(len(block)) == bytes(block)
                for piece in pieces
                for block in _blocks(piece)
            )
    except OSError:
        return False


def replace_file(
    path: Path, pieces: Iterable[memoryview], *, like: Path, accept: Callable[[Path], None]
) -> None:
    """Write ``pieces`` beside ``path``, let ``accept`` look at the result, then rename it.

    Mode, times, and where permitted owner and extended attributes are those of ``like``. What
    ``accept`` raises passes through; other trouble is a :class:`WriteError`. Either way, and
    when interrupted, ``path`` is as it was and nothing stays beside it.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=".countersign-", dir=path.parent)
    except OSError as error:
        raise WriteError(error.strerror or str(error)) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            for piece in pieces:
                for block in _blocks(piece):
                    _write_all(file.fileno(), block)
            _copy_metadata(like, file.fileno())
            os.fsync(file.fileno())
        accept(temporary)
        temporary.replace(path)
    except OSError as error:
        raise WriteError(error.strerror or str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    _sync_directory(path.parent)


def _blocks(piece: memoryview) -> Iterable[memoryview]:
    return (piece[at : at + _BLOCK] for at in range(0, len(piece), _BLOCK))


def _write_all(descriptor: int, block: memoryview) -> None:
    while block:
        block = block[os.write(descriptor, block) :]


def _copy_metadata(source: Path, descriptor: int) -> None:
    """Copy what a signed file has in common with the file it is made from."""
    status = source.stat()
    mode = stat.S_IMODE(status.st_mode)
    try:
        os.fchown(descriptor, status.st_uid, status.st_gid)
    except PermissionError:
        mode &= ~(stat.S_ISUID | stat.S_ISGID)  # they would now lend somebody else's rights
    os.fchmod(descriptor, mode)
    if hasattr(os, "listxattr"):
        for name in os.listxattr(source):
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(source, name))
    os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))


def _sync_directory(directory: Path) -> None:
    """Make the rename durable, where the file system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
