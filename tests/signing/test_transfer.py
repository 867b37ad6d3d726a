"""Copying and hashing in one pass, alone and in several threads."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.digest import HashType
from countersign.errors import ChangedError, ReadError, WriteError
from countersign.pagehash import page_hashes_python
from countersign.sink import BytesSink, DifferentError, FileSink, Matcher
from countersign.source import BytesSource, FileSource, open_source
from countersign.transfer import CHUNK, NOT_HASHED, Hashing, transfer

DUAL = (HashType.SHA1, HashType.SHA256)


def expected(data: bytes, hashing: Hashing) -> tuple[bytes, ...]:
    view = memoryview(data)
    return tuple(page_hashes_python(view, hashing.page_size, each) for each in hashing.hash_types)


@settings(max_examples=50, deadline=None)
@given(
    size=st.integers(0, 3 * CHUNK),
    start=st.integers(0, 5000),
    at=st.integers(0, 5000),
    page_size=st.sampled_from([0x1000, 0x4000]),
    hash_types=st.sampled_from([(), (HashType.SHA256,), DUAL]),
)
def test_bytes_arrive_and_their_digests_too(
    size: int, start: int, at: int, page_size: int, hash_types: tuple[HashType, ...]
) -> None:
    data = os.urandom(start + size + 10)
    sink, hashing = BytesSink(at + size + 7), Hashing(page_size, hash_types)
    digests = transfer(BytesSource(data), start, size, sink, at, hashing)
    moved = data[start : start + size]
    assert bytes(sink.data) == bytes(at) + moved + bytes(7)
    assert digests == expected(moved, hashing)


@pytest.mark.parametrize("chunks", [63, 64, 65, 200])
def test_many_chunks_keep_their_order(tmp_path: Path, chunks: int) -> None:
    data = os.urandom(CHUNK * chunks + 5)
    (tmp_path / "from").write_bytes(data)
    hashing = Hashing(0x4000, (HashType.SHA256,))
    with open_source(tmp_path / "from") as source, (tmp_path / "to").open("wb") as target:
        digests = transfer(source, 0, len(data), FileSink(target.fileno()), 0, hashing)
    assert (tmp_path / "to").read_bytes() == data
    assert digests == expected(data, hashing)


def test_the_number_of_threads_does_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(CHUNK * 130)
    (tmp_path / "from").write_bytes(data)
    results = set()
    for cores in (1, 2, 7):
        monkeypatch.setattr("countersign.transfer.available_threads", lambda cores=cores: cores)
        sink = BytesSink(len(data))
        with open_source(tmp_path / "from") as source:
            digests = transfer(source, 0, len(data), sink, 0, Hashing(0x1000, DUAL))
        results.add((bytes(sink.data), digests))
    assert len(results) == 1


def test_without_threads_one_does_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(CHUNK * 70)
    (tmp_path / "from").write_bytes(data)

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    sink = BytesSink(len(data))
    with open_source(tmp_path / "from") as source:
        transfer(source, 0, len(data), sink, 0, NOT_HASHED)
    assert sink.data == data


def test_nobody_writes_any_more_when_an_interruption_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A descriptor may be another file's by then."""
    data = bytes(CHUNK * 200)
    (tmp_path / "from").write_bytes(data)
    monkeypatch.setattr("countersign.transfer.available_threads", lambda: 4)
    real, caller = os.pwrite, threading.get_ident()

    def interrupt(descriptor: int, piece: bytes, offset: int) -> int:
        if threading.get_ident() == caller and offset > CHUNK * 8:
            raise KeyboardInterrupt
        return real(descriptor, piece, offset)

    monkeypatch.setattr(os, "pwrite", interrupt)
    with open_source(tmp_path / "from") as source, (tmp_path / "to").open("wb") as target:
        with pytest.raises(KeyboardInterrupt):
            transfer(source, 0, len(data), FileSink(target.fileno()), 0, NOT_HASHED)
        assert threading.active_count() == 1


def test_a_file_that_was_cut_short_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(CHUNK * 100))
    with open_source(path) as source:
        os.truncate(path, 5000)
        with pytest.raises(ChangedError):
            transfer(source, 0, source.size, BytesSink(source.size), 0, NOT_HASHED)
        with pytest.raises(ChangedError):
            source.expect_unchanged(path)


@pytest.mark.parametrize("change", ["content", "mode", "name", "gone"])
def test_a_change_of_the_file_is_noticed(tmp_path: Path, change: str) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_bytes(b"before")
    other.write_bytes(b"before")
    with open_source(path) as source:
        source.expect_unchanged(path)
        if change == "content":
            path.write_bytes(b"after!")
        elif change == "mode":
            path.chmod(0o700)
        elif change == "name":
            other.replace(path)
        else:
            path.unlink()
        with pytest.raises(ChangedError):
            source.expect_unchanged(path)


@pytest.mark.parametrize("chunks", [1, 100])
def test_an_error_of_the_sink_comes_through(chunks: int) -> None:
    read_only, size = os.open(os.devnull, os.O_RDONLY), CHUNK * chunks
    source = BytesSource(bytes(size))
    try:
        with pytest.raises(WriteError):
            transfer(source, 0, size, FileSink(read_only), 0, NOT_HASHED)
    finally:
        os.close(read_only)


def test_an_error_of_the_source_is_our_own() -> None:
    write_only = os.open(os.devnull, os.O_WRONLY)
    try:
        with pytest.raises(ReadError):
            FileSource(write_only).read(0, 1)
    finally:
        os.close(write_only)


def test_a_comparison_ends_at_the_first_difference() -> None:
    present = BytesSource(b"abcdef")
    comparison = Matcher(present)
    comparison.write(2, b"cd")
    for offset, data in ((2, b"cX"), (4, b"efg"), (7, b"h")):
        with pytest.raises(DifferentError):
            comparison.write(offset, data)


def test_a_comparison_knows_a_range_that_stays_and_reads_one_that_moves() -> None:
    present = BytesSource(b"abcabc")
    comparison = Matcher(present)
    assert comparison.share(present, 1, 2, 1)
    assert not comparison.share(present, 0, 3, 3)
    transfer(present, 0, 3, comparison, 3, NOT_HASHED)
    with pytest.raises(DifferentError):
        transfer(present, 0, 3, comparison, 2, NOT_HASHED)
