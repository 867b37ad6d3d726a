"""Which edition of countermark this is, told by its own files: a version may stand for several."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from countermark import __version__

__all__ = ["edition"]

_ROOMS: Final = ("countersign", "counterproof", "countermark")


@functools.cache
def edition() -> str:
    """Return 64 digits that stand for the code that runs: another edition may decide otherwise.

    They cover the version, Python's, and every file of the three packages; in a program of one
    file, where there are none, its version stands for them.
    """
    digest = hashlib.sha256(f"{__version__}\0{sys.version}\0".encode())
    for room in _ROOMS:
        for root in _roots(room):
            for path in sorted(root.rglob("*")):
                if path.suffix != ".pyc" and path.is_file():
                    digest.update(f"{room}/{path.relative_to(root)}\0".encode())
                    digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _roots(room: str) -> Iterator[Path]:
    """Yield where a package's files are: native code may stand elsewhere than its Python."""
    spec = importlib.util.find_spec(room)
    yield from map(Path, (spec and spec.submodule_search_locations) or ())
