"""Looking at an image while it passes by once, as the members of archives do.

What is hashed by pages is hashed on the way, and its bytes are dropped: memory does not grow with
the image, and holding it would take as long as hashing it. Which digests the signature at its end
will ask for is foreseen by the room that the load commands set aside for it. Whoever needs other
bytes is told so by :class:`ForgottenError`, and has to look at all of the image once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from countersign.digest import HashType
from countersign.errors import FormatError
from countersign.macho.fat import MAX_TABLE, parse_fat, starts_fat
from countersign.macho.header import HEADER_SIZE, parse_header
from countersign.macho.slice import MAX_COMMANDS_SIZE, SignatureCommand, Slice, parse_slice
from countersign.pagehash import hash_pages, page_count
from countersign.signature import MAX_SIGNATURE
from countersign.source import PassedSource

__all__ = ["let_pass"]

MAX_INFO_PLIST: Final = 1 << 20
"""Bytes of an embedded Info.plist that is kept."""
ENOUGH: Final = 1 << 16
"""Bytes that are hashed at a time at least, but for the last ones."""
MAX_GAP: Final = 1 << 20
"""Bytes that are kept of what lies between two slices."""
ENDLESS: Final = 1 << 62
SMALL, LARGE = 0x1000, 0x4000


class _Hashing(NamedTuple):
    page_size: int
    hash_type: HashType


def let_pass(pieces: Iterable[bytes]) -> PassedSource:
    """Read a whole image to its end, and keep of it what its verification asks for.

    Raises what ``pieces`` raises, and nothing else, whatever the bytes are.
    """
    passing = _Passing(pieces)
    for start, size in _slices(memoryview(passing.peek(MAX_TABLE))):
        if start >= passing.at:
            passing.keep(min(start - passing.at, MAX_GAP))
            passing.drop(start - passing.at)
            _pass_slice(passing, size)
            passing.drop(start + size - passing.at)
    passing.drop(ENDLESS)
    return PassedSource(passing.at, passing.kept, passing.digests)


def _slices(head: memoryview) -> list[tuple[int, int]]:
    """Give start and size of every slice, in file order; a thin image is one without an end."""
    if not starts_fat(head):
        return [(0, ENDLESS)]
    try:
        return sorted((arch.offset, arch.size) for arch in parse_fat(head))
    except FormatError:
        return []


def _pass_slice(passing: _Passing, size: int) -> None:
    """Let one slice pass by, to the end of its signature; not one that makes no sense."""
    start, head = passing.at, passing.peek(min(MAX_TABLE, size))
    try:
        end = parse_header(memoryview(head)).commands_end
        if end > len(head):
            head = passing.peek(min(end, HEADER_SIZE + MAX_COMMANDS_SIZE, size))
        thin = parse_slice(memoryview(head), size=size)
    except FormatError:
        return
    passing.kept.append((start, head))
    command = thin.signature
    if command is not None and command.data_end <= size:
        passing.hash(command.data_offset, tuple(_foreseen(thin, command)), thin)
        passing.keep(min(command.data_size, MAX_SIGNATURE))


def _foreseen(thin: Slice, command: SignatureCommand) -> Iterator[_Hashing]:
    """Say which digests the signature holds, by how many there is room for.

    Where there is room for those of small pages, an arm64 slice may have large ones all the same:
    an older signature took the room.
    """
    one, both = HashType.SHA256.size, HashType.SHA256.size + HashType.SHA1.size
    small, large = (page_count(command.data_offset, size) for size in (SMALL, LARGE))
    room = command.data_size
    if room >= small * one:
        yield _Hashing(SMALL, HashType.SHA256)
    if room >= small * both and not thin.is_arm64:
        yield _Hashing(SMALL, HashType.SHA1)
    if thin.is_arm64:
        yield _Hashing(LARGE, HashType.SHA256)
    if thin.is_arm64 and large * both <= room < small * one:
        yield _Hashing(LARGE, HashType.SHA1)


class _Passing:
    """A file on its way."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._ready = b""
        self.at = 0
        """How many bytes have passed."""
        self.kept: list[tuple[int, bytes]] = []
        self.digests: dict[tuple[int, int, int, int], bytes] = {}

    def peek(self, size: int) -> bytes:
        """Look at the next bytes; fewer only at the end."""
        while len(self._ready) < size and (piece := next(self._pieces, None)) is not None:
            self._ready += piece
        return self._ready[:size]

    def take(self, size: int) -> Iterator[bytes]:
        """Let the next bytes pass by; fewer only at the end."""
        while size > 0:
            piece = self._ready or next(self._pieces, None)
            if piece is None:
                return
            part, self._ready = piece[:size], piece[size:]
            self.at += len(part)
            size -= len(part)
            yield part

    def keep(self, size: int) -> None:
        """Let the next bytes pass by, and keep them."""
        start = self.at
        data = b"".join(self.take(size))
        if data:
            self.kept.append((start, data))

    def drop(self, size: int) -> None:
        """Let the next bytes pass by."""
        for _ in self.take(size):
            pass

    def hash(self, size: int, hashings: Sequence[_Hashing], thin: Slice) -> None:
        """Let the next bytes pass by, hash their pages, and keep the Info.plist among them."""
        start, plist = self.at, _Span(thin)
        digests: list[list[bytes]] = [[] for _ in hashings]
        for pages in _whole_pages(plist.watch(self.take(size))):
            for each, known in zip(hashings, digests, strict=True):
                known.append(hash_pages(pages, *each))
        self.kept += plist.found(start)
        if self.at - start == size:
            for each, known in zip(hashings, digests, strict=True):
                self.digests[start, size, *each] = b"".join(known)


class _Span:
    """Where an embedded Info.plist is, and what passed by of it."""

    def __init__(self, thin: Slice) -> None:
        section = thin.info_plist
        self._start = section.offset if section is not None else 0
        self._size = section.size if section is not None and section.size <= MAX_INFO_PLIST else 0
        self._data = b""

    def watch(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        at = 0
        for piece in pieces:
            first, last = self._start - at, self._start + self._size - at
            if self._size and first < len(piece) and last > 0:
                self._data += piece[max(first, 0) : last]
            at += len(piece)
            yield piece

    def found(self, base: int) -> list[tuple[int, bytes]]:
        """Give it with its place in the file, which ``base`` is the start of the slice in."""
        return [(base + self._start, self._data)] if self._data else []


def _whole_pages(pieces: Iterable[bytes]) -> Iterator[memoryview]:
    """Divide a range anew, at the ends of large pages; only the last part may be short or small."""
    ready: list[memoryview] = []
    size = 0
    for piece in pieces:
        view = memoryview(piece)
        if size + len(view) >= ENOUGH:
            missing = -size % LARGE
            yield memoryview(b"".join([*ready, view[:missing]]))
            view = view[missing:]
            whole = len(view) // LARGE * LARGE
            yield view[:whole]
            view, ready, size = view[whole:], [], 0
        ready.append(view)
        size += len(view)
    yield memoryview(b"".join(ready))
