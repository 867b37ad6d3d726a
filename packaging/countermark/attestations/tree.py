"""A tree of attestations as it lies on the disk: ``VERSION/SIGNER/LIST.SHA256SUMS`` and ``.asc``.

Everything in it came from strangers. Links are never followed, sizes and counts are bounded, and
what is not part of the layout is named and not read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from countermark.errors import ConfigurationError, WorkError, missing, nearest
from countersign.escaping import printable

__all__ = ["KEYS", "LISTS", "Folder", "ListName", "StoredList", "find_versions", "read_version"]

ListName: TypeAlias = Literal["noncodesigned", "all"]
"""What anyone can build, and everything, codesigned files included."""

LISTS: Final[tuple[ListName, ...]] = ("noncodesigned", "all")
KEYS: Final = "builder-keys"
"""The folder of the builders' keys, as guix.sigs calls it."""

_MOST_ENTRIES: Final = 20_000
"""Of one directory; guix.sigs has a hundred versions and two dozen signers of each."""
_MOST_BYTES: Final = 1 << 20
"""Of one list or signature; a real list has 3 KB."""
_VERSION: Final = re.compile(r"v?([0-9]{1,9}(?:\.[0-9]{1,9}){0,5})(?:rc([0-9]{1,9}))?")
_SUFFIX: Final = ".SHA256SUMS"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredList:
    """One list with its signature, as bytes."""

    path: str
    """Below the tree, as ``VERSION/SIGNER/LIST.SHA256SUMS``."""
    signer: str
    list: ListName
    content: bytes
    signature: bytes | None
    """None when there is none."""
    problem: str = ""
    """Why it or its signature could not be read; the bytes are empty then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Everything below one version."""

    version: str
    lists: tuple[StoredList, ...]
    odd: tuple[str, ...]
    """Paths below the tree that are not part of the layout."""


def find_versions(tree: Path, wanted: str | None) -> tuple[str, ...]:
    """Return the versions to look at, the oldest first: the newest one, one by name, or ``all``.

    Raises :class:`ConfigurationError` when there is none, and :class:`OSError`.
    """
    if not tree.is_dir():
        raise missing(tree) if not tree.exists() else _no_tree(tree, "it is not a directory")
    found = sorted(_versions(tree), key=_age)
    if not found:
        raise _no_tree(tree, "no VERSION/SIGNER/all.SHA256SUMS is in it")
    if wanted == "all":
        return tuple(found)
    if wanted is None:
        return (found[-1],)
    if wanted not in found:
        raise ConfigurationError(
            f"{tree} has no attestations of {printable(wanted)[:100]!r}{nearest(wanted, found)}",
            hint="See what there is with --version all.",
        )
    return (wanted,)


def read_version(tree: Path, version: str) -> Folder:
    """Read every list and signature of a version. Raises :class:`OSError`."""
    lists: list[StoredList] = []
    odd: list[str] = []
    for entry in _entries(tree / version):
        place = f"{version}/{entry.name}"
        if not entry.is_dir(follow_symlinks=False):
            odd.append(place)
            continue
        names = {each.name: each for each in _entries(Path(entry.path))}
        for name in LISTS:
            if f"{name}{_SUFFIX}" in names:
                lists.append(_read_list(tree, place, entry.name, name))
        known = {f"{name}{_SUFFIX}" for name in LISTS if f"{name}{_SUFFIX}" in names}
        known |= {f"{name}.asc" for name in known}
        odd += (f"{place}/{name}" for name in sorted(names.keys() - known))
        odd += () if names else (f"{place}/",)
    return Folder(version=version, lists=tuple(lists), odd=tuple(odd))


def _versions(tree: Path) -> Iterator[str]:
    """Yield the directories that hold directories with lists."""
    for entry in _entries(tree):
        if entry.name == KEYS or entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False) and _holds_lists(Path(entry.path)):
            yield entry.name


def _holds_lists(version: Path) -> bool:
    return any(
        each.name.endswith(_SUFFIX)
        for entry in _entries(version)
        if entry.is_dir(follow_symlinks=False)
        for each in _entries(Path(entry.path))
    )


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    """List a directory by the bytes of the names."""
    with os.scandir(directory) as scan:
        entries = [entry for _, entry in zip(range(_MOST_ENTRIES + 1), scan, strict=False)]
    if len(entries) > _MOST_ENTRIES:
        raise WorkError(
            f"{directory} has more than {_MOST_ENTRIES:,} entries",
            hint="Name a tree such as guix.sigs.",
        )
    return sorted(entries, key=lambda entry: os.fsencode(entry.name))


def _read_list(tree: Path, place: str, signer: str, name: ListName) -> StoredList:
    path = f"{place}/{name}{_SUFFIX}"
    try:
        content = _read(tree / path)
        signature = _read(tree / f"{path}.asc") if os.path.lexists(tree / f"{path}.asc") else None
    except ValueError as error:
        return StoredList(
            path=path, signer=signer, list=name, content=b"", signature=None, problem=str(error)
        )
    return StoredList(path=path, signer=signer, list=name, content=content, signature=signature)


def _read(path: Path) -> bytes:
    """Read a small regular file. Raises :class:`ValueError` with the reason when it is another."""
    descriptor = -1
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f"{path.name} is no regular file")
        with open(descriptor, "rb", closefd=False) as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        reason = "is a symbolic link" if path.is_symlink() else f"cannot be read: {error.strerror}"
        raise ValueError(f"{path.name} {reason}") from error
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{path.name} has more than {_MOST_BYTES >> 20} MiB")
    return content


def _age(version: str) -> tuple[int, tuple[int, ...], float, str]:
    """Sort releases by number, candidates before their release, and what is no release first."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return 0, (), 0, version
    numbers = [int(part) for part in match[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return 1, tuple(numbers), float(match[2] or "inf"), version


def _no_tree(tree: Path, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"{tree} is no tree of attestations: {problem}",
        hint="Name a clone of guix.sigs, or what `countermark attest --sigs` wrote into.",
    )
