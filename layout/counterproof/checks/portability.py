"""Can every name be written where the tree will be unpacked? Rules L27 and L28."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from counterproof.rulebook.contents import LONG_PATH, WINDOWS_NAME
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.target import Platform
from countersign.findings import Severity

__all__ = ["check_lengths", "check_windows_names"]

_RESERVED: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?:[. ].*)?",
    re.IGNORECASE,
)
"""Names of devices, with any extension. Microsoft, "Naming Files, Paths, and Namespaces"."""
_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')

_NAME_MAX: Final = 255
"""Bytes of one name on Linux, and what macOS and Windows take, too, of ASCII."""
_PATH_MAX: Final[Mapping[Platform, int]] = {"linux": 4096, "darwin": 1024, "windows": 260}
"""Bytes or characters of a whole path: PATH_MAX, or Windows' MAX_PATH."""
_ROOM: Final = 60
"""What a user's own directory takes of it, such as ``C:\\Users\\NAME\\Downloads\\``."""


def check_windows_names(subject: Subject) -> Iterator[Located]:
    """Check that Windows can hold every name of a tree for it."""
    if subject.target.platform != "windows":
        return
    for path in sorted(subject.survey.links.places):
        if path.parts and (problem := _windows_problem(path.name)):
            message = f"Windows cannot hold this name: {problem}"
            yield Located(path, breach(WINDOWS_NAME, message))


def check_lengths(subject: Subject) -> Iterator[Located]:
    """Check that names are short enough, and leave room for the directory they are unpacked in."""
    limit = _PATH_MAX[subject.target.platform] - _ROOM
    for path in sorted(subject.survey.links.places):
        if (size := len(path.name.encode())) > _NAME_MAX:
            message = f"the name has {size} bytes, expected {_NAME_MAX} at most"
            yield Located(path, breach(LONG_PATH, message))
        elif (length := len(_unpacked(subject, path))) > limit:
            message = f"the path has {length} characters, expected {limit} at most"
            yield Located(path, breach(LONG_PATH, message, severity=Severity.WARNING))


def _windows_problem(name: str) -> str | None:
    if _RESERVED.fullmatch(name):
        return "it is a device"
    if name.endswith((".", " ")):
        return f"it ends in {name[-1]!r}"
    if forbidden := _FORBIDDEN.search(name):
        return f"it has {forbidden[0]!r}"
    return None


def _unpacked(subject: Subject, path: PurePosixPath) -> str:
    return PurePosixPath(subject.survey.prefix or "", path).as_posix()
