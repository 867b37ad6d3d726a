"""The front door: bundles in a tree or an archive that somebody else walks.

Whoever walks an archive tells a :class:`BundleReader` of every entry, in any order, and gives it
the content of files while it is at hand; nothing but digests and a few small files is kept. Of a
directory on disk :meth:`BundleReader.read_directory` takes note by itself. In the end
:meth:`BundleReader.findings` says what is wrong with the bundles, by the path of their main
programs, and :func:`countersign.bundle.verdict.with_bundle` puts that into a program's verdict::

    reader = BundleReader()
    for member in walk(archive):
        if may_lie_in_bundle(member.path):
            reader.add_program(member.path, member.source)    # or add_file, add_link, ...
    for path, findings in reader.findings().items():
        verdicts[path] = with_bundle(verdicts[path], findings)

Every path for which there are findings is one of a signed Mach-O, so it has a verdict of its own.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from typing import Final

from countersign.bundle.candidates import BETRAYERS, may_lie_in_bundle
from countersign.bundle.content import FileContent, SeenContent
from countersign.bundle.layout import find_bundles
from countersign.bundle.listing import Item, ItemKind, Listing
from countersign.bundle.program import read_program
from countersign.bundle.resources import MAX_SIZE
from countersign.checks.bundle import check_bundle
from countersign.errors import ReadError
from countersign.findings import Finding
from countersign.source import Source
from countersign.window import Window

__all__ = ["BundleReader"]

MAX_KEPT: Final = 64 << 20
"""Bytes of all files that are kept of one archive."""

_KINDS: Final = {
    stat.S_IFREG: ItemKind.FILE,
    stat.S_IFDIR: ItemKind.DIRECTORY,
    stat.S_IFLNK: ItemKind.LINK,
}


class BundleReader:
    """Takes note of what bundles are judged by."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._latest: SeenContent | None = None
        self._kept = 0
        """Bytes that are kept of all files before the latest."""

    def add_program(self, path: PurePosixPath, source: Source, *, executable: bool = False) -> None:
        """Take note of a file that may be a Mach-O. Raises what the source raises."""
        window = Window(source)
        seen = self.add_file(path, executable=executable)
        for piece in window.pieces():
            seen.update(piece)
        seen.slices = read_program(window)

    def add_file(self, path: PurePosixPath, *, executable: bool = False) -> SeenContent:
        """Take note of a file that is no Mach-O, and is given to the result in pieces."""
        self._kept += self._latest.kept if self._latest else 0
        room = min(MAX_SIZE, MAX_KEPT - self._kept) if path.name in BETRAYERS else 0
        seen = self._latest = SeenContent(room)
        self._add(path, Item(kind=ItemKind.FILE, executable=executable, content=seen))
        return seen

    def add_link(self, path: PurePosixPath, target: str) -> None:
        """Take note of a symbolic link."""
        self._add(path, Item(kind=ItemKind.LINK, target=target))

    def add_directory(self, path: PurePosixPath) -> None:
        """Take note of a directory; those that something lies in need not be named."""
        self._add(path, Item(kind=ItemKind.DIRECTORY))

    def add_other(self, path: PurePosixPath) -> None:
        """Take note of something that is neither a file nor a directory nor a link."""
        self._add(path, Item(kind=ItemKind.OTHER))

    def add_hard_link(self, path: PurePosixPath, target: PurePosixPath) -> None:
        """Take note of another name of a file that was there before; it may be unknown."""
        self._add(path, self._items.get(target.as_posix(), Item(kind=ItemKind.FILE)))

    def read_directory(self, top: Path) -> None:
        """Take note of everything below a directory; files are read when they are asked about.

        The top itself may be a bundle. Raises :class:`ReadError` when a directory cannot be read.
        """
        name_of_top = top.resolve().name

        def unreadable(error: OSError) -> None:
            raise ReadError(f"{error.filename}: {error.strerror}") from error

        for folder, folders, names in os.walk(top, onerror=unreadable):
            for name in (*folders, *names):
                place = Path(folder, name)
                path = PurePosixPath(place.relative_to(top).as_posix())
                if may_lie_in_bundle(path, name_of_top):
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
