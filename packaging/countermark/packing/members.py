"""What goes into an archive: every entry of a tree, with the one mode that it has there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from countermark.errors import WorkError

__all__ = ["Member", "list_members", "member_at", "normal_mode"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of an archive and where it comes from."""

    name: str
    """The path in the archive."""
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

    @property
    def key(self) -> bytes:
        """What members are sorted by, as ``LC_ALL=C sort`` does."""
        return os.fsencode(self.name)


def list_members(root: Path, name: str) -> Iterator[Member]:
    """Yield everything in the tree at ``root``, itself first, which is called ``name``.

    Raises :class:`WorkError` for what cannot be in an archive.
    """
    yield member_at(root, name)
    for folder, folders, files in os.walk(root, onerror=_raise):
        place = Path(folder).relative_to(root).as_posix()
        prefix = name if place == "." else f"{name}/{place}"
        for each in (*folders, *files):
            yield member_at(Path(folder, each), f"{prefix}/{each}")


def member_at(path: Path, name: str) -> Member:
    """Describe what is at ``path``; in the archive it is called ``name``.

    Raises :class:`WorkError` when it is neither a file, a directory nor a link.
    """
    status = path.lstat()
    if stat.S_IFMT(status.st_mode) not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise WorkError(f"{name} is neither a file, a directory nor a link")
    return Member(name=name, path=path, status=status)


def _raise(error: OSError) -> None:
    """Let nothing be left out in silence."""
    raise error


def normal_mode(mode: int) -> int:
    """Return the permission bits that ``tar --mode=u+rw,go+r-w,a+X`` gives."""
    bits = (stat.S_IMODE(mode) | 0o644) & ~0o022
    return bits | 0o111 if stat.S_ISDIR(mode) or bits & 0o111 else bits
