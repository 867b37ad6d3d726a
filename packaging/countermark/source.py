"""What a suite's source tree is: its commit, its version, its time, and a digest of its files."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.errors import ConfigurationError, WorkError
from countermark.files import sha256_of
from countermark.tools import find_program

__all__ = ["Source", "describe_source"]

_SHORT_COMMIT: Final = 12
_WORK: Final = ".countermark"
"""What makes a directory somebody's output directory, and no part of a suite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a suite stands, as git and its files tell."""

    digest: str
    """SHA-256 over the names and contents of its files; ignored ones are left out under git."""
    commit: str | None = None
    """40 hexadecimal digits; None when the tree is not under git."""
    dirty: bool = False
    """True when tracked files differ from the commit."""
    tag: str | None = None
    """The tag that stands at the commit."""
    epoch: int | None = None
    """The author's time of the commit, in seconds since 1970."""

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
    ``out`` and other output directories are no part of the tree. Raises
    :class:`ConfigurationError` when git refuses to answer, :class:`WorkError` when a file cannot
    be read.
    """
    git = _find_git(suite, environment)
    try:
        if git is None or not git.ask("ls-files", "CMakeLists.txt") or not git.has_commit():
            return Source(digest=_digest(suite, _walk(suite), out))
        names = git.ask("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        files = (suite / name for name in names.split("\0") if name)
        return Source(
            digest=_digest(suite, files, out),
            commit=git.ask("rev-parse", "HEAD"),
            dirty=bool(git.ask("status", "--porcelain", "--untracked-files=no", "--", ".")),
            tag=git.tag(),
            epoch=int(git.ask("log", "-1", "--no-show-signature", "--format=%at")),
        )
    except (OSError, ValueError) as error:
        raise WorkError(f"the suite cannot be described: {error}") from error


@dataclass(frozen=True, slots=True)
class _Git:
    program: Path
    directory: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Ask git; it must answer within a minute."""
        try:
            return subprocess.run(
                [self.program, "-C", self.directory, *arguments],
                capture_output=True,
                check=False,
                stdin=subprocess.DEVNULL,
                env={**self.environment, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
                timeout=60,
            )
        except subprocess.TimeoutExpired as error:
            raise WorkError(f"git {arguments[0]} did not answer within a minute") from error

    def ask(self, *arguments: str) -> str:
        """Return what git answers. Raises :class:`ConfigurationError` with its own words."""
        done = self.run(*arguments)
        if done.returncode != 0:
            words = done.stderr.decode(errors="replace").strip() or f"exit {done.returncode}"
            raise ConfigurationError(
                f"git cannot describe {self.directory}: {words}",
                hint="Mend the repository, or release a tree without its .git.",
            )
        return os.fsdecode(done.stdout).strip()

    def has_commit(self) -> bool:
        """Tell whether anything was ever committed."""
        return self.run("rev-parse", "--verify", "--quiet", "HEAD").returncode == 0

    def tag(self) -> str | None:
        """Return the tag at the commit, or None."""
        done = self.run("describe", "--tags", "--exact-match")
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else None


def _find_git(suite: Path, environment: Mapping[str, str]) -> _Git | None:
    """Return git where there is a repository to ask about, and git is installed."""
    program = find_program("git", environment)
    inside = any((folder / ".git").exists() for folder in (suite, *suite.parents))
    return _Git(program, suite, environment) if program is not None and inside else None


def _walk(suite: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(suite, onerror=_raise):
        folders[:] = sorted(
            name
            for name in folders
            if name not in ("__pycache__", ".git") and not Path(folder, name, _WORK).exists()
        )
        links = [name for name in folders if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in sorted([*files, *links]))


def _digest(suite: Path, files: Iterable[Path], out: Path) -> str:
    named = {path.relative_to(suite).as_posix(): path for path in files}
    digest = hashlib.sha256()
    for name, path in sorted(named.items()):
        if not _is_output(path, suite, out):
            digest.update(os.fsencode(f"{name}\0{_content_digest(path)}\n"))
    return digest.hexdigest()


def _is_output(path: Path, suite: Path, out: Path) -> bool:
    folders = path.relative_to(suite).parents
    return out in path.parents or any((suite / each / _WORK).exists() for each in folders)


def _content_digest(path: Path) -> str:
    """Return what stands for a file, or for a link itself; a pipe or a socket holds nothing."""
    if path.is_symlink():
        return f"link {hashlib.sha256(os.fsencode(path.readlink())).hexdigest()}"
    if not path.exists():
        return "deleted"
    if not path.is_file():
        return "special"
    program = "program " if path.stat().st_mode & 0o100 else ""
    return f"{program}{sha256_of(path)}"


def _raise(error: OSError) -> None:
    raise error
