"""The contents of a few members of an archive or a directory, and of no others."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple, TypeAlias

from counterproof.trees.content import Shelf
from counterproof.trees.entry import Kind
from counterproof.trees.format import ArchiveFormat, identify_archive
from counterproof.trees.nested import open_plain
from counterproof.trees.safety import Budget, telling_damage
from counterproof.trees.tarball import read_tar
from counterproof.trees.tree import walk
from counterproof.trees.zipball import DAMAGE, open_zip, read_zip
from countersign.source import Source

__all__ = ["Content", "read_contents"]


_HELD: Final = 32 << 20
"""Bytes of the largest file that is held in memory, on either side."""


class Content(NamedTuple):
    """A file, to be looked at before the next one is asked for."""

    path: PurePosixPath
    source: Source


_Contents: TypeAlias = Generator[Content, None, None]
_Wanted: TypeAlias = Callable[[PurePosixPath], bool]


def read_contents(path: Path, wanted: _Wanted) -> _Contents:
    """Give the files that are ``wanted``, in their order; the paths are those that are stored.

    Raises :class:`TreeError`, and no other error.
    """
    if path.is_dir():
        yield from _in_directory(path, wanted)
        return
    form = identify_archive(path)
    yield from _in_zip(path, wanted) if form is ArchiveFormat.ZIP else _in_tar(path, form, wanted)


def _in_directory(path: Path, wanted: _Wanted) -> _Contents:
    for member in walk(path):
        if member.entry.kind is Kind.FILE and wanted(member.entry.path):
            yield Content(member.entry.path, member.content)


def _in_tar(path: Path, form: ArchiveFormat, wanted: _Wanted) -> _Contents:
    shelf = Shelf(_HELD)
    with open_plain(path, form) as stream:
        for member in read_tar(stream, Budget(str(path))):
            if member.entry.kind is Kind.FILE and wanted(member.entry.path):
                with shelf.hold(member.chunks()) as source:
                    yield Content(member.entry.path, source)


def _in_zip(path: Path, wanted: _Wanted) -> _Contents:
    shelf = Shelf(_HELD)
    with (
        telling_damage(str(path), DAMAGE),
        path.open("rb") as file,
        open_zip(file, str(path)) as archive,
    ):
        for member in read_zip(archive, Budget(str(path))):
            if member.entry.kind is Kind.FILE and wanted(member.entry.path):
                with shelf.hold(member.chunks()) as source:
                    yield Content(member.entry.path, source)
