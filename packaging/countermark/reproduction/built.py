"""What a build left: the directory of a release, and what was put down between its steps."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from countermark.files import sha256_of
from countermark.workspace import HostWorkspace, Workspace

__all__ = ["HostBuilt", "tree_digests"]


@dataclass(frozen=True, slots=True)
class HostBuilt:
    """The part of one host."""

    out: Path
    host: str
    label: str
    """The top directory of the stage: ``NAME-VERSION``."""

    @property
    def _workspace(self) -> HostWorkspace:
        return Workspace(out=self.out).host(self.host)

    @property
    def build(self) -> Path:
        """The build tree."""
        return self._workspace.build

    @property
    def stage(self) -> Path:
        """The stage as it was packed."""
        return self._workspace.stage / self.label

    @property
    def unsigned(self) -> Path:
        """The stage before it was signed."""
        return self._workspace.root / "before-signing"

    @property
    def configured(self) -> Path:
        """The list of files that the build tree held before anything was compiled."""
        return self._workspace.root / "configured.txt"


def tree_digests(root: Path, *, modes: bool) -> dict[str, str]:
    """Return what stands for each file of a tree, by path: its content, and its mode if asked."""
    return {
        path.relative_to(root).as_posix(): _digest(path, modes=modes)
        for folder, folders, files in os.walk(root)
        for path in (Path(folder, name) for name in (*files, *folders))
        if path.is_symlink() or not path.is_dir()
    }


def _digest(path: Path, *, modes: bool) -> str:
    if path.is_symlink():
        return f"link {path.readlink()}"
    if not path.is_file():
        return "special"
    mode = f"{path.stat().st_mode & 0o7777:04o} " if modes else ""
    return f"{mode}{sha256_of(path)}"
