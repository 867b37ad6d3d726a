"""What goes into an archive: every entry of a tree, in the one order, with the one mode."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from countermark.errors import WorkError

__all__ = ["Member", "list_members", "normal_mode"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of a tree."""

    name: str
    """The path in the archive, from the tree's own name on."""
    path: Path
    status: os.stat_result

    @property
    def directory(self) -> bool:
        """True for a directory."""
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def link(self) -> bool:
        """True for a symbolic link."""
        return stat.S_ISLNK(self.status.st_mode)


def list_members(root: Path) -> Iterator[Member]:
    """Yield everything in the tree, itself first, sorted by the bytes of the path."""
    paths = [root]
    for folder, folders, files in os.walk(root):
        paths += (Path(folder, name) for name in (*folders, *files))
    named = ((path.relative_to(root.parent).as_posix(), path) for path in paths)
    for name, path in sorted(named, key=lambda pair: os.fsencode(pair[0])):
        status = path.lstat()
        if stat.S_IFMT(status.st_mode) not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            raise WorkError(f"{name} is neither a file, a directory nor a link")
        yield Member(name=name, path=path, status=status)


def normal_mode(mode: int) -> int:
    """Return the permission bits that ``tar --mode=u+rw,go+r-w,a+X`` gives."""
    bits = (stat.S_IMODE(mode) | 0o644) & ~0o022
    return bits | 0o111 if stat.S_ISDIR(mode) or bits & 0o111 else bits
