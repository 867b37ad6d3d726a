"""What a tree holds, whatever the tree is stored in."""

from __future__ import annotations

import enum
import mmap
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeAlias

__all__ = ["Content", "Entry", "Kind", "Member"]

Content: TypeAlias = bytes | mmap.mmap
"""Small files as bytes, large ones mapped; empty for everything that is not a file."""


class Kind(enum.StrEnum):
    """What an entry is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARD_LINK = "hard link"
    OTHER = "device, pipe or socket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file, directory or link."""

    path: PurePosixPath
    """From the top of what is read; ``.`` is the top itself."""
    kind: Kind
    mode: int | None
    """Permission bits, set-id bits included; None where the archive records none."""
    size: int = 0
    """Bytes of the file; 0 for everything else."""
    link_target: str | None = None
    owner: tuple[int, int] | None = None
    """User and group as an archive records them; None in a directory and in a zip."""
    mtime: int | None = None
    """Seconds since 1970; a zip's own clock is taken as UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An entry together with what is in it."""

    entry: Entry
    content: Content = b""
