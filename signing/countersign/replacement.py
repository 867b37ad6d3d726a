"""New files in the place of old ones, completely or not at all.

The new contents always get a new inode: macOS remembers a verified signature by vnode and never
looks again at one whose bytes changed (``ubc_cs_blob_add`` in xnu's ubc_subr.c). Where the system
can, a new file has no name until it is whole and on the disk, so that even a killed run leaves
nothing behind.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from countersign.durability import sync_files
from countersign.errors import WriteError

__all__ = ["NewFile", "make_durable"]

_PREFIX: Final = ".countersign-"
_DESCRIPTORS: Final = Path("/proc/self/fd")
_NO_LINKS: Final = frozenset((errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK))
"""What file systems answer that cannot give a file a second name; FAT has no links."""
_NO_NAMELESS: Final = frozenset((errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL))
"""What file systems answer that cannot have files without names."""


class NewFile:
    """A file that is written before it gets the names of the files that it replaces.

    Errors are :class:`WriteError`. Used as a context: what has no name at the end is gone.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            self.descriptor, self._name = _create(directory)
        except OSError as error:
            raise WriteError.of(error) from error

    @property
    def size(self) -> int:
        """Bytes that were written so far."""
        return os.fstat(self.descriptor).st_size

    def __enter__(self) -> NewFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, and remove it when it has no name yet."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
        if self._name is not None:
            with contextlib.suppress(OSError):
                self._name.unlink()
            self._name = None

    def resemble(self, descriptor: int, status: os.stat_result) -> None:
        """Take over mode, times, and where permitted owner and extended attributes of a file."""
        try:
            _copy_metadata(descriptor, status, self.descriptor)
        except OSError as error:
            raise WriteError.of(error) from error

    def publish(self, names: Sequence[Path]) -> None:
        """Put the file in the place of ``names``, all of them in one file system.

        Each name stands for the old file or for the new one at any moment. None is touched before
        there is a new one beside each of them.
        """
        temporaries = [name.with_name(f"{_PREFIX}{os.urandom(8).hex()}") for name in names]
        try:
            for temporary in temporaries:
                self._link(temporary)
            for temporary, name in zip(temporaries, names, strict=True):
                temporary.replace(name)
        except OSError as error:
            raise WriteError.of(error) from error
        finally:
            # One is still there when a rename failed, and when the name was ours already.
            for temporary in temporaries:
                with contextlib.suppress(OSError):
                    temporary.unlink()

    def _link(self, name: Path) -> None:
        if self._name is not None:
            try:
                os.link(self._name, name)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                self._name.replace(name)
                self._name = None
            return
        # A directory descriptor makes Python call linkat, which follows the link in /proc.
        root = os.open("/", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.link(
                _DESCRIPTORS / str(self.descriptor), name, src_dir_fd=root, follow_symlinks=True
            )
        finally:
            os.close(root)


def make_durable(files: Sequence[NewFile]) -> None:
    """Wait until the contents of all ``files`` are on the disk; raises :class:`WriteError`."""
    try:
        sync_files([file.descriptor for file in files])
    except OSError as error:
        raise WriteError.of(error) from error


def _create(directory: Path) -> tuple[int, Path | None]:
    """Open a new file; give its descriptor and, where it had to have one, its name."""
    if hasattr(os, "O_TMPFILE") and _DESCRIPTORS.is_dir():
        try:
            return os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), None
        except OSError as error:
            if error.errno not in _NO_NAMELESS:
                raise
    from tempfile import mkstemp

    descriptor, name = mkstemp(prefix=_PREFIX, dir=directory)
    return descriptor, Path(name)


def _copy_metadata(source: int, status: os.stat_result, target: int) -> None:
    mode = stat.S_IMODE(status.st_mode)
    try:
        os.fchown(target, status.st_uid, status.st_gid)
    except OSError:  # no right to, or an owner that a container does not know
        mode &= ~(stat.S_ISUID | stat.S_ISGID)  # they would now lend somebody else's rights
        with contextlib.suppress(OSError):
            os.fchown(target, -1, status.st_gid)
    if mode != stat.S_IMODE(os.fstat(target).st_mode):
        os.fchmod(target, mode)
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):  # many file systems have none
            _copy_attributes(source, target)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _copy_attributes(source: int, target: int) -> None:
    """Give the file the extended attributes of another, and none that its directory gave it."""
    names = os.listxattr(source)
    for name in names:
        with contextlib.suppress(OSError):
            os.setxattr(target, name, os.getxattr(source, name))
    for name in os.listxattr(target):
        if name not in names:
            with contextlib.suppress(OSError):
                os.removexattr(target, name)
