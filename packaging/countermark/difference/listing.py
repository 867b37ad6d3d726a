"""What one of the two holds: every member with its digest, and how it is stored."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from countermark.difference.compressors import compressor_of
from countermark.difference.tarframe import TarFrame, tar_frame
from countermark.difference.zipframe import Field, ZipFrame, zip_frames, zip_leftovers
from counterproof.errors import TreeError
from counterproof.trees.entry import Entry, Kind, Member
from counterproof.trees.format import ArchiveFormat, identify_archive
from counterproof.trees.nested import PieceStream, open_plain
from counterproof.trees.safety import Budget, telling_damage
from counterproof.trees.tarball import read_tar
from counterproof.trees.tree import split_prefix, walk
from counterproof.trees.zipball import DAMAGE, expect_end, open_zip, read_zip
from countersign.errors import SigningError

__all__ = ["DIRECTORY", "Frame", "Item", "Listing", "list_tree"]

DIRECTORY: Final = "directory"
_CHUNK: Final = 1 << 18

Frame: TypeAlias = TarFrame | ZipFrame | None
"""How a member is stored; None in a directory."""


class Item(NamedTuple):
    """One member."""

    entry: Entry
    """Its path counts from the directory that everything stands in."""
    digest: str
    """SHA-256 of a file in 64 hexadecimal digits; empty for everything else."""
    frame: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Everything in a directory or an archive, in its order."""

    form: str
    """``directory``, or an :class:`ArchiveFormat`."""
    prefix: str | None = None
    """The one directory that everything stands in."""
    items: tuple[Item, ...] = ()
    content_sha256: str | None = None
    """Of the tar inside."""
    compressor: str | None = None
    end: str | None = None
    """How many zeros end a tar, in words that do not depend on the sizes of members."""
    leftovers: tuple[Field, ...] = ()
    """What a zip holds besides its members."""

    @property
    def family(self) -> str:
        """``directory``, ``tar`` or ``zip``: within one, everything can be compared."""
        return self.form.partition(".")[0]


def list_tree(path: Path) -> Listing:
    """Read a directory or an archive once, in bounded memory.

    Raises :class:`TreeError` for what cannot be read, is damaged, or should not be unpacked.
    """
    if path.is_dir():
        return _with_prefix(Listing(form=DIRECTORY), _directory_items(path))
    form = identify_archive(path)
    if form is ArchiveFormat.ZIP:
        return _list_zip(path)
    return _list_tar(path, form)


def _directory_items(path: Path) -> Iterator[Item]:
    for member in walk(path):
        is_file = member.entry.kind is Kind.FILE
        yield Item(member.entry, _digest(path, member) if is_file else "", None)


def _list_tar(path: Path, form: ArchiveFormat) -> Listing:
    passing = _Passing()
    with open_plain(path, form) as stream:
        stream.watch(passing.see)
        items = tuple(_tar_items(stream, Budget(str(path))))
    stored = sum(item.frame.stored for item in items if isinstance(item.frame, TarFrame))
    return _with_prefix(
        Listing(
            form=form,
            content_sha256=passing.digest.hexdigest(),
            compressor=compressor_of(path, form),
            end=_zeros(passing.size, stored),
        ),
        items,
    )


def _tar_items(stream: PieceStream, budget: Budget) -> Iterator[Item]:
    for member in read_tar(stream, budget):
        digest = _hashed(member.chunks()) if member.entry.kind is Kind.FILE else ""
        yield Item(member.entry, digest, tar_frame(member))


def _list_zip(path: Path) -> Listing:
    with (
        telling_damage(str(path), DAMAGE),
        path.open("rb") as file,
        open_zip(file, str(path)) as archive,
    ):
        expect_end(file, archive)
        frames = zip_frames(file, archive)
        items = []
        for member, frame in zip(read_zip(archive, Budget(str(path))), frames, strict=True):
            digest = _hashed(member.chunks()) if member.entry.kind is Kind.FILE else ""
            items.append(Item(member.entry, digest, frame))
        leftovers = zip_leftovers(file, archive)
    form = ArchiveFormat.ZIP
    listing = Listing(form=form, compressor=compressor_of(path, form), leftovers=leftovers)
    return _with_prefix(listing, items)


def _zeros(size: int, stored: int) -> str:
    """Describe what stands behind the members: zeros, for nothing else is read there."""
    least = 2 * tarfile.BLOCKSIZE
    if size % tarfile.RECORDSIZE == 0 and least <= size - stored < least + tarfile.RECORDSIZE:
        return f"up to a multiple of {tarfile.RECORDSIZE:,} bytes"
    return f"{size - stored:,} bytes"


class _Passing:
    """What is taken of a stream that passes by."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.size = 0

    def see(self, piece: bytes) -> None:
        """Take note of the next bytes."""
        self.digest.update(piece)
        self.size += len(piece)


def _with_prefix(listing: Listing, items: Iterable[Item]) -> Listing:
    """Take the one directory that all members stand in off their paths."""
    listed = tuple(items)
    prefix, entries = split_prefix([item.entry for item in listed])
    return replace(
        listing,
        prefix=prefix,
        items=tuple(
            item._replace(entry=entry) for item, entry in zip(listed, entries, strict=True)
        ),
    )


def _hashed(chunks: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _digest(path: Path, member: Member) -> str:
    content = member.content
    sizes = ((at, min(_CHUNK, content.size - at)) for at in range(0, content.size, _CHUNK))
    try:
        return _hashed(content.view(at, size) for at, size in sizes)
    except SigningError as error:
        raise TreeError(str(path), str(error), member=str(member.entry.path)) from error
