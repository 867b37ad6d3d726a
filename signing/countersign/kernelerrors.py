"""Errors that the kernel gives when it refuses code: their names, numbers, and what is printed.

Sources: xnu's ``bsd/sys/errno.h``, ``bsd/kern/mach_loader.h``, ``osfmk/mach/kern_return.h``, and
``load_return_to_errno`` in kern_exec.c. The texts of errno are those of ``strerror`` on macOS.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["KERNEL_ERRORS", "KernelError", "errno_name", "load_name"]


class KernelError(NamedTuple):
    """One error of the kernel."""

    number: int
    text: str


KERNEL_ERRORS: Final[dict[str, KernelError]] = {
    "EPERM": KernelError(1, "Operation not permitted"),
    "EIO": KernelError(5, "Input/output error"),
    "E2BIG": KernelError(7, "Argument list too long"),
    "ENOEXEC": KernelError(8, "Exec format error"),
    "ENOMEM": KernelError(12, "Cannot allocate memory"),
    "EACCES": KernelError(13, "Permission denied"),
    "EINVAL": KernelError(22, "Invalid argument"),
    "EALREADY": KernelError(37, "Operation already in progress"),
    "EBADEXEC": KernelError(85, "Bad executable (or shared library)"),
    "EBADARCH": KernelError(86, "Bad CPU type in executable"),
    "EBADMACHO": KernelError(88, "Malformed Mach-o file"),
    "LOAD_BADARCH": KernelError(1, "the loader found no slice for this CPU"),
    "LOAD_BADMACHO": KernelError(2, "the loader found the Mach-O malformed"),
    "LOAD_FAILURE": KernelError(4, "the loader refused the image"),
    "LOAD_NOSPACE": KernelError(5, "the loader had no room in memory"),
    "LOAD_PROTECT": KernelError(6, "the loader may not map it so"),
    "LOAD_IOERROR": KernelError(9, "the loader could not read the file"),
    "KERN_CODESIGN_ERROR": KernelError(50, "a page is not what was signed"),
}
"""By name. Numbers of ``E...``, ``LOAD_...`` and ``KERN_...`` are three different things."""


def errno_name(number: int) -> str | None:
    """Name an errno."""
    return _named("E", number)


def load_name(number: int) -> str | None:
    """Name an error of the kernel's Mach-O loader."""
    return _named("LOAD_", number)


def _named(prefix: str, number: int) -> str | None:
    found = (
        name
        for name, error in KERNEL_ERRORS.items()
        if name.startswith(prefix) and error.number == number
    )
    return next(found, None)
