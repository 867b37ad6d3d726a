"""How the code of two slices differs, below their signatures: where, and in which functions.

What is inserted moves everything behind it, and every page of that differs then. What was really
changed is told by functions of another size; of those that keep theirs, many differ only because
what they call has moved.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from countersign.comparison.barecode import BareCode
from countersign.comparison.signatures import Change
from countersign.macho.commandtext import command_name, command_subject, command_text
from countersign.macho.header import parse_header
from countersign.macho.segment import Section
from countersign.macho.slice import Command, Slice, load_commands
from countersign.macho.symbols import Range, Symbols, read_symbols
from countersign.pagehash import page_count
from countersign.window import Window

__all__ = [
    "CodeChanges",
    "Names",
    "PageChanges",
    "PageRun",
    "Resized",
    "SectionChange",
    "SymbolChanges",
    "code_changes",
]

CHUNK: Final = 1 << 18
"""Bytes that are compared at a time; a multiple of every page size."""
MAX_RUNS: Final = 1000
MAX_NAMES: Final = 100
"""Names of a kind that are kept; the others are counted."""


class PageRun(NamedTuple):
    """Pages in a row that differ."""

    first: int
    last: int
    where: tuple[str, ...]
    """The sections that they hold parts of, by the old file; ``header`` for the load commands."""


class PageChanges(NamedTuple):
    """The pages that differ."""

    page_size: int
    total: int
    """Pages of the longer one."""
    differing: int
    runs: tuple[PageRun, ...]
    """The first thousand at most."""


class SectionChange(NamedTuple):
    """A section whose contents differ, with its sizes in bytes; None where it is not there."""

    name: str
    old: int | None
    new: int | None


class Resized(NamedTuple):
    """A symbol of another size, in bytes."""

    name: str
    old: int
    new: int


class Names(NamedTuple):
    """Names, the first hundred at most."""

    total: int = 0
    names: tuple[str, ...] = ()


class SymbolChanges(NamedTuple):
    """The functions and variables that differ, by their names."""

    common: int
    """How many are in both."""
    resized_total: int
    resized: tuple[Resized, ...]
    """The first hundred at most."""
    changed: Names
    """Those whose contents differ in the same size."""
    added: Names
    removed: Names
    complete: bool
    """False when there are more symbols than are read."""


class CodeChanges(NamedTuple):
    """Everything in which the code of two slices differs."""

    commands: tuple[Change, ...]
    sections: tuple[SectionChange, ...]
    pages: PageChanges
    symbols: SymbolChanges | None
    """None when one of the two has no names to compare by."""


def code_changes(old: BareCode, new: BareCode) -> CodeChanges | None:
    """Compare the code of two slices; None when it is the same. Raises what the sources raise."""
    page_size = _page_size(new)
    wrong = list(_differing_pages(old, new, page_size))
    if not wrong:
        return None
    return CodeChanges(
        commands=tuple(_command_changes(_commands(old), _commands(new))),
        sections=tuple(_section_changes(old, new)),
        pages=_page_changes(old, new, page_size, wrong),
        symbols=_symbol_changes(old, new, [page * page_size for page in wrong], page_size),
    )


def _page_changes(
    old: BareCode, new: BareCode, page_size: int, wrong: Sequence[int]
) -> PageChanges:
    runs = [
        range(run[0], run[-1] + 1)
        for _, group in groupby(enumerate(wrong), key=lambda pair: pair[1] - pair[0])
        if (run := [page for _, page in group])
    ]
    return PageChanges(
        page_size=page_size,
        total=page_count(max(old.size, new.size), page_size),
        differing=len(wrong),
        runs=tuple(
            PageRun(run[0], run[-1], tuple(_places(old, run[0] * page_size, run.stop * page_size)))
            for run in runs[:MAX_RUNS]
        ),
    )


def _page_size(code: BareCode) -> int:
    """Give the size of the pages that are hashed, or would be."""
    signature = code.part.signature
    if signature is not None and signature.best.code.page_size in (0x1000, 0x4000):
        return signature.best.code.page_size
    return 0x4000 if code.part.thin.is_arm64 else 0x1000


def _differing_pages(old: BareCode, new: BareCode, page_size: int) -> Iterator[int]:
    """Give the numbers of the pages that are not the same; what only one of them has is not."""
    for start in range(0, max(old.size, new.size), CHUNK):
        left, right = old.read(start, CHUNK), new.read(start, CHUNK)
        if left == right:
            continue
        for at in range(0, max(len(left), len(right)), page_size):
            if left[at : at + page_size] != right[at : at + page_size]:
                yield (start + at) // page_size


def _places(code: BareCode, start: int, end: int) -> Iterator[str]:
    """Name what lies in a range of a slice."""
    thin = code.part.thin
    if start < thin.header.commands_end:
        yield "header"
    for segment in thin.segments:
        names = [
            f"{segment.name},{section.name}"
            for section in segment.sections
            if section.has_contents and section.offset < end and start < _end(section)
        ]
        if not names and segment.filesize and segment.fileoff < end and start < segment.end:
            names = [segment.name]
        yield from names


def _end(section: Section) -> int:
    return section.offset + section.size


def _commands(code: BareCode) -> tuple[Command, ...]:
    head = memoryview(code.head)
    return tuple(load_commands(head, parse_header(head), 0))


def _command_changes(old: Sequence[Command], new: Sequence[Command]) -> Iterator[Change]:
    """Compare load commands by what they say; their order does not count."""
    before, after = _only_in(old, new), _only_in(new, old)
    kinds = dict.fromkeys(each.kind for each in (*before, *after))
    for kind in kinds:
        left = [each for each in before if each.kind == kind]
        right = [each for each in after if each.kind == kind]
        for one, other in _pairs(left, right):
            yield _command_change(command_name(kind), one, other)


def _only_in(commands: Sequence[Command], others: Sequence[Command]) -> list[Command]:
    rest = [bytes(each.body) for each in others]
    found = []
    for command in commands:
        body = bytes(command.body)
        if body in rest:
            rest.remove(body)
        else:
            found.append(command)
    return found


def _pairs(
    left: list[Command], right: list[Command]
) -> Iterator[tuple[Command | None, Command | None]]:
    """Pair commands about the same segment or library, and others where there is no choice."""
    alone = len(left) == len(right) == 1
    for command in left:
        subject = command_subject(command)
        partner = next(
            (
                each
                for each in right
                if command_subject(each) == subject and (alone or subject is not None)
            ),
            None,
        )
        right = [each for each in right if each is not partner]
        yield command, partner
    for command in right:
        yield None, command


def _command_change(name: str, old: Command | None, new: Command | None) -> Change:
    before = command_text(old) if old is not None else None
    after = command_text(new) if new is not None else None
    if old is not None and new is not None and before == after:
        before, after = f"{before}, {_rest(old)}", f"{after}, {_rest(new)}"
    return Change(name, before, after)


def _rest(command: Command) -> str:
    """Tell commands apart whose words are the same."""
    return f"SHA-256 {hashlib.sha256(command.body).hexdigest()[:16]}"


def _section_changes(old: BareCode, new: BareCode) -> Iterator[SectionChange]:
    before, after = _sections(old.part.thin), _sections(new.part.thin)
    for name in {**before, **after}:
        left, right = before.get(name), after.get(name)
        if left is None or right is None:
            yield SectionChange(name, left.size if left else None, right.size if right else None)
        elif left.size != right.size or not _same_section(old, left, new, right):
            yield SectionChange(name, left.size, right.size)


def _same_section(old: BareCode, left: Section, new: BareCode, right: Section) -> bool:
    filled = left.has_contents and right.has_contents
    return not filled or _same(old, left.offset, new, right.offset, left.size)


def _sections(thin: Slice) -> dict[str, Section]:
    return {
        f"{segment.name},{section.name}": section
        for segment in thin.segments
        for section in segment.sections
    }


def _same(old: BareCode, at: int, new: BareCode, other_at: int, size: int) -> bool:
    """Tell whether two ranges hold the same bytes."""
    return all(
        old.read(at + done, min(CHUNK, size - done))
        == new.read(other_at + done, min(CHUNK, size - done))
        for done in range(0, size, CHUNK)
    )


def _symbol_changes(
    old: BareCode, new: BareCode, wrong: Sequence[int], page_size: int
) -> SymbolChanges | None:
    """Compare symbols by their names; ``wrong`` are the places of the pages that differ."""
    before, after = _symbols(old), _symbols(new)
    left, right = _by_name(before), _by_name(after)
    if not left or not right:
        return None
    common = [(left[key], symbol) for key, symbol in right.items() if key in left]
    resized = [
        Resized(one.name, one.size, other.size) for one, other in common if one.size != other.size
    ]
    return SymbolChanges(
        common=len(common),
        resized_total=len(resized),
        resized=tuple(resized[:MAX_NAMES]),
        changed=_names(
            other.name
            for one, other in common
            if one.size == other.size
            and _may_differ(one, other, wrong, page_size)
            and not _same(old, one.offset, new, other.offset, one.size)
        ),
        added=_names(name for name, number in right if (name, number) not in left),
        removed=_names(name for name, number in left if (name, number) not in right),
        complete=before.complete and after.complete,
    )


def _may_differ(one: Range, other: Range, wrong: Sequence[int], page_size: int) -> bool:
    """Tell whether a symbol has moved, or lies in a page that differs."""
    if one.offset != other.offset:
        return True
    page = bisect_right(wrong, one.offset - page_size)
    return page < len(wrong) and wrong[page] < one.offset + one.size


def _symbols(code: BareCode) -> Symbols:
    thin = code.part.thin
    return read_symbols(Window(code.source, thin.base, thin.base + thin.size), thin)


def _by_name(symbols: Symbols) -> dict[tuple[str, int], Range]:
    """Find symbols by their names; those of one name, which C allows, also by their order."""
    found: dict[tuple[str, int], Range] = {}
    counts: dict[str, int] = {}
    for symbol in symbols.ranges():
        number = counts.get(symbol.name, 0)
        counts[symbol.name] = number + 1
        found[symbol.name, number] = symbol
    return found


def _names(names: Iterable[str]) -> Names:
    every = list(names)
    return Names(len(every), tuple(every[:MAX_NAMES]))
