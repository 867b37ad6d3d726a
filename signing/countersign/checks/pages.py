"""R27 and R64: the hash of every page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from countersign.codedirectory import CodeDirectory
from countersign.findings import Enforcer, Finding
from countersign.macho.slice import Slice
from countersign.pagehash import page_count
from countersign.rehash import rehash_pages
from countersign.rules import broken
from countersign.signature import Directory
from countersign.window import Window

__all__ = ["check_pages", "is_padded"]


def check_pages(
    data: Window,
    thin: Slice,
    directory: Directory,
    best: Directory,
    pages: Sequence[range] | None = None,
) -> Iterator[Finding]:
    """Hash what a directory covers of the slice ``data`` again.

    codesign checks the hashes of every directory for the pages that the ``best`` one has
    (``SecStaticCode::validateExecutable``), the kernel those of the best one alone. Where ``pages``
    is given, only pages with bytes in these ranges of the file are hashed.
    """
    code = directory.code
    enforced_by = () if directory is best else (Enforcer.CODESIGN,)
    code = best.code._replace(hash_type=code.hash_type, hashes=code.hashes)
    if code.code_limit > len(data):
        message = f"{code.code_limit} bytes are signed, {len(data)} are there"
        yield broken("R27", thin.base + len(data), message, enforced_by=enforced_by)
        return
    wrong = [
        page for run in _page_runs(thin, code, pages) for page in _wrong_pages(data, code, run)
    ]
    if wrong and wrong[-1] == last_page(code) and is_padded(data, code):
        last = wrong.pop()
        message = f"the hash of the last page, {last}, is that of a page filled up with zeros"
        yield broken("R64", thin.base + last * code.page_size, message, enforced_by=enforced_by)
    if wrong:
        message = f"page {wrong[0]} was changed after it was signed"
        if len(wrong) > 1:
            message = (
                f"{len(wrong)} pages of {last_page(code) + 1} were changed, page {wrong[0]} first"
            )
        at = thin.base + wrong[0] * code.page_size
        yield broken("R27", at, message, enforced_by=enforced_by)


def _page_runs(thin: Slice, code: CodeDirectory, pages: Sequence[range] | None) -> Iterator[range]:
    """Give the numbers of the pages to hash, as runs, each page in one run at most."""
    count = page_count(code.code_limit, code.page_size)
    if pages is None:
        yield range(count)
        return
    done = 0
    for place in sorted(pages, key=lambda each: each.start):
        start = max(done, (place.start - thin.base) // code.page_size)
        stop = min(page_count(place.stop - thin.base, code.page_size), count)
        yield range(start, stop)
        done = max(done, stop)


def _wrong_pages(data: Window, code: CodeDirectory, run: range) -> list[int]:
    size = code.hash_type.size
    end = min(run.stop * code.page_size, code.code_limit)
    covered = data.part(run.start * code.page_size, end)
    found = rehash_pages(covered, code.page_size, code.hash_type)
    if found == code.hashes[run.start * size : run.stop * size]:
        return []
    return [
        page
        for at, page in enumerate(run)
        if found[at * size : (at + 1) * size] != code.hashes[page * size : (page + 1) * size]
    ]


def last_page(code: CodeDirectory) -> int:
    """Give the number of the last signed page, which has a hash or not."""
    return page_count(code.code_limit, code.page_size) - 1


def is_padded(data: Window, code: CodeDirectory) -> bool:
    """Tell whether the hash of the last page is that of the page followed by zeros."""
    last = last_page(code)
    rest = bytes(data[last * code.page_size : code.code_limit])
    if len(rest) == code.page_size:
        return False
    size = code.hash_type.size
    padded = code.hash_type.digest(rest.ljust(code.page_size, b"\0"))
    return padded == code.hashes[last * size : (last + 1) * size]
