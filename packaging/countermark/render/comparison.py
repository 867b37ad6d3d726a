"""What two files do not have in common, as text: the verdict first, then where and what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from countermark.difference.files import Comparison
from countermark.render.table import table
from countersign.comparison.code import (
    CodeChanges,
    Names,
    PageChanges,
    SectionChange,
    SymbolChanges,
)
from countersign.comparison.images import ImageComparison, SliceComparison
from countersign.comparison.ranges import MAX_DIFFERENCES, Compared
from countersign.comparison.signatures import Change
from countersign.escaping import printable

__all__ = ["describe_comparison"]

MAX_LINES: Final = 20
"""Lines of a kind that are printed; JSON has more of them."""
MAX_NAMES: Final = 10


def describe_comparison(comparison: Comparison, *, modulo_signature: bool) -> str:
    """Return the whole story, which is one line for equal files."""
    if comparison.bytes.equal:
        return "the same but for signatures" if modulo_signature else "the same"
    if comparison.images is None:
        lines = [_total(comparison.bytes), *_ranges(comparison.bytes, MAX_DIFFERENCES)]
        if comparison.problem is not None:
            lines.append(f"not compared by meaning: {printable(comparison.problem)}")
        return "\n".join(lines)
    lines = [_headline(comparison.images)]
    lines += _images(comparison.images)
    lines += [_total(comparison.bytes), *_ranges(comparison.bytes, MAX_LINES)]
    return "\n".join(lines)


def _headline(images: ImageComparison) -> str:
    if not images.same_code:
        return "the code differs"
    if images.same_signature:
        return "the same code, and signatures that say the same"
    return "the same code, signed differently"


def _images(images: ImageComparison) -> Iterator[str]:
    for arch in images.removed:
        yield f"{arch}: only in the old file"
    for arch in images.added:
        yield f"{arch}: only in the new file"
    for each in images.slices:
        if each.code is not None or each.signature:
            yield from _slice(each)


def _slice(each: SliceComparison) -> Iterator[str]:
    yield f"{each.arch}: {'the code differs' if each.code else 'the same code'}"
    if each.signature:
        yield "  signature"
        yield from _indent(_changes(each.signature), 4)
    if each.code is not None:
        yield from _indent(_code(each.code), 2)


def _changes(changes: Sequence[Change]) -> Iterator[str]:
    """Give a line or two for each change: the old above the new where they are long."""
    for what, old, new in changes[:MAX_LINES]:
        before, after = _shown(old), _shown(new)
        if len(before) + len(after) > 60 and old is not None and new is not None:
            yield f"{printable(what)}"
            yield f"  - {before}"
            yield f"  + {after}"
        else:
            yield f"{printable(what)}: {before} -> {after}"
    yield from _more(len(changes), MAX_LINES)


def _shown(text: str | None) -> str:
    return "(none)" if text is None else printable(text)


def _code(code: CodeChanges) -> Iterator[str]:
    if code.commands:
        yield "load commands"
        yield from _indent(_changes(code.commands), 2)
    if code.sections:
        yield "sections"
        yield from _indent(_sections(code.sections), 2)
    yield from _pages(code.pages)
    if code.symbols is None:
        yield "symbols: none to compare by; names were stripped"
    else:
        yield from _symbols(code.symbols)


def _sections(sections: Sequence[SectionChange]) -> Iterator[str]:
    rows = [(name, _sizes(old, new)) for name, old, new in sections[:MAX_LINES]]
    yield from table(("", ""), rows).splitlines()[1:]
    yield from _more(len(sections), MAX_LINES)


def _sizes(old: int | None, new: int | None) -> str:
    if old is None:
        return f"only in the new file, {new:,} bytes"
    if new is None:
        return f"only in the old file, {old:,} bytes"
    return f"{old:,} bytes" if old == new else f"{old:,} -> {new:,} bytes"


def _pages(pages: PageChanges) -> Iterator[str]:
    yield f"pages of {pages.page_size:,} bytes: {pages.differing:,} of {pages.total:,} differ"
    for first, last, where in pages.runs[:MAX_LINES]:
        run = f"{first}" if first == last else f"{first}-{last}"
        yield f"  {run}  {', '.join(where)}".rstrip()
    yield from _indent(_more(len(pages.runs), MAX_LINES), 2)


def _symbols(symbols: SymbolChanges) -> Iterator[str]:
    complete = "" if symbols.complete else ", of those that were read"
    yield f"symbols: {symbols.common:,} in both files{complete}"
    if symbols.resized_total:
        names = [f"{each.name} {each.old:,} -> {each.new:,}" for each in symbols.resized]
        yield from _names("of another size", Names(symbols.resized_total, tuple(names)))
    yield from _names("changed in the same size", symbols.changed)
    yield from _names("only in the new file", symbols.added)
    yield from _names("only in the old file", symbols.removed)


def _names(what: str, names: Names) -> Iterator[str]:
    if names.total:
        yield f"  {names.total:,} {what}"
        yield from (f"    {printable(name)}" for name in names.names[:MAX_NAMES])
        yield from _indent(_more(names.total, MAX_NAMES), 4)


def _total(compared: Compared) -> str:
    total = sum(each.size for each in compared.differences)
    more = "" if compared.complete else f" in the first {MAX_DIFFERENCES} ranges alone"
    what = "byte differs" if total == 1 else "bytes differ"
    return f"{total:,} {what}{more}"


def _ranges(compared: Compared, most: int) -> Iterator[str]:
    for each in compared.differences[:most]:
        symbol = f"  {printable(each.symbol)}" if each.symbol is not None else ""
        yield f"{each.offset:#12x}  {each.size:12,} bytes  {each.where}{symbol}"
    yield from _more(len(compared.differences), most)


def _more(total: int, shown: int) -> Iterator[str]:
    if total > shown:
        yield f"... and {total - shown:,} more"


def _indent(lines: Iterable[str], width: int) -> Iterator[str]:
    return (" " * width + line for line in lines)
