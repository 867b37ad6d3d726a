"""Why two Mach-O files differ: in their signatures alone, or where in their code."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from countermark.difference.outcome import Place
from countermark.difference.packing import Reason
from countermark.rulebook.differences import IMAGE_CODE, SIGNATURE
from countersign.comparison.code import CodeChanges
from countersign.comparison.images import ImageComparison, SliceComparison, compare_image_sources
from countersign.comparison.ranges import compare_sources
from countersign.errors import ChangedError, ReadError, SigningError
from countersign.escaping import listed
from countersign.source import Source

__all__ = ["macho_reason"]

_LAID_OUT: Final = ("LC_SEGMENT", "LC_SEGMENT_64", "LC_SYMTAB", "LC_DYSYMTAB")
"""Load commands that tell where things are; others tell more of why."""
_TROUBLE: Final = (ReadError, ChangedError)
"""What sources raise; all other errors are about what is in the files."""


def macho_reason(path: PurePosixPath, one: Source, other: Source) -> Reason:
    """Say why two Mach-O files differ; raises what the sources raise."""
    try:
        images = compare_image_sources(one, other)
        bare = compare_sources(one, other, modulo_signature=not _other_slices(images))
    except _TROUBLE:
        raise
    except SigningError as error:
        words = f"not compared by meaning: {error}"
        return Reason(IMAGE_CODE, Place(str(path), words, *_sizes(one, other)))
    if images.same_code and bare.equal:
        return Reason(SIGNATURE, _signature_place(path, images))
    changed = next((each for each in images.slices if each.code is not None), None)
    if _other_slices(images) or changed is None or changed.code is None:
        slices = (", ".join(each) or None for each in (images.removed, images.added))
        return Reason(IMAGE_CODE, Place(str(path), "architectures", *slices))
    first = bare.differences[0] if bare.differences else None
    where = f"at {first.offset:#x} in {first.symbol or first.where}; " if first else ""
    return Reason(IMAGE_CODE, _code_place(path, changed, changed.code, where))


def _other_slices(images: ImageComparison) -> bool:
    return bool(images.removed or images.added)


def _sizes(one: Source, other: Source) -> tuple[str, str]:
    return f"{one.size:,} bytes", f"{other.size:,} bytes"


def _signature_place(path: PurePosixPath, images: ImageComparison) -> Place:
    """Name the first thing that the signatures say otherwise; they may say the same."""
    for each in images.slices:
        if each.signature:
            what, old, new = each.signature[0]
            return Place(str(path), f"{each.arch}: {what}", old, new)
    return Place(str(path), "how the signature is stored", "the same words", "the same words")


def _code_place(path: PurePosixPath, each: SliceComparison, code: CodeChanges, where: str) -> Place:
    """Name load commands first, then sections and functions, and how many pages differ."""
    words = [f"{each.arch}: {where}{_pages(code)}"]
    if code.commands:
        names = sorted((change.what for change in code.commands), key=_LAID_OUT.__contains__)
        words.append(f"load commands {listed(names)}")
    if code.sections:
        words.append(f"sections {listed([section.name for section in code.sections])}")
    if functions := _functions(code):
        words.append(f"functions {listed(functions)}")
    old, new = _values(code)
    return Place(str(path), "; ".join(words), old, new)


def _pages(code: CodeChanges) -> str:
    return f"{code.pages.differing:,} of {code.pages.total:,} pages"


def _functions(code: CodeChanges) -> list[str]:
    symbols = code.symbols
    if symbols is None:
        return []
    resized = [each.name for each in symbols.resized]
    return [*resized, *symbols.changed.names, *symbols.added.names, *symbols.removed.names]


def _values(code: CodeChanges) -> tuple[str | None, str | None]:
    """Give what was found in each: the first load command that differs, or the first section."""
    if code.commands:
        what, old, new = min(code.commands, key=lambda change: change.what in _LAID_OUT)
        return f"{what} {old}" if old else None, f"{what} {new}" if new else None
    if code.sections:
        name, before, after = code.sections[0]
        return _size(name, before), _size(name, after)
    runs = code.pages.runs[:1]
    where = ", ".join(runs[0].where) if runs else "the code"
    return where, where


def _size(section: str, size: int | None) -> str | None:
    return None if size is None else f"{section}, {size:,} bytes"
