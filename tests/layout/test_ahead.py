"""Pieces that are made ready on another core are the same pieces, with the same end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.trees.ahead import LOAD, MAX_LOADS, ahead


@given(st.lists(st.binary(max_size=8)))
def test_the_pieces_are_the_same(pieces: list[bytes]) -> None:
    assert list(ahead(pieces)) == pieces


def test_an_error_comes_behind_the_pieces_before_it() -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise EOFError("cut short")

    given_pieces = ahead(broken())
    assert next(given_pieces) == b"a"
    with pytest.raises(EOFError, match="cut short"):
        next(given_pieces)


def test_it_is_never_far_ahead_and_stops_when_closed() -> None:
    made = 0

    def endless() -> Iterator[bytes]:
        nonlocal made
        while True:
            made += 1
            yield bytes(LOAD)

    before = threading.active_count()
    pieces = ahead(endless())
    next(pieces)
    pieces.close()
    assert made <= MAX_LOADS + 3
    assert threading.active_count() == before


def test_without_a_thread_it_gives_them_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert list(ahead([b"a", b"b"])) == [b"a", b"b"]
