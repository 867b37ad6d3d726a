"""Which paths are worth taking note of, because they may lie in a bundle."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

__all__ = ["BETRAYERS", "may_lie_in_bundle"]

BETRAYERS: Final = frozenset({"Info.plist", "CodeResources"})
"""The names of files without one of which there is no bundle."""

_EXTENSION: Final = re.compile(r".+\.[A-Za-z][A-Za-z0-9]*", re.DOTALL)
_INSIDE: Final = frozenset({"Contents", "Versions"})


def may_lie_in_bundle(path: PurePosixPath, top: str = "") -> bool:
    """Tell whether a path may lie in a bundle; ``top`` is the name of what it is relative to.

    Bundles have names with an extension, or are arranged as bundles are.
    """
    return any(
        folder in _INSIDE or _EXTENSION.fullmatch(folder) for folder in (top, *path.parts[:-1])
    )
