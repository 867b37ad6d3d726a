"""Which pages are not what was signed, and what that tells of how it came about.

A hash does not say what was there before. But what may have been there can be put together from
what is there now, hashed, and found right or wrong: what is found right is proven. The rest is told
from where the changed pages lie.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from countersign.codedirectory import CodeDirectory
from countersign.diagnosis.landmarks import COMMANDS, standing_in
from countersign.diagnosis.undoing import beginnings
from countersign.digest import HashType
from countersign.macho.slice import Slice
from countersign.pagehash import page_count
from countersign.rehash import rehash_pages
from countersign.window import Window

__all__ = ["Cause", "PageDamage", "examine_pages"]

PAGE_SIZES: Final = (0x1000, 0x4000)
"""The sizes of pages that signers use."""
SAMPLE: Final = 64
"""Pages of another slice that are compared."""
STRINGS: Final = frozenset({"__cstring", "__ustring", "__const", "__oslogstring"})
"""Sections of texts, or mostly of them."""
MAX_PADDING: Final = 16
"""Bytes that signers put between the image and its signature."""


class Cause(enum.StrEnum):
    """How pages came to differ from their hashes."""

    CUT_SHORT = "cut-short"
    PADDED = "padded-last-page"
    EARLY_END = "early-end"
    OTHER_SIZE = "other-page-size"
    OTHER_SLICE = "other-slice"
    OTHER_FILE = "other-file"
    MOVED = "moved"
    COMMANDS = "load-commands"
    ZEROED = "zeroed"
    EDITED = "edited"
    HEAD_EDITED = "head-edited"
    LINKEDIT_EDITED = "linkedit-edited"
    STRINGS_EDITED = "strings-edited"
    CONTENTS_EDITED = "contents-edited"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDamage:
    """What is wrong with the pages of one code directory."""

    page_size: int
    count: int
    """How many pages are signed."""
    wrong: tuple[range, ...]
    """Runs of pages, by number, that are not what was signed."""
    cause: Cause
    proven: bool
    """True when the bytes prove it; else it is what the places of the pages suggest."""
    detail: str = ""
    """What exactly happened, where more than the cause is known."""

    @property
    def places(self) -> tuple[range, ...]:
        """The wrong pages in bytes from the start of the slice."""
        size = self.page_size
        return tuple(range(run.start * size, run.stop * size) for run in self.wrong)


def examine_pages(
    data: Window, thin: Slice, code: CodeDirectory, superblob_length: int, others: Sequence[Window]
) -> tuple[PageDamage, ...]:
    """Find the pages of the slice ``data`` that are not what ``code`` says; empty if all are good.

    A padded last page is a damage of its own. Nothing is found in a code directory whose numbers do
    not fit together, which other rules name. ``others`` are the other slices of the file. Reading
    raises what the source raises.
    """
    pages = page_count(code.code_limit, code.page_size) if code.page_size in PAGE_SIZES else 0
    if not pages or pages != code.code_count:
        return ()
    return tuple(_Examination(data, thin, code, superblob_length, others).damages())


class _Examination:
    """The search for a cause, from what proves itself to what is merely likely."""

    def __init__(
        self,
        data: Window,
        thin: Slice,
        code: CodeDirectory,
        superblob_length: int,
        others: Sequence[Window],
    ) -> None:
        self.data, self.thin, self.code, self.others = data, thin, code, others
        self.superblob_length = superblob_length
        self.signed = data.part(0, code.code_limit)
        self.wanted = _split(code.hashes, code.hash_type)
        self.found = _split(
            rehash_pages(self.signed, code.page_size, code.hash_type), code.hash_type
        )
        self.wrong = [
            page
            for page, digest in enumerate(self.wanted)
            if page >= len(self.found) or self.found[page] != digest
        ]

    def damages(self) -> Iterator[PageDamage]:
        """Say what is wrong and why."""
        padding = self._padded()
        if padding is not None:
            last = [self.wrong.pop()]
            yield self._damage(last, Cause.PADDED, detail=padding)
        if self.wrong:
            yield self._search()

    def _damage(self, wrong: list[int], cause: Cause, *, detail: str | None) -> PageDamage:
        return PageDamage(
            page_size=self.code.page_size,
            count=len(self.wanted),
            wrong=tuple(_runs(wrong)),
            cause=cause,
            proven=detail is not None,
            detail=detail or "",
        )

    def _search(self) -> PageDamage:
        for cause, prove in (
            (Cause.CUT_SHORT, self._cut_short),
            (Cause.EARLY_END, self._early_end),
            (Cause.OTHER_SIZE, self._other_size),
            (Cause.OTHER_SLICE, self._other_slice),
            (Cause.COMMANDS, self._commands),
            (Cause.ZEROED, self._zeroed),
            (Cause.MOVED, self._moved),
        ):
            detail = prove()
            if detail is not None:
                return self._damage(self.wrong, cause, detail=detail)
        return self._damage(self.wrong, self._likely(), detail=None)

    def _cut_short(self) -> str | None:
        missing = self.code.code_limit - len(self.data)
        return f"{missing} of the signed bytes are not there" if missing > 0 else None

    def _padded(self) -> str | None:
        """Try a last page that was filled up with zeros before it was hashed."""
        last = len(self.wanted) - 1
        if self.wrong[-1:] != [last]:
            return None
        page = bytes(self._page(last))
        padded = page.ljust(self.code.page_size, b"\0")
        right = padded != page and self._is(last, padded)
        return f"{len(padded) - len(page)} zeros were hashed that are not there" if right else None

    def _early_end(self) -> str | None:
        """Try a last page without the padding that was put behind the image."""
        last = len(self.wanted) - 1
        if self.wrong != [last]:
            return None
        page = self._page(last)
        for missing in range(1, min(MAX_PADDING, len(page) - 1) + 1):
            if self._is(last, page[:-missing]):
                return f"the last {missing} bytes before the signature were added"
        return None

    def _other_size(self) -> str | None:
        """Try pages of another size."""
        if not self._most_are_wrong():
            return None
        for size in PAGE_SIZES:
            pages = _split(
                rehash_pages(self.signed.part(0, size * SAMPLE), size, self.code.hash_type),
                self.code.hash_type,
            )
            pairs = zip(pages, self.wanted, strict=False)
            if size != self.code.page_size and self._matches(pairs, size):
                return f"the hashes are of pages of {size} bytes, not {self.code.page_size}"
        return None

    def _other_slice(self) -> str | None:
        """Try the other slices of the file."""
        if not self._most_are_wrong():
            return None
        size = self.code.page_size
        for other in self.others:
            sample = other.part(0, size * SAMPLE)
            pages = _split(rehash_pages(sample, size, self.code.hash_type), self.code.hash_type)
            if self._matches(zip(pages, self.wanted, strict=False), size):
                return f"the hashes are those of the slice at {other.start:#x}"
        return None

    def _commands(self) -> str | None:
        """Try the first page with one change to the load commands undone."""
        if 0 not in self.wrong:
            return None
        page = bytes(self._page(0))
        for head, since in beginnings(self.data, self.thin, self.superblob_length):
            if self._is(0, (head + page[len(head) :])[: len(page)]):
                return since
        return None

    def _zeroed(self) -> str | None:
        empty = all(not any(self._page(page)) for page in self.wrong[:SAMPLE])
        return "they are all zeros now" if empty else None

    def _moved(self) -> str | None:
        """Look for the signed pages at other places."""
        once = {digest for digest, times in Counter(self.found).items() if times == 1}
        places = {digest: page for page, digest in enumerate(self.found) if digest in once}
        steps = Counter(
            places[self.wanted[page]] - page for page in self.wrong if self.wanted[page] in places
        )
        step, times = next(iter(steps.most_common(1)), (0, 0))
        if not step or times < 2:
            return None
        return f"{times} pages are {abs(step) * self.code.page_size} bytes " + (
            "further on" if step > 0 else "nearer to the start"
        )

    def _likely(self) -> Cause:
        """Tell from where the changed pages lie."""
        if len(self.wrong) == len(self.wanted) > 2:
            return Cause.OTHER_FILE
        met = {self._meets(page) for page in self.wrong}
        if met == {"strings"}:
            return Cause.STRINGS_EDITED
        if met & {"contents", "strings"}:
            return Cause.CONTENTS_EDITED
        if met == {"head", "linkedit"}:
            return Cause.EDITED
        return Cause.HEAD_EDITED if met == {"head"} else Cause.LINKEDIT_EDITED

    def _meets(self, page: int) -> str:
        """Say what a page holds that tools change: for the first page, the load commands."""
        size = self.code.page_size
        names = standing_in(self.thin, range(page * size, (page + 1) * size))
        if COMMANDS in names:
            return "head"
        if "__LINKEDIT" in names:
            return "linkedit"
        strings = all(name.partition(",")[2] in STRINGS for name in names)
        return "strings" if names and strings else "contents"

    def _page(self, page: int) -> memoryview:
        size = self.code.page_size
        return self.signed[page * size : (page + 1) * size]

    def _is(self, page: int, content: bytes | memoryview) -> bool:
        return self.code.hash_type.digest(content) == self.wanted[page]

    def _most_are_wrong(self) -> bool:
        return len(self.wrong) * 2 > len(self.wanted) > 1

    def _matches(self, pairs: zip[tuple[bytes, bytes]], size: int) -> bool:
        """Tell whether digests agree, those of pages without contents apart."""
        empty = self.code.hash_type.digest(bytes(size))
        return any(one == other != empty for one, other in pairs)


def _split(digests: bytes, hash_type: HashType) -> list[bytes]:
    size = hash_type.size
    return [digests[at : at + size] for at in range(0, len(digests), size)]


def _runs(pages: Sequence[int]) -> list[range]:
    """Join neighbouring pages; ``pages`` ascend."""
    runs: list[range] = []
    for page in pages:
        if runs and runs[-1].stop == page:
            runs[-1] = range(runs[-1].start, page + 1)
        else:
            runs.append(range(page, page + 1))
    return runs
