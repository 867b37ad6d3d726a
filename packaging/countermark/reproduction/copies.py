"""Copies of a suite, to build it elsewhere: the user's own checkout is never built in."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from countermark.errors import WorkError
from countermark.source import Source, describe_source, list_source
from countermark.tools import find_program

__all__ = ["PristineSuite", "clone", "copy_suite", "copy_tree", "listing"]

_PATIENCE: Final = 600
"""Seconds that git may take, for a large repository is copied."""

PristineSuite = tuple[Path, Path]
"""The top directory of a copy, and the suite in it, which may be the same."""


def copy_suite(
    suite: Path, source: Source, target: Path, *, out: Path, environment: Mapping[str, str]
) -> PristineSuite:
    """Copy the files that a suite's digest is made over, and of a checkout its history too.

    Raises :class:`WorkError` when the copy is not the same suite, or cannot be made.
    """
    files = list_source(suite, out=out, environment=environment)
    try:
        inside = Path()
        if source.commit is not None:
            inside = clone(suite, source.commit, target, environment)
            _remove_deleted(suite, target / inside, files)
        for file in files:
            _copy(file, target / inside / file.relative_to(suite))
    except OSError as error:
        raise WorkError(f"the suite cannot be copied: {error}") from error
    copy = describe_source(target / inside, out=out, environment=environment)
    if copy.digest != source.digest:
        raise WorkError(
            f"a copy of {suite} is not the same suite",
            hint="It holds something else than files, directories and links, "
            "or something changed it meanwhile.",
        )
    return target, target / inside


def clone(suite: Path, commit: str, target: Path, environment: Mapping[str, str]) -> Path:
    """Clone the repository of a suite at a commit; return where the suite stands in it.

    Raises :class:`WorkError` with git's own words.
    """
    top = Path(_git(suite, environment, "rev-parse", "--show-toplevel"))
    _git(suite, environment, "clone", "--quiet", "--no-checkout", str(top), str(target))
    _git(target, environment, "checkout", "--quiet", "--detach", commit)
    return suite.resolve().relative_to(top.resolve())


def copy_tree(source: Path, target: Path, *, reverse: bool, modified: int | None) -> None:
    """Copy a whole directory; see :class:`~countermark.reproduction.conditions.Conditions`.

    The entries of a directory are made in the order of their names or the other way round, which
    is what some file systems list them by. Raises :class:`OSError`.
    """
    target.mkdir(parents=True, exist_ok=True)
    younger = modified
    for entry in sorted(source.iterdir(), reverse=reverse):
        copy = target / entry.name
        if entry.is_dir() and not entry.is_symlink():
            copy_tree(entry, copy, reverse=reverse, modified=younger)
            continue
        _copy(entry, copy)
        if younger is not None:
            os.utime(copy, (younger, younger), follow_symlinks=False)
            younger += 1


def listing(directory: Path) -> tuple[str, ...]:
    """List what is in a directory and below it, in the order in which the system lists it."""
    return tuple(
        name
        for folder, folders, files in os.walk(directory)
        if ".git" not in Path(folder).parts
        for name in (*folders, *files)
    )


def _remove_deleted(suite: Path, copy: Path, files: tuple[Path, ...]) -> None:
    """Take out what the commit has and the user has deleted."""
    kept = {file.relative_to(suite) for file in files}
    for folder, folders, names in os.walk(copy):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            path = Path(folder, name)
            if path.relative_to(copy) not in kept:
                path.unlink()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():  # of another repository, as a submodule is
        shutil.copytree(
            source,
            target,
            symlinks=True,
            ignore=shutil.ignore_patterns(".git"),
            dirs_exist_ok=True,
        )
        return
    if target.is_symlink() or target.exists():
        target.unlink()
    shutil.copy2(source, target, follow_symlinks=False)


def _git(directory: Path, environment: Mapping[str, str], *arguments: str) -> str:
    program = find_program("git", environment)
    if program is None:
        raise WorkError("git is not installed", hint="Install it, or name a directory of files.")
    try:
        done = subprocess.run(
            [program, "-C", directory, *arguments],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**environment, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise WorkError(f"git {arguments[0]} did not end within {_PATIENCE} seconds") from error
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip() or f"exit {done.returncode}"
        raise WorkError(f"git cannot give {directory}: {words}", hint="Mend the repository.")
    return os.fsdecode(done.stdout).strip()
