"""What is in the prefixes that a user gives: a digest, made anew only where something changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from countermark.errors import WorkError
from countermark.source import tree_digest

__all__ = ["prefix_digest"]


def prefix_digest(prefix: Path, memory: Path) -> str:
    """Return SHA-256 in 64 digits over the names and contents of a prefix.

    ``memory`` is a directory in which it is looked up by the sizes, times and places of all files:
    Boost alone has 15,000 of them. Raises :class:`WorkError`.
    """
    try:
        known = memory / _appearance(prefix)
        if known.is_file():
            return known.read_text(encoding="ascii")
        digest = tree_digest(prefix)
        memory.mkdir(parents=True, exist_ok=True)
        unfinished = known.with_suffix(f".{os.getpid()}")
        unfinished.write_text(digest, encoding="ascii")
        unfinished.replace(known)
        return digest
    except OSError as error:
        raise WorkError(f"the prefix {prefix} cannot be read: {error}") from error


def _appearance(prefix: Path) -> str:
    """Return a digest over all that is known of the files without reading them."""
    lines = [os.fsencode(prefix)]
    for folder, folders, names in os.walk(prefix):
        folders.sort()
        for name in sorted((*names, *folders)):
            path = os.path.join(folder, name)  # noqa: PTH118  # there are thousands of them
            seen = os.lstat(path)
            lines.append(
                os.fsencode(
                    f"{path}\0{seen.st_mode} {seen.st_size} {seen.st_mtime_ns} {seen.st_ino}"
                )
            )
    return hashlib.sha256(b"\n".join(lines)).hexdigest()
