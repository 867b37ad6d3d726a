"""The front door: bundles in a tree or an archive that somebody else walks.

Whoever walks an archive tells a :class:`BundleReader` of every entry, in any order, with the
content of files while it is at hand; nothing but digests and a few small files is kept. Of a
directory on disk :meth:`BundleReader.read_directory` takes note by itself. In the end
:meth:`BundleReader.findings` says what is wrong with the bundles, by the path of their main
programs, and :func:`with_bundle` puts that into the verdict about such a program::

    reader = BundleReader()
    for member in walk(archive):
        reader.add_file(member.path, member.source, executable=...)    # or add_link, ...
    for path, findings in reader.findings().items():
        verdicts[path] = with_bundle(verdicts[path], findings)

Every path for which there are findings is one of a signed Mach-O, so it has a verdict of its own.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from countersign.bundle.content import FileContent, SeenContent
from countersign.bundle.layout import find_bundles
from countersign.bundle.listing import Item, ItemKind, Listing
from countersign.bundle.resources import MAX_SIZE
from countersign.checks.bundle import check_bundle
from countersign.errors import ReadError
from countersign.findings import FileVerdict, Finding
from countersign.source import Source
from countersign.window import Window

__all__ = ["BundleReader", "with_bundle"]

MAX_KEPT: Final = 64 << 20
"""Bytes of all files that are kept of one archive."""

_KEPT: Final = frozenset({"Info.plist", "CodeResources"})
_EXTENSION: Final = re.compile(r".+\.[A-Za-z][A-Za-z0-9]*", re.DOTALL)
_INSIDE: Final = frozenset({"Contents", "Versions"})

_KINDS: Final = {
    stat.S_IFREG: ItemKind.FILE,
    stat.S_IFDIR: ItemKind.DIRECTORY,
    stat.S_IFLNK: ItemKind.LINK,
}


class BundleReader:
    """Takes note of what bundles are judged by."""

    def __init__(self, name: str = "") -> None:
        """``name`` is that of the top itself, which may be a bundle."""
        self._name = name
        self._items: dict[str, Item] = {}
        self._kept = 0

    def wants(self, path: PurePosixPath) -> bool:
        """Tell whether a path may lie in a bundle, so that it is worth taking note of.

        Bundles have names with an extension, or are arranged as bundles are.
        """
        return any(map(_may_be_bundle, (self._name, *path.parts[:-1])))

    def add_file(self, path: PurePosixPath, source: Source, *, executable: bool = False) -> None:
        """Take note of a file, which is read once. Raises what the source raises."""
        if not self.wants(path):
            return
        window = Window(source)
        room = min(MAX_SIZE, MAX_KEPT - self._kept)
        keep = path.name in _KEPT and len(window) <= room
        self._kept += len(window) if keep else 0
        seen = SeenContent.of(window, keep=keep)
        self._add(path, Item(kind=ItemKind.FILE, executable=executable, content=seen))

    def add_link(self, path: PurePosixPath, target: str) -> None:
        """Take note of a symbolic link."""
        if self.wants(path):
            self._add(path, Item(kind=ItemKind.LINK, target=target))

    def add_directory(self, path: PurePosixPath) -> None:
        """Take note of a directory; those that something lies in need not be named."""
        if self.wants(path):
            self._add(path, Item(kind=ItemKind.DIRECTORY))

    def add_other(self, path: PurePosixPath) -> None:
        """Take note of something that is neither a file nor a directory nor a link."""
        if self.wants(path):
            self._add(path, Item(kind=ItemKind.OTHER))

    def add_hard_link(self, path: PurePosixPath, target: PurePosixPath) -> None:
        """Take note of another name of a file that was there before."""
        item = self._items.get(target.as_posix())
        if item is not None:
            self._add(path, item)

    def read_directory(self, top: Path) -> None:
        """Take note of everything below a directory; files are read when they are asked about.

        Raises :class:`ReadError` when a directory cannot be read.
        """

        def unreadable(error: OSError) -> None:
            raise ReadError(f"{error.filename}: {error.strerror}") from error

        for folder, folders, names in os.walk(top, onerror=unreadable):
            for name in (*folders, *names):
                place = Path(folder, name)
                path = PurePosixPath(place.relative_to(top).as_posix())
                if self.wants(path):
                    self._add(path, _item_on_disk(place))

    def findings(self) -> dict[PurePosixPath, tuple[Finding, ...]]:
        """Judge every bundle; give the findings, which may be none, by its main program.

        Raises :class:`SigningError` when a file on disk cannot be read, and nothing else.
        """
        listing = Listing(self._items)
        bundles = {bundle.root: bundle for bundle in find_bundles(listing)}
        found: dict[PurePosixPath, tuple[Finding, ...]] = {}
        for bundle in bundles.values():
            program = PurePosixPath(listing.resolve(bundle.program) or bundle.program)
            findings = tuple(check_bundle(listing, bundle, bundles))
            found[program] = found.get(program, ()) + findings
        return found

    def _add(self, path: PurePosixPath, item: Item) -> None:
        self._items["" if path == PurePosixPath() else path.as_posix()] = item


def with_bundle(verdict: FileVerdict, findings: Sequence[Finding]) -> FileVerdict:
    """Add the findings about a bundle to the verdict about its main program.

    That the bundle was not looked at is no longer true.
    """
    slices = tuple(
        replace(each, findings=tuple(one for one in each.findings if one.rule != "N5"))
        for each in verdict.slices
    )
    return replace(verdict, findings=(*verdict.findings, *findings), slices=slices)


def _may_be_bundle(folder: str) -> bool:
    return folder in _INSIDE or _EXTENSION.fullmatch(folder) is not None


def _item_on_disk(place: Path) -> Item:
    try:
        status = place.lstat()
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), ItemKind.OTHER)
        return Item(
            kind=kind,
            target=str(place.readlink()) if kind is ItemKind.LINK else "",
            executable=bool(status.st_mode & 0o111),
            content=FileContent(place) if kind is ItemKind.FILE else None,
        )
    except OSError as error:
        raise ReadError(f"{place}: {error.strerror}") from error
