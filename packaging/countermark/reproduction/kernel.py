"""Calls of Linux that Python has no words for: namespaces, mounts, and how programs are loaded.

Sources: unshare(2), user_namespaces(7), mount(2), personality(2). Elsewhere than on Linux each of
them raises :class:`OSError`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path
from typing import Final

__all__ = ["enter_namespaces", "load_to_fixed_addresses", "mount_memory"]

_NEW_MOUNTS: Final = 0x00020000
_NEW_NAMES: Final = 0x04000000
_NEW_USERS: Final = 0x10000000
_RECURSIVE_PRIVATE: Final = 0x4000 | 0x40000
_QUERY: Final = 0xFFFFFFFF
_NO_RANDOMIZE: Final = 0x0040000


def enter_namespaces(*, mounts: bool, names: bool, uid: int | None) -> None:
    """Leave this process's mounts, its host's name, and its user to others.

    With a ``uid``, the process gets a user namespace of its own, in which it is that user and may
    do the rest without being root outside; None for a process that is root. Raises
    :class:`OSError`.
    """
    outside = (os.geteuid(), os.getegid())
    flags = _NEW_MOUNTS * mounts | _NEW_NAMES * names | _NEW_USERS * (uid is not None)
    _call("unshare", flags)
    if uid is not None:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{uid} {outside[0]} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{uid} {outside[1]} 1", encoding="ascii")
    if mounts:
        _call("mount", None, b"/", None, _RECURSIVE_PRIVATE, None)


def mount_memory(directory: Path) -> None:
    """Put an empty file system that is kept in memory over a directory. Raises OSError."""
    _call("mount", b"tmpfs", os.fsencode(directory), b"tmpfs", 0, b"mode=0755")


def load_to_fixed_addresses() -> None:
    """Have every program that is started from here loaded to the same addresses. Raises OSError."""
    before = _call("personality", _QUERY)
    _call("personality", before | _NO_RANDOMIZE)
    if not _call("personality", _QUERY) & _NO_RANDOMIZE:
        raise OSError(errno.EPERM, "the system keeps random addresses")


def _call(name: str, *arguments: int | bytes | None) -> int:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "only Linux has it")
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    words = (
        ctypes.c_ulong(word) if isinstance(word, int) else ctypes.c_char_p(word)
        for word in arguments
    )
    status = int(function(*words))
    if status == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"the system refuses {name}: {os.strerror(number)}")
    return status
