"""The libraries that every system of a platform brings, so that a release need not.

For Linux they are glibc's, and the two of GCC that every distribution installs (PEP 600 counts on
them, too); for macOS those in its own directories; for Windows those of a list.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["linux_brings", "macos_brings", "windows_brings"]

_GLIBC: Final = re.compile(
    r"lib(?:BrokenLocale|anl|dl|m|mvec|nsl|nss_\w+|pthread|resolv|rt|thread_db|util)\.so\.\d"
    r"|libc\.so\.6(?:\.1)?"
    r"|ld(?:-linux(?:-[\w.-]+)?|64)\.so\.\d"
)
_GCC: Final = ("libgcc_s.so.1", "libstdc++.so.6")
_MACOS: Final = ("/usr/lib/", "/System/")
_SWIFT: Final = "@rpath/libswift"
"""Swift's libraries are part of macOS, and asked for by this since they once were not."""
_API_SETS: Final = ("api-ms-win-", "ext-ms-win-")
"""Names that Windows leads to libraries of its own."""


def linux_brings(name: str) -> bool:
    """Tell whether every Linux with glibc has the library of this name (``DT_NEEDED``)."""
    return name in _GCC or _GLIBC.fullmatch(name) is not None


def macos_brings(path: str) -> bool:
    """Tell whether every macOS has the library, or the libraries, at this path."""
    inside = path.startswith((*_MACOS, _SWIFT)) or path in ("/usr/lib", "/System")
    return inside and ".." not in path.split("/")


def windows_brings(name: str) -> bool:
    """Tell whether Windows has the library of this name."""
    lower = name.lower()
    return lower.startswith(_API_SETS) or lower in _windows_libraries()


@cache
def _windows_libraries() -> frozenset[str]:
    text = Path(__file__).with_name("windows-libraries.txt").read_text(encoding="ascii")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(name for line in lines for name in line.split())
