"""Where two files differ, and whether it is in more than their signatures.

``signed = unsigned + signature`` is proved by taking the signatures of both off again, in thought:
what is left must be the same bytes. The size of __LINKEDIT in memory is left out of it, for signing
changes it and nothing but the linker knows what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from countersign.comparison.barecode import BareCode, bare_codes
from countersign.errors import FormatError, IncomparableError, NotSignableError
from countersign.macho.symbols import Symbols, read_symbols
from countersign.reading import Part, read_image
from countersign.source import Source, open_source
from countersign.window import Window

__all__ = ["Compared", "Difference", "compare", "compare_sources"]

MAX_DIFFERENCES: Final = 1000
"""Ranges that are told apart; more say no more."""
NEAR: Final = 16
"""Equal bytes between two differences that make them two."""
CHUNK: Final = 1 << 18
BLOCK: Final = 256

Read = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A range of bytes that are not the same."""

    where: str
    """Where it starts in the first file: the slice and its section or segment, or a phrase."""
    offset: int
    """From the start of the first file; of the slice, where signatures are left out."""
    size: int
    symbol: str | None = None
    """The function or variable of the first file that it starts in, such as ``_main+0x10``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What the comparison of two files gave."""

    differences: tuple[Difference, ...]
    complete: bool
    """False when there are more differences than are listed."""

    @property
    def equal(self) -> bool:
        """True when nothing differs that was compared."""
        return not self.differences


def compare(first: Path, second: Path, *, modulo_signature: bool = False) -> Compared:
    """Compare two files, byte by byte or, where both are Mach-O, without their signatures.

    Raises :class:`SigningError` for what cannot be read and, with ``modulo_signature``, for what
    is no Mach-O; :class:`IncomparableError` for other architectures.
    """
    with open_source(first) as one, open_source(second) as other:
        return compare_sources(one, other, modulo_signature=modulo_signature)


def compare_sources(one: Source, other: Source, *, modulo_signature: bool = False) -> Compared:
    """Compare two open files as :func:`compare` does, which raises the same."""
    found = _unsigned_differences(one, other) if modulo_signature else _differences(one, other)
    listed: list[Difference] = []
    for difference in found:
        if len(listed) == MAX_DIFFERENCES:
            return Compared(differences=tuple(listed), complete=False)
        listed.append(difference)
    return Compared(differences=tuple(listed), complete=True)


def _differences(one: Source, other: Source) -> Iterator[Difference]:
    try:
        parts = tuple(_Named(one, part) for part in read_image(one).parts)
    except (FormatError, NotSignableError):
        parts = ()
    for span in _ranges(one.read, one.size, other.read, other.size):
        if span.start >= one.size:
            yield Difference(where="only in the second file", offset=span.start, size=len(span))
            continue
        holder = next((each for each in parts if each.holds(span.start)), None)
        if holder is not None:
            yield holder.difference(span, span.start - holder.part.thin.base)
        else:
            where = "outside the slices" if parts else "the file"
            yield Difference(where=where, offset=span.start, size=len(span))


def _unsigned_differences(one: Source, other: Source) -> Iterator[Difference]:
    images = read_image(one), read_image(other)
    kinds = [[(arch.cputype, arch.cpusubtype) for arch in image.archs] for image in images]
    names = [[part.thin.arch for part in image.parts] for image in images]
    if names[0] != names[1] or kinds[0] != kinds[1]:
        raise IncomparableError(f"they hold {', '.join(names[0])} and {', '.join(names[1])}")
    for old, new in zip(bare_codes(one, images[0]), bare_codes(other, images[1]), strict=True):
        named = _Named(one, old.part)
        for span in _ranges(old.read, old.size, new.read, new.size):
            yield named.difference(span, span.start)
        yield from _behind_signatures(old, new)


def _behind_signatures(old: BareCode, new: BareCode) -> Iterator[Difference]:
    """Compare what follows the signatures and belongs to none; zeros there are padding."""
    tails = old.tail, new.tail
    if tails[0] != tails[1]:
        where = f"{old.part.thin.arch} behind the signature"
        size = max(map(len, tails))
        yield Difference(where=where, offset=old.size, size=size)


class _Named:
    """A slice in which places have names; its symbols are read when the first one is wanted."""

    def __init__(self, source: Source, part: Part) -> None:
        self._data = Window(source, part.thin.base, part.thin.base + part.thin.size)
        self._symbols: Symbols | None = None
        self.part = part

    def holds(self, offset: int) -> bool:
        """Tell whether a byte of the file belongs to the slice."""
        return self.part.thin.base <= offset < self.part.thin.base + self.part.thin.size

    def difference(self, span: range, offset: int) -> Difference:
        """Say what differs; ``offset`` is where it starts in the slice."""
        where, has_symbols = _place(self.part, offset)
        symbol = self._read_symbols().text_at(offset) if has_symbols else None
        return Difference(where=where, offset=span.start, size=len(span), symbol=symbol)

    def _read_symbols(self) -> Symbols:
        if self._symbols is None:
            self._symbols = read_symbols(self._data, self.part.thin)
        return self._symbols


def _ranges(read: Read, size: int, read_other: Read, other_size: int) -> Iterator[range]:
    """Give the ranges that differ, those close together as one; what is longer differs too."""
    common = min(size, other_size)
    pending: range | None = None
    for start in range(0, common, CHUNK):
        length = min(CHUNK, common - start)
        for span in _chunk_ranges(read(start, length), read_other(start, length), start):
            if pending is not None and span.start - pending.stop < NEAR:
                pending = range(pending.start, span.stop)
                continue
            if pending is not None:
                yield pending
            pending = span
    if pending is not None:
        yield pending
    if size != other_size:
        yield range(common, max(size, other_size))


def _chunk_ranges(one: bytes, other: bytes, start: int) -> Iterator[range]:
    if one == other:
        return
    for at in range(0, len(one), BLOCK):
        left, right = one[at : at + BLOCK], other[at : at + BLOCK]
        if left != right:
            wrong = [
                at + i for i, pair in enumerate(zip(left, right, strict=True)) if pair[0] != pair[1]
            ]
            yield from _runs(wrong, start)


def _runs(places: list[int], start: int) -> Iterator[range]:
    """Join neighbouring places."""
    first = places[0]
    for place, following in pairwise([*places, places[-1] + NEAR + 1]):
        if following - place > NEAR:
            yield range(start + first, start + place + 1)
            first = following


def _place(part: Part, offset: int) -> tuple[str, bool]:
    """Name what stands at an offset from the start of a slice; tell whether it is a section."""
    thin = part.thin
    if offset < thin.header.commands_end:
        return f"{thin.arch} header", False
    command = thin.signature
    if command is not None and command.data_offset <= offset < command.data_end:
        return f"{thin.arch} signature", False
    for segment in thin.segments:
        for section in segment.sections:
            if section.has_contents and section.offset <= offset < section.offset + section.size:
                return f"{thin.arch} {segment.name},{section.name}", True
        if segment.fileoff <= offset < segment.end:
            return f"{thin.arch} {segment.name}", False
    return thin.arch, False
