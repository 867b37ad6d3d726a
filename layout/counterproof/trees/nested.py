"""The files of an archive and of the archives in it, in one pass and bounded memory.

What is compressed without being a tar holds one file, which is called as unpacking would call it.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, NamedTuple, TypeAlias

from counterproof.errors import HostileArchiveError, TreeError
from counterproof.trees.ahead import ahead
from counterproof.trees.content import CHUNK, Shelf, spool
from counterproof.trees.entry import Entry, Kind
from counterproof.trees.format import ArchiveFormat, identify_start, starts_archive
from counterproof.trees.gzipped import plain_pieces
from counterproof.trees.safety import Budget, telling_damage
from counterproof.trees.tarball import DAMAGE, TarMember, read_tar
from counterproof.trees.zipball import ZipMember, open_zip, read_zip
from counterproof.trees.zstd import plain_blocks
from countersign.source import Source

__all__ = [
    "HEAD",
    "MAX_NESTING",
    "ArchivedFile",
    "Opened",
    "Passed",
    "PieceStream",
    "Unread",
    "open_plain",
    "starts_tar",
    "walk_nested",
]

MAX_NESTING: Final = 5
"""Archives that stand in one another, the outermost one counted."""
HEAD: Final = 1 << 16
"""Bytes by which it is told what a file is: all headers of an image, and its first slice's."""

_SUFFIXES: Final = (".gz", ".zst", ".zstd")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedFile:
    """A file, to be looked at before the next one is asked for."""

    names: tuple[str, ...]
    """Its path in each of the archives that it stands in, the outermost one's first."""
    entry: Entry
    """What the innermost of them says of it."""
    head: bytes
    """Its first :data:`HEAD` bytes."""
    stream: PieceStream
    shelf: Shelf

    def content(self) -> AbstractContextManager[Source]:
        """Take all of it, for as long as the context lasts.

        Raises :class:`TreeError` for what cannot be read, as reading the stream does.
        """
        return self.shelf.hold(self.stream.pieces())


class Opened(NamedTuple):
    """A file that is an archive, before it is looked into."""

    names: tuple[str, ...]
    entry: Entry
    stream: PieceStream
    """Its bytes, which may be watched; all of them pass by."""


class Passed(NamedTuple):
    """A directory or a link."""

    names: tuple[str, ...]
    entry: Entry


class Unread(NamedTuple):
    """A file that is an archive by its content, and could not be read."""

    names: tuple[str, ...]
    error: TreeError


_Walk: TypeAlias = "Generator[ArchivedFile | Opened | Passed | Unread, None, None]"


def walk_nested(path: Path) -> _Walk:
    """Give what the archive at ``path`` holds, and behind archives in it what they hold.

    An archive in another one that cannot be read does not end the walk, unless the outer one cannot
    be read either. Raises :class:`TreeError`, and no other error.
    """
    with telling_damage(str(path), DAMAGE):
        file = path.open("rb")
    with file:
        stream = _FileStream(file, str(path))
        form = identify_start(stream.head(), str(path))
        if form is not None:
            yield from _archive(form, stream, _Place((), path.name, Budget(str(path)), Shelf()))


@contextmanager
def open_plain(path: Path, form: ArchiveFormat) -> Iterator[PieceStream]:
    """Open the plain bytes of a tar, which are decompressed, as ``form`` says, on another core.

    Raises :class:`TreeError`, as reading them does.
    """
    with telling_damage(str(path), DAMAGE):
        file = path.open("rb")
    with file:
        stream = _FileStream(file, str(path))
        if form is ArchiveFormat.TAR:
            yield stream
            return
        with closing(ahead(_decompressed(form, stream, str(path)))) as plain:
            yield PieceStream(plain)


