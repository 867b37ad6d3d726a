"""What a suite's source tree is: its commit, its version, its time, or a digest of its files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.errors import WorkError
from countermark.files import sha256_of
from countermark.process import answer

__all__ = ["Source", "describe_source"]

_SHORT_COMMIT: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a suite stands, as git or its files tell."""

    commit: str | None = None
    """40 hexadecimal digits; None when the tree is not under git."""
    dirty: bool = False
    """True when tracked files differ from the commit."""
    tag: str | None = None
    """The tag that stands at the commit."""
    epoch: int | None = None
    """The author's time of the commit, in seconds since 1970."""
    digest: str | None = None
    """SHA-256 over the names and contents of a tree that is not under git."""

    @property
    def version(self) -> str | None:
        """The tag without its ``v``, or 12 digits of the commit, as Bitcoin Core's releases."""
        if self.commit is None:
            return None
        name = self.tag.removeprefix("v") if self.tag else self.commit[:_SHORT_COMMIT]
        return f"{name}-dirty" if self.dirty else name


def describe_source(suite: Path, *, out: Path, environment: Mapping[str, str]) -> Source:
    """Describe the tree at ``suite``: by git when git tracks its CMakeLists.txt, else by content.

    A tree that only lies inside somebody else's repository is not described by that repository.
    The directory ``out`` is no part of the tree. Raises :class:`WorkError` when a file cannot be
    read.
    """
    git = _Git(suite, environment)
    tracked = git.ask("ls-files", "CMakeLists.txt")
    head = git.ask("log", "-1", "--format=%H %at") if tracked else ""
    if not head:
        try:
            return Source(digest=_tree_digest(suite, out))
        except OSError as error:
            raise WorkError(f"the suite cannot be read: {error}") from error
    commit, epoch = head.split()
    return Source(
        commit=commit,
        dirty=bool(git.ask("status", "--porcelain", "--untracked-files=no", "--", ".")),
        tag=git.ask("describe", "--tags", "--exact-match") or None,
        epoch=int(epoch),
    )


@dataclass(frozen=True, slots=True)
class _Git:
    directory: Path
    environment: Mapping[str, str]

    def ask(self, *arguments: str) -> str:
        """Return what git answers; an empty string when it has no answer."""
        environment = {**self.environment, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        return answer(("git", "-C", str(self.directory), *arguments), environment)


def _tree_digest(suite: Path, out: Path) -> str:
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(suite, onerror=_raise):
        folders[:] = sorted(name for name in folders if not _is_output(Path(folder, name), out))
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for path in (Path(folder, name) for name in sorted([*files, *links])):
            entry = f"{path.relative_to(suite).as_posix()}\0{_content_digest(path)}\n"
            digest.update(entry.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _content_digest(path: Path) -> str:
    """Return what stands for a file, or for a link itself; a pipe or a socket holds nothing."""
    if path.is_symlink():
        return f"link {hashlib.sha256(bytes(path.readlink())).hexdigest()}"
    if not path.is_file():
        return "special"
    program = "program " if path.stat().st_mode & 0o100 else ""
    return f"{program}{sha256_of(path)}"


def _raise(error: OSError) -> None:
    raise error


def _is_output(folder: Path, out: Path) -> bool:
    return folder == out or folder.name == "__pycache__"
