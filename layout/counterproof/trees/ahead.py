"""Making pieces ready on another core, while those before them are looked at."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator
from queue import SimpleQueue
from typing import Final, NamedTuple

__all__ = ["ahead"]

LOAD: Final = 1 << 20
"""Bytes that are handed over at a time: waking a thread up costs more than a small piece."""
MAX_LOADS: Final = 2
"""Loads that wait to be looked at."""


class _End(NamedTuple):
    error: BaseException | None = None


def ahead(pieces: Iterable[bytes]) -> Generator[bytes, None, None]:
    """Give the same pieces, and raise the same error at their end.

    A thread asks for them, and whatever they come from is its own until this ends or is closed.
    """
    ready: SimpleQueue[list[bytes] | _End] = SimpleQueue()
    room = threading.Semaphore(MAX_LOADS)
    closed = threading.Event()

    def work() -> None:
        try:
            for load in _loads(pieces):
                room.acquire()
                if closed.is_set():
                    return
                ready.put(load)
            ready.put(_End())
        except BaseException as error:  # it is raised again below, where the pieces are wanted
            ready.put(_End(error))

    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # a container may have no thread left
        yield from pieces
        return
    try:
        while not isinstance(load := ready.get(), _End):
            yield from load
            room.release()
        if load.error is not None:
            raise load.error
    finally:
        closed.set()
        room.release()
        thread.join()


def _loads(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    load: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            load.append(piece)
            size += len(piece)
            if size >= LOAD:
                yield load
                load, size = [], 0
    except Exception:
        yield load  # what came before the error is as good as ever
        raise
    yield load