class PieceStream:
    """A file in pieces, as it comes out of an archive, that can be looked at before it is read."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._ready = b""
        self._at = 0
        """Where in what is ready that begins which was not read yet."""

    def head(self) -> bytes:
        """Look at the first :data:`HEAD` bytes that were not read yet."""
        while (
            len(self._ready) - self._at < HEAD and (piece := next(self._pieces, None)) is not None
        ):
            rest = self._ready[self._at :]
            self._ready, self._at = rest + piece if rest else piece, 0
        return self._ready[self._at : self._at + HEAD]

    def read(self, size: int, /) -> bytes:
        """Read up to ``size`` bytes, as many as are ready; none only at the end."""
        while self._at == len(self._ready):
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._ready, self._at = piece, 0
        data = self._ready[self._at : self._at + size]
        self._at += len(data)
        return data

    def pieces(self) -> Iterator[bytes]:
        """Read the rest, as it comes."""
        ready, self._ready, self._at = self._ready[self._at :], b"", 0
        yield ready
        yield from self._pieces

    def watch(self, see: Callable[[bytes], object]) -> None:
        """Show everything that was not read yet, as it is read."""
        see(self._ready[self._at :])
        self._pieces = _shown(self._pieces, see)

    def seekable_file(self) -> AbstractContextManager[IO[bytes]]:
        """Give the whole file to be read in any order."""
        return spool(self.pieces())


class _ExactReader(NamedTuple):
    """Reads all that is asked for, and less only at the end."""

    stream: PieceStream

    def read(self, size: int, /) -> bytes:
        data = self.stream.read(size)
        while len(data) < size and (more := self.stream.read(size - len(data))):
            data += more
        return data


class _FileStream(PieceStream):
    """A file on disk."""

    def __init__(self, file: IO[bytes], source: str) -> None:
        super().__init__(_read_all(file, source))
        self._file = file

    def seekable_file(self) -> AbstractContextManager[IO[bytes]]:
        return nullcontext(self._file)


class _Place(NamedTuple):
    """Where in archives a file stands."""

    names: tuple[str, ...]
    name: str
    """Its own base name."""
    budget: Budget
    """Its own, in case that it is an archive."""
    shelf: Shelf

    def inside(self, name: str) -> _Place:
        base, budget = PurePosixPath(name).name, self.budget.inside(name)
        return _Place((*self.names, name), base, budget, self.shelf)


def _file(stream: PieceStream, entry: Entry, outer: _Place) -> _Walk:
    """Give a file, and behind it what it holds when it is an archive."""
    place = outer.inside(str(entry.path))
    head = stream.head()
    if not starts_archive(head):
        yield ArchivedFile(
            names=place.names, entry=entry, head=head, stream=stream, shelf=place.shelf
        )
        return
    yield Opened(place.names, entry, stream)
    try:
        yield from _inside(stream, place)
    except TreeError as error:
        if error.path != place.budget.path:  # what it stands in cannot be read
            raise
        yield Unread(place.names, error)
    for _ in stream.pieces():
        pass


def _inside(stream: PieceStream, place: _Place) -> _Walk:
    source = place.budget.path
    form = identify_start(stream.head(), source)
    if len(place.names) >= MAX_NESTING:
        raise HostileArchiveError(source, f"more than {MAX_NESTING} archives are in one another")
    if form is not None:
        yield from _archive(form, stream, place)


def _archive(form: ArchiveFormat, stream: PieceStream, place: _Place) -> _Walk:
    if form is ArchiveFormat.ZIP:
        yield from _zip(stream, place)
    elif form is ArchiveFormat.TAR:
        yield from _tar(stream, place)
    else:
        pieces = _decompressed(form, stream, place.budget.path)
        with closing(pieces if place.names else ahead(pieces)) as plain:
            yield from _compressed(PieceStream(plain), place)


def _compressed(plain: PieceStream, place: _Place) -> _Walk:
    if starts_tar(plain.head()):
        yield from _tar(plain, place)
    else:
        single = PieceStream(_spending(plain.pieces(), place.budget))
        name = PurePosixPath(_without_suffix(place.name))
        yield from _file(single, Entry(path=name, kind=Kind.FILE, mode=None), place)


def _tar(stream: PieceStream, place: _Place) -> _Walk:
    for member in read_tar(stream, place.budget):
        yield from _entry(member, place)


def _zip(stream: PieceStream, place: _Place) -> _Walk:
    with stream.seekable_file() as file, open_zip(file, place.budget.path) as archive:
        for member in read_zip(archive, place.budget):
            yield from _entry(member, place)


def _entry(member: TarMember | ZipMember, place: _Place) -> _Walk:
    if member.entry.kind is Kind.FILE:
        yield from _file(PieceStream(member.chunks()), member.entry, place)
    else:
        yield Passed((*place.names, str(member.entry.path)), member.entry)


def _decompressed(
    form: ArchiveFormat, stream: PieceStream, source: str
) -> Generator[bytes, None, None]:
    with telling_damage(source, DAMAGE):
        if form is ArchiveFormat.TAR_ZST:
            yield from plain_blocks(_ExactReader(stream), source)
        else:
            yield from plain_pieces(stream.pieces())


def _read_all(file: IO[bytes], source: str) -> Iterator[bytes]:
    with telling_damage(source, DAMAGE):
        while piece := file.read(CHUNK):
            yield piece


def _shown(pieces: Iterator[bytes], see: Callable[[bytes], object]) -> Iterator[bytes]:
    for piece in pieces:
        see(piece)
        yield piece


def _spending(pieces: Iterable[bytes], budget: Budget) -> Iterator[bytes]:
    for piece in pieces:
        budget.spend_bytes(len(piece))
        yield piece


def starts_tar(data: bytes) -> bool:
    """Tell a tar by the check sum of its first header, which those without a magic have too."""
    try:
        tarfile.TarInfo.frombuf(data[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _without_suffix(name: str) -> str:
    return next((name[: -len(each)] for each in _SUFFIXES if name.endswith(each)), name) or name
