"""Copying and hashing in one pass: every byte is read once, while it is hot in the cache.

Chunks go through a small reused buffer of each thread, so memory does not grow with the file. That
is as fast as hashing a mapping and safer, and the copy costs no second read.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final, NamedTuple

from countersign.digest import HashType
from countersign.pagehash import available_threads, hash_pages
from countersign.sink import Sink
from countersign.source import Source

__all__ = ["CHUNK", "NOT_HASHED", "Hashing", "transfer"]

CHUNK: Final = 1 << 19
"""Bytes that a thread holds: a multiple of every page size, and small enough for its cache."""
ALONE: Final = 32
"""Chunks that one thread has done before another has started."""


class Hashing(NamedTuple):
    """How what is copied is hashed."""

    page_size: int
    hash_types: tuple[HashType, ...] = ()


NOT_HASHED: Final = Hashing(0x1000)
"""For what is only copied."""


def transfer(
    source: Source, offset: int, size: int, sink: Sink, at: int, hashing: Hashing
) -> tuple[bytes, ...]:
    """Bring ``size`` bytes from ``offset`` of ``source`` to ``at`` in ``sink``, and hash them.

    Gives the digests of the pages, one after another, for each hash type. The range starts a page;
    its last page may be short. Raises what the source and the sink raise.
    """
    shared = sink.share(source, offset, size, at) if size else None
    if shared is not None and not hashing.hash_types:
        return ()
    # What is shared is read where it is now: nobody else can change it there.
    origin, first = (source, offset) if shared is None else (shared, at)
    starts = range(0, size, CHUNK)
    digests: list[tuple[bytes, ...]] = [()] * len(starts)

    def move(index: int, buffer: memoryview) -> None:
        start = starts[index]
        view = buffer[: min(CHUNK, size - start)]
        origin.read_into(first + start, view)
        digests[index] = tuple(
            hash_pages(view, hashing.page_size, each) for each in hashing.hash_types
        )
        if shared is None:
            sink.write(at + start, view)

    _for_each(len(starts), move, chunk=min(CHUNK, size))
    return tuple(
        b"".join(one[which] for one in digests) for which in range(len(hashing.hash_types))
    )


def _for_each(number: int, move: Callable[[int, memoryview], None], *, chunk: int) -> None:
    """Call ``move`` for 0, 1, ... with a buffer, in several threads when there is much to do."""
    errors: list[BaseException] = []
    numbers = count()

    def work() -> None:
        buffer = memoryview(bytearray(chunk))
        try:
            while not errors and (index := next(numbers)) < number:
                move(index, buffer)
        except BaseException as error:  # it is raised again below, in the caller's thread
            errors.append(error)

    helpers = [threading.Thread(target=work, daemon=True) for _ in range(_helpers(number))]
    try:
        for helper in helpers:
            with contextlib.suppress(RuntimeError):  # a container may have no thread left
                helper.start()
        work()
        _join(helpers)
    except BaseException as error:  # nobody may go on writing once this has returned
        errors.append(error)
        _join(helpers)
        raise
    if errors:
        raise errors[0]


def _join(helpers: Sequence[threading.Thread]) -> None:
    for helper in helpers:
        if helper.ident is not None:
            helper.join()


def _helpers(chunks: int) -> int:
    """Count the threads beside the caller's own."""
    return min(available_threads(), chunks // ALONE) - 1 if chunks >= 2 * ALONE else 0
