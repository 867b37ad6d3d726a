"""What is in the prefixes that a user gives: a digest, made anew only where something changed."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Final

from countermark.errors import WorkError
from countermark.source import tree_digest

__all__ = ["prefix_digest"]


_RESTING: Final = 2.0
"""Seconds: a file can change twice in one tick of the file system's clock, and look the same."""


def prefix_digest(prefix: Path, memory: Path, *, resting: float = _RESTING) -> str:
    """Return SHA-256 in 64 digits over the names and contents of a prefix.

    ``memory`` is a directory in which it is looked up by the sizes, times and places of all files:
    Boost alone has 15,000 of them. It is kept there when nothing has changed for ``resting``
    seconds. Raises :class:`WorkError`.
    """
    try:
        appearance, latest = _appearance(prefix)
        known = memory / appearance
        if known.is_file():
            return known.read_text(encoding="ascii")
        digest = tree_digest(prefix)
        if time.time_ns() - latest < resting * 1e9:
            return digest
        memory.mkdir(parents=True, exist_ok=True)
        unfinished = known.with_suffix(f".{os.getpid()}")
        unfinished.write_text(digest, encoding="ascii")
        unfinished.replace(known)
        return digest
    except OSError as error:
        raise WorkError(f"the prefix {prefix} cannot be read: {error}") from error


def _appearance(prefix: Path) -> tuple[str, int]:
    """Return a digest over all that is known of the files without reading them.

    And when the latest of them changed, in nanoseconds since 1970.
    """
    lines, latest = [os.fsencode(prefix)], 0
    for folder, folders, names in os.walk(prefix):
        folders.sort()
        for name in sorted((*names, *folders)):
            path = os.path.join(folder, name)  # noqa: PTH118  # there are thousands of them
            seen = os.lstat(path)
            # The time of change is the system's own: nobody sets it back with the content changed.
            looks = (seen.st_mode, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)
            lines.append(os.fsencode(f"{path}\0{looks}"))
            latest = max(latest, seen.st_ctime_ns)
    return hashlib.sha256(b"\n".join(lines)).hexdigest(), latest
