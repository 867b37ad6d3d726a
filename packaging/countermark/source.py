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

__all__ = ["Source", "describe_source", "list_source", "tree_digest"]

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
    try:
        git = _find_git(suite, environment)
        files = _list(suite, git, out)
        if git is None:
            return Source(digest=_digest(suite, files))
        return Source(
            digest=_digest(suite, files),
            commit=git.ask("rev-parse", "HEAD"),
            dirty=bool(git.ask("status", "--porcelain", "--untracked-files=no", "--", ".")),
            tag=git.tag(),
            epoch=int(git.ask("log", "-1", "--no-show-signature", "--format=%at")),
        )
    except (OSError, ValueError) as error:
        raise WorkError(f"the suite cannot be described: {error}") from error


def list_source(suite: Path, *, out: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files that :func:`describe_source` describes, those deleted left out.

    Raises what it raises.
    """
    try:
        files = _list(suite, _find_git(suite, environment), out)
        return tuple(path for path in files if path.is_symlink() or path.exists())
    except OSError as error:
        raise WorkError(f"the suite cannot be read: {error}") from error


def tree_digest(directory: Path) -> str:
    """Return SHA-256 over the names and contents of all files below a directory.

    Raises :class:`WorkError` when one cannot be read.
    """
    try:
        return _digest(directory, sorted(_walk(directory)))
    except OSError as error:
        raise WorkError(f"{directory} cannot be read: {error}") from error


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

    def tracks_suite(self) -> bool:
        """Tell whether the tree is in the repository, and not only somewhere below its top."""
        if not self.ask("ls-files", "CMakeLists.txt"):
            return False
        return self.run("rev-parse", "--verify", "--quiet", "HEAD").returncode == 0

    def files(self) -> Iterator[str]:
        """Yield what is tracked, or could be."""
        names = self.ask("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return (name for name in names.split("\0") if name)

    def tag(self) -> str | None:
        """Return the tag at the commit, or None."""
        done = self.run("describe", "--tags", "--exact-match")
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else None


def _find_git(suite: Path, environment: Mapping[str, str]) -> _Git | None:
    """Return git where it is installed and the suite is in a repository that tracks it."""
    program = find_program("git", environment)
    inside = any((folder / ".git").exists() for folder in (suite, *suite.parents))
    if program is None or not inside:
        return None
    git = _Git(program, suite, environment)
    return git if git.tracks_suite() else None


def _list(suite: Path, git: _Git | None, out: Path) -> list[Path]:
    """List the files of a suite in the order of their names."""
    if git is not None:
        files = dict.fromkeys(suite / name for name in git.files())
    else:
        files = dict.fromkeys(_walk(suite))
    return sorted(
        (path for path in files if not _is_output(path, suite, out)),
        key=lambda path: path.relative_to(suite).as_posix(),
    )


def _walk(suite: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(suite, onerror=_raise):
        folders[:] = sorted(
            name
            for name in folders
            if name not in ("__pycache__", ".git") and not Path(folder, name, _WORK).exists()
        )
        links = [name for name in folders if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in sorted([*files, *links]))


def _digest(suite: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        name = path.relative_to(suite).as_posix()
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
