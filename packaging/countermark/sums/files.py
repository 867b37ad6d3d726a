"""Comparing the files of a list with their digests: several at once, all in one directory."""

from __future__ import annotations

import enum
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from countermark.errors import WorkError
from countermark.sums.reading import Entry
from countersign.escaping import printable

__all__ = ["FileState", "ListedFile", "check_files", "unlisted_files"]

_AT_ONCE: Final = 1 << 18
"""Octets that are read before they are hashed."""

MOST_UNLISTED: Final = 10_000
"""Files of one directory that are looked at for ones that are not listed."""


class FileState(enum.StrEnum):
    """What became of a listed file."""

    MATCHES = "matches"
    DIFFERS = "differs"
    MISSING = "missing"
    REFUSED = "refused"
    """It is no ordinary file below the directory."""
    UNREADABLE = "unreadable"


class ListedFile(NamedTuple):
    """A line of a list, and the file that it names."""

    entry: Entry
    state: FileState
    found: str | None = None
    """The digest of the file, where it was read."""
    size: int | None = None
    """Octets."""
    detail: str = ""
    """Why it was not read."""


def check_files(entries: Iterable[Entry], directory: Path, *, workers: int) -> list[ListedFile]:
    """Hash the files that are listed, ``workers`` at a time, in constant memory each."""
    inside = directory.resolve()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(lambda entry: _check(entry, inside), entries))


def unlisted_files(entries: Iterable[Entry], directory: Path, known: Iterable[Path]) -> list[str]:
    """Name the files that stand where listed ones do, and are neither listed nor ``known``."""
    names = {entry.name for entry in entries}
    passed_over = set(map(os.path.realpath, known))
    folders = sorted({name.rpartition("/")[0] for name in names} | {""})
    return [
        name
        for folder in folders
        for name in _files_in(directory, folder)
        if name not in names and os.path.realpath(directory / name) not in passed_over
    ]


def _files_in(directory: Path, folder: str) -> Iterator[str]:
    try:
        with os.scandir(directory / folder) as found:
            names = sorted(each.name for each, _ in zip(found, range(MOST_UNLISTED), strict=False))
    except OSError:  # what is listed there is missing, and said to be
        return
    for name in names:
        path = f"{folder}/{name}" if folder else name
        if not (directory / path).is_dir():
            yield path


def _check(entry: Entry, inside: Path) -> ListedFile:
    try:
        path = (inside / entry.name).resolve()
        if not path.is_relative_to(inside):
            leads = f"it leads out of the directory, to {printable(str(path))}"
            return ListedFile(entry, FileState.REFUSED, detail=leads)
        return _hash(entry, path)
    except FileNotFoundError:
        return ListedFile(entry, FileState.MISSING)
    except NotADirectoryError:
        return ListedFile(entry, FileState.MISSING)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        reason = getattr(error, "strerror", None) or "its links lead in a circle"
        return ListedFile(entry, FileState.UNREADABLE, detail=reason)


def _hash(entry: Entry, path: Path) -> ListedFile:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ListedFile(entry, FileState.REFUSED, detail="it is no ordinary file")
        found, size = _digest(descriptor, entry.algorithm)
    finally:
        os.close(descriptor)
    state = FileState.MATCHES if found == entry.digest else FileState.DIFFERS
    return ListedFile(entry, state, found, size)


def _digest(descriptor: int, algorithm: str) -> tuple[str, int]:
    """Return the digest of an open file, and how many octets it has."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    buffer = memoryview(bytearray(_AT_ONCE))
    size = 0
    while count := os.readv(descriptor, [buffer]):
        digest.update(buffer[:count])
        size += count
    return digest.hexdigest(), size


def unreadable(file: ListedFile) -> WorkError:
    """Return the error that a file could not be read."""
    return WorkError(
        f"{printable(file.entry.name)} could not be read: {file.detail}",
        hint="Check its permissions and the disk, then check again.",
    )
