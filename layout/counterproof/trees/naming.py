"""What the name of an archive, or of the directory in it, says: ``DISTRIBUTION-VERSION-HOST``."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["ReleaseName", "names_debug_files", "names_release", "release_name"]

_NAME: Final = re.compile(
    r"(?P<release>(?P<distribution>[A-Za-z0-9][A-Za-z0-9._+-]*?)"
    r"-(?P<version>v?[0-9]{1,3}(?:\.[0-9]{1,5}){1,3}(?:rc[0-9]{1,3})?|[0-9a-f]{12}))"
    r"(?:-.*)?"
)
_ENDING: Final = re.compile(r"\.(?:zip|tar|tgz|tar\.[a-z]+)\Z")


_DEBUG: Final = re.compile(r".+-debug" + _ENDING.pattern)


class ReleaseName(NamedTuple):
    """A name, taken apart."""

    release: str
    """``DISTRIBUTION-VERSION``, as the directory in an archive should be called."""
    version: str
    """A version, or 12 digits of a commit, as ``git describe`` gives where there is no tag."""


def release_name(name: str) -> ReleaseName | None:
    """Take apart the name of an archive or of a directory; None when it says no version."""
    match = _NAME.fullmatch(_ENDING.sub("", name))
    return ReleaseName(match["release"], match["version"]) if match else None


def names_debug_files(name: str) -> bool:
    """Tell whether an archive is named as the one that holds debug files: ``...-debug.tar.gz``."""
    return _DEBUG.fullmatch(name) is not None


def names_release(directory: str) -> bool:
    """Tell whether a directory is called ``DISTRIBUTION-VERSION``, with any kind of version."""
    return re.search(r".-(?:v?[0-9]|[0-9a-f]{7,40}\Z)", directory) is not None
