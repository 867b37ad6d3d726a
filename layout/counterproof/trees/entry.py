"""What a tree holds, whatever the tree is stored in."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from countersign.source import BytesSource, Source

__all__ = ["Entry", "Kind", "Member"]

_NOTHING: Final = BytesSource(b"")


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
    inode: tuple[int, int] | None = None
    """Device and number of a file that has other names, in a directory; None for any other."""
    owner_names: tuple[str, ...] = ()
    """User and group by their names, where a tar records any."""
    extras: tuple[str, ...] = ()
    """What else an archive records of it, by name: pax records, or fields of a zip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An entry together with what is in it, to be looked at before the next one is asked for."""

    entry: Entry
    content: Source = _NOTHING
    """Empty for everything that is not a file. Reading a file of a directory raises what
    :class:`~countersign.source.FileSource` does, when it is cut short meanwhile."""
