"""Why the contents of two files differ: in which line, section, load command, page or function."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from countermark.difference.machos import macho_reason
from countermark.difference.outcome import Place
from countermark.difference.packing import Reason, is_seal
from countermark.difference.sections import Section, sections_of
from countermark.rulebook.differences import FILE_BYTES, IMAGE_CODE, SIGNATURE, TEXT_LINES
from counterproof.trees.entry import Kind
from countersign.discovery import identify_source
from countersign.errors import FormatError, NotSignableError
from countersign.escaping import listed
from countersign.image import Image, ImageFormat
from countersign.pe import BarePe, bare_pe
from countersign.source import Source

__all__ = ["content_reason"]

_CHUNK: Final = 1 << 18
_SHOWN: Final = 8
"""Bytes that are shown of either side, from the first that differs on."""
_TEXT_HEAD: Final = 1 << 16
"""Bytes by which a text is told."""
_LONGEST_LINE: Final = 120
"""Characters of a line that are shown."""


def content_reason(path: PurePosixPath, one: Source, other: Source) -> Reason:
    """Say why two files of the name ``path``, which are not the same, differ.

    Raises what the sources raise.
    """
    images = _image(one), _image(other)
    if images[0] is not None and images[1] is not None:
        if images[0].format is images[1].format:
            return _image_reason(path, one, other, images[0].format)
        names = (f"{each.format} for {', '.join(each.architectures)}" for each in images if each)
        return Reason(IMAGE_CODE, Place(str(path), "the kind of program", *names))
    if is_seal(path, Kind.FILE):
        return Reason(SIGNATURE, Place(str(path), "what seals the bundle", *_sizes(one, other)))
    if images == (None, None) and _is_text(one) and _is_text(other):
        return _text_reason(path, one, other)
    return _byte_reason(path, one, other)


def _image(source: Source) -> Image | None:
    """Tell which image a file is; one that makes no sense is compared byte by byte."""
    try:
        return identify_source(source)
    except (FormatError, NotSignableError):
        return None


def _image_reason(path: PurePosixPath, one: Source, other: Source, form: ImageFormat) -> Reason:
    if form is ImageFormat.MACH_O:
        return macho_reason(path, one, other)
    if form is ImageFormat.PE:
        left, right = bare_pe(one), bare_pe(other)
        if left is not None and right is not None and _same_program(left, right):
            words = ("signed" if each.signed else "not signed" for each in (left, right))
            return Reason(SIGNATURE, Place(str(path), "certificates", *words))
    return _section_reason(path, one, other, form)


def _same_program(one: BarePe, other: BarePe) -> bool:
    """Tell whether two programs are the same without their signatures, of which one has any."""
    return (
        (one.signed or other.signed)
        and one.size == other.size
        and all(one.read(at, _CHUNK) == other.read(at, _CHUNK) for at in range(0, one.size, _CHUNK))
    )


def _section_reason(path: PurePosixPath, one: Source, other: Source, form: ImageFormat) -> Reason:
    """Name the sections whose contents differ, and where the first byte does."""
    left, right = sections_of(one, form), sections_of(other, form)
    at = _first_difference(one, other)
    changed = list(_changed(one, left, other, right))
    holder = next((each.name for each in left if each.holds(at)), "outside the sections")
    words = f"{holder or 'a section without a name'} at {at:#x}"
    if changed:
        words += f"; sections that differ: {listed(changed)}"
    return Reason(IMAGE_CODE, Place(str(path), words, _hex(one, at), _hex(other, at)))


def _changed(
    one: Source, left: tuple[Section, ...], other: Source, right: tuple[Section, ...]
) -> Iterator[str]:
    after = {each.name: each for each in right}
    for section in left:
        match = after.pop(section.name, None)
        if match is None or match.size != section.size or not _same(one, section, other, match):
            yield section.name
    yield from after


def _same(one: Source, left: Section, other: Source, right: Section) -> bool:
    return all(
        one.view(left.offset + at, min(_CHUNK, left.size - at))
        == other.view(right.offset + at, min(_CHUNK, left.size - at))
        for at in range(0, left.size, _CHUNK)
    )


def _byte_reason(path: PurePosixPath, one: Source, other: Source) -> Reason:
    at = _first_difference(one, other)
    return Reason(FILE_BYTES, Place(str(path), f"byte {at:#x}", _hex(one, at), _hex(other, at)))


def _first_difference(one: Source, other: Source) -> int:
    """Find the first byte that differs, which is the end of the shorter one if need be."""
    size = min(one.size, other.size)
    for at in range(0, size, _CHUNK):
        length = min(_CHUNK, size - at)
        left, right = one.read(at, length), other.read(at, length)
        if left != right:
            return at + next(i for i in range(length) if left[i] != right[i])
    return size


def _hex(source: Source, at: int) -> str | None:
    size = min(_SHOWN, source.size - at)
    return f"{source.read(at, size).hex(' ')} ..." if size > 0 else None


def _sizes(one: Source, other: Source) -> tuple[str, str]:
    return f"{one.size:,} bytes", f"{other.size:,} bytes"


def _is_text(source: Source) -> bool:
    head = source.read(0, min(source.size, _TEXT_HEAD))
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if len(head) - error.start > 3 or source.size <= _TEXT_HEAD:  # a letter may be cut
            return False
    return b"\0" not in head


def _text_reason(path: PurePosixPath, one: Source, other: Source) -> Reason:
    """Name the first line that differs."""
    at = _first_difference(one, other)
    number, start = 1, 0
    for place in range(0, at, _CHUNK):
        data = one.read(place, min(_CHUNK, at - place))
        number += data.count(b"\n")
        start = place + data.rfind(b"\n") + 1 if b"\n" in data else start
    lines = _line(one, start, at), _line(other, start, at)
    return Reason(TEXT_LINES, Place(str(path), f"line {number}", *lines))


def _line(source: Source, start: int, at: int) -> str | None:
    """Show a line around the place ``at``; None where the text has ended before."""
    if start >= source.size:
        return None
    begin = start if at - start < _LONGEST_LINE else at - _LONGEST_LINE // 2
    data = source.read(begin, min(4 * _LONGEST_LINE, source.size - begin))
    end = data.find(b"\n", max(at - begin, 0))
    text = (data if end < 0 else data[: end + 1]).decode(errors="backslashreplace")
    return ascii(text[:_LONGEST_LINE])
