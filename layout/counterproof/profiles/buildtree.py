"""Recognising a build tree, of which only the programs are looked at.

It has thousands of files and gigabytes of objects. CMake puts all programs into ``bin``; builds of
Bitcoin Core before that, and those of autotools, left each in its directory below ``src``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath
from typing import Final

from counterproof.profiles.profile import BIN, BUILD_HOMES

__all__ = ["is_build_tree", "programs_in"]

_MARKS: Final = ("CMakeCache.txt", "config.status")
"""What CMake and autotools leave at the top of a build tree."""
_SUFFIX: Final = ".exe"


def is_build_tree(path: Path) -> bool:
    """Tell whether something was configured in the directory ``path``."""
    return any((path / mark).is_file() for mark in _MARKS)


def programs_in(path: Path, names: Collection[str]) -> Callable[[PurePosixPath], bool]:
    """Give the test by which the programs called ``names``, and the way to them, are chosen.

    What stands in ``src`` is not looked at where there is a ``bin``.
    """
    modern = (path / BIN).is_dir()
    homes = frozenset({BIN}) if modern else BUILD_HOMES - {BIN}

    def wanted(entry: PurePosixPath) -> bool:
        named = entry.name.removesuffix(_SUFFIX) in names
        return entry in homes or (named and entry.parent in homes)

    return wanted
