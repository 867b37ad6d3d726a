"""Download one archive by name and version with its registry's own client."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from manifest import Archive, Registry

__all__ = ["UnavailableError", "download"]

_PATIENCE = 900
"""Seconds that one download may take."""


class UnavailableError(Exception):
    """The client did not deliver the archive; the text says what it printed last."""


def download(archive: Archive, folder: Path) -> Path:
    """Put the archive into ``folder`` and return its path.

    Raises :class:`UnavailableError` when the client is missing, fails, takes too long, or
    delivers a file of another name.
    """
    command = _npm(archive, folder) if archive.registry is Registry.NPM else _pip(archive, folder)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(str(error)) from error
    path = folder / archive.file
    if done.returncode or not path.is_file():
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()
        raise UnavailableError(f"{command[0]} ended with {done.returncode} and said: {said[-1]}")
    return path


def _npm(archive: Archive, folder: Path) -> list[str]:
    where = f"--pack-destination={folder}"
    return ["npm", "pack", "--silent", where, f"{archive.name}@{archive.version}"]


def _pip(archive: Archive, folder: Path) -> list[str]:
    """Ask for the wheel that has exactly the tags of the file name."""
    python, abi, platforms = archive.file.removesuffix(".whl").rsplit("-", 3)[1:]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--quiet"]
    command += ["--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command += [f"--dest={folder}", f"--abi={abi}"]
    if python.startswith("cp"):
        command += ["--implementation=cp", f"--python-version={python.removeprefix('cp')}"]
    command += [f"--platform={platform}" for platform in platforms.split(".")]
    return [*command, f"{archive.name}=={archive.version}"]
