"""Where two files differ, and whether it is in more than their signatures.

``signed = unsigned + signature`` is proved by taking the signatures of both off again, in thought:
what is left must be the same bytes. The size of __LINKEDIT in memory is left out of it, for signing
changes it and nothing but the linker knows what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from countersign.errors import FormatError, IncomparableError, NotSignableError
from countersign.macho.patch import COMMAND_SIZE, blank_vmsize
from countersign.reading import Part, read_image
from countersign.removal import UnsignedSlice, plan_removal
from countersign.source import Source, open_source

__all__ = ["Compared", "Difference", "compare"]

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
        found = _unsigned_differences(one, other) if modulo_signature else _differences(one, other)
        listed: list[Difference] = []
        for difference in found:
            if len(listed) == MAX_DIFFERENCES:
                return Compared(differences=tuple(listed), complete=False)
            listed.append(difference)
        return Compared(differences=tuple(listed), complete=True)


def _differences(one: Source, other: Source) -> Iterator[Difference]:
    try:
        parts = read_image(one).parts
    except (FormatError, NotSignableError):
        parts = ()
    for span in _ranges(one.read, one.size, other.read, other.size):
        beyond = span.start >= one.size
        where = "only in the second file" if beyond else _place_in_file(parts, span.start)
        yield Difference(where=where, offset=span.start, size=len(span))


def _unsigned_differences(one: Source, other: Source) -> Iterator[Difference]:
    images = read_image(one), read_image(other)
    kinds = [[(arch.cputype, arch.cpusubtype) for arch in image.archs] for image in images]
    names = [[part.thin.arch for part in image.parts] for image in images]
    if names[0] != names[1] or kinds[0] != kinds[1]:
        raise IncomparableError(f"they hold {', '.join(names[0])} and {', '.join(names[1])}")
    removals = plan_removal(one, images[0]), plan_removal(other, images[1])
    for left, right, bare_left, bare_right in zip(
        images[0].parts, images[1].parts, removals[0].slices, removals[1].slices, strict=True
    ):
        spans = _ranges(
            _reader(one, left, bare_left),
            bare_left.limit,
            _reader(other, right, bare_right),
            bare_right.limit,
        )
        for span in spans:
            yield Difference(where=_place(left, span.start), offset=span.start, size=len(span))


def _reader(source: Source, part: Part, bare: UnsignedSlice) -> Read:
    """Read a slice as it is without its signature, __LINKEDIT's size in memory blanked."""
    head = bytearray(part.head)
    for patch in bare.patches:
        head[patch.offset : patch.end] = patch.data
    linkedit = part.thin.segment("__LINKEDIT")
    if linkedit is not None:
        if bare.removed_at is not None and linkedit.command_offset > bare.removed_at:
            at = linkedit.command_offset - COMMAND_SIZE
            linkedit = replace(linkedit, command_offset=at)
        blank = blank_vmsize(linkedit)
        head[blank.offset : blank.end] = blank.data

    def read(offset: int, size: int) -> bytes:
        start = bytes(head[offset : offset + size])
        rest = size - len(start)
        if not rest:
            return start
        return start + source.read(part.thin.base + offset + len(start), rest)

    return read


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


def _holds(part: Part, offset: int) -> bool:
    return part.thin.base <= offset < part.thin.base + part.thin.size


def _place_in_file(parts: Sequence[Part], offset: int) -> str:
    """Name what stands at an offset from the start of the file."""
    for part in parts:
        if _holds(part, offset):
            return _place(part, offset - part.thin.base)
    return "outside the slices" if parts else "the file"


def _place(part: Part, offset: int) -> str:
    """Name what stands at an offset from the start of a slice."""
    thin = part.thin
    if offset < thin.header.commands_end:
        return f"{thin.arch} header"
    command = thin.signature
    if command is not None and command.data_offset <= offset < command.data_end:
        return f"{thin.arch} signature"
    for segment in thin.segments:
        for section in segment.sections:
            if section.has_contents and section.offset <= offset < section.offset + section.size:
                return f"{thin.arch} {segment.name},{section.name}"
        if segment.fileoff <= offset < segment.end:
            return f"{thin.arch} {segment.name}"
    return thin.arch
