"""The JSON document of ``compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from countermark.difference.files import Comparison
from countersign.comparison.code import CodeChanges, Names, SymbolChanges
from countersign.comparison.images import ImageComparison, SliceComparison
from countersign.comparison.signatures import Change
from countersign.escaping import printable

__all__ = ["CompareDocument", "compare_document"]


class DifferenceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A range of bytes that is not the same."""

    where: str
    offset: int
    """In bytes from the start of the first file, or of the slice when signatures are left out."""
    size: int
    symbol: str | None
    """The function or variable of the first file that it starts in, such as ``_main+0x10``."""


class ChangeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not the same, in words; null where it is not there."""

    what: str
    old: str | None
    new: str | None


class SizeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A section or symbol with its sizes in bytes; null where it is not there."""

    name: str
    old: int | None
    new: int | None


class PageRunEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Pages in a row that differ."""

    first: int
    last: int
    where: tuple[str, ...]
    """The sections of the old file that they hold parts of."""


class PagesEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The pages that differ."""

    page_size: int
    total: int
    differing: int
    runs: tuple[PageRunEntry, ...]
    """The first thousand at most."""


class NamesEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Names, the first hundred at most."""

    total: int
    names: tuple[str, ...]


class ResizedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Symbols of another size, the first hundred at most."""

    total: int
    symbols: tuple[SizeEntry, ...]


class SymbolsEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The functions and variables that differ, by their names."""

    common: int
    """How many are in both files."""
    complete: bool
    """False when there are more symbols than are read."""
    resized: ResizedEntry
    changed: NamesEntry
    """Those whose contents differ in the same size."""
    added: NamesEntry
    removed: NamesEntry


class CodeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in which the code of two slices differs."""

    commands: tuple[ChangeEntry, ...]
    sections: tuple[SizeEntry, ...]
    pages: PagesEntry
    symbols: SymbolsEntry | None
    """Null when one of the two files has no names to compare by."""


class ComparedSlice(msgspec.Struct, frozen=True, kw_only=True):
    """One architecture that both files have."""

    arch: str
    signature: tuple[ChangeEntry, ...]
    """What the signatures say otherwise."""
    code: CodeEntry | None
    """Null when the code is the same."""


class ImagesEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What differs in meaning between two Mach-O files."""

    same_code: bool
    same_signature: bool
    removed: tuple[str, ...]
    """The architectures that only the first file has."""
    added: tuple[str, ...]
    """The architectures that only the second file has."""
    slices: tuple[ComparedSlice, ...]


class CompareDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``compare`` found."""

    schema: Literal["countermark.compare/1"] = "countermark.compare/1"
    first: str
    second: str
    modulo_signature: bool
    equal: bool
    complete: bool
    """False when there are more differences than are listed."""
    differences: tuple[DifferenceEntry, ...]
    images: ImagesEntry | None
    """Null when the files are equal, or not both Mach-O files that make sense."""
    problem: str | None
    """Why two Mach-O files that differ could not be compared by what they mean."""


def compare_document(
    old: Path, new: Path, comparison: Comparison, *, modulo_signature: bool
) -> CompareDocument:
    """Return what ``compare`` prints."""
    compared, images = comparison.bytes, comparison.images
    return CompareDocument(
        first=printable(str(old)),
        second=printable(str(new)),
        modulo_signature=modulo_signature,
        equal=compared.equal,
        complete=compared.complete,
        differences=tuple(
            DifferenceEntry(
                where=each.where,
                offset=each.offset,
                size=each.size,
                symbol=printable(each.symbol) if each.symbol is not None else None,
            )
            for each in compared.differences
        ),
        images=_images(images) if images is not None else None,
        problem=printable(comparison.problem) if comparison.problem is not None else None,
    )


def _images(images: ImageComparison) -> ImagesEntry:
    return ImagesEntry(
        same_code=images.same_code,
        same_signature=images.same_signature,
        removed=images.removed,
        added=images.added,
        slices=tuple(map(_slice, images.slices)),
    )


def _slice(each: SliceComparison) -> ComparedSlice:
    return ComparedSlice(
        arch=each.arch,
        signature=tuple(map(_change, each.signature)),
        code=_code(each.code) if each.code is not None else None,
    )


def _code(code: CodeChanges) -> CodeEntry:
    pages = code.pages
    return CodeEntry(
        commands=tuple(map(_change, code.commands)),
        sections=tuple(SizeEntry(name=name, old=old, new=new) for name, old, new in code.sections),
        pages=PagesEntry(
            page_size=pages.page_size,
            total=pages.total,
            differing=pages.differing,
            runs=tuple(
                PageRunEntry(first=first, last=last, where=where)
                for first, last, where in pages.runs
            ),
        ),
        symbols=_symbols(code.symbols) if code.symbols is not None else None,
    )


def _symbols(symbols: SymbolChanges) -> SymbolsEntry:
    return SymbolsEntry(
        common=symbols.common,
        complete=symbols.complete,
        resized=ResizedEntry(
            total=symbols.resized_total,
            symbols=tuple(
                SizeEntry(name=printable(name), old=old, new=new)
                for name, old, new in symbols.resized
            ),
        ),
        changed=_names(symbols.changed),
        added=_names(symbols.added),
        removed=_names(symbols.removed),
    )


def _names(names: Names) -> NamesEntry:
    return NamesEntry(total=names.total, names=tuple(map(printable, names.names)))


def _change(change: Change) -> ChangeEntry:
    what, old, new = (printable(each) if each is not None else None for each in change)
    return ChangeEntry(what=what or "", old=old, new=new)
