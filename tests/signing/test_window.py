"""Judging files as they are read: piece by piece, and whatever others do to them meanwhile."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.digest import HashType
from countersign.errors import ChangedError, ReadError
from countersign.pagehash import hash_pages
from countersign.rehash import rehash, rehash_pages
from countersign.signer import sign_bytes
from countersign.source import BytesSource, FileSource, open_source
from countersign.verifier import verify, verify_image, verify_source
from countersign.window import Window
from macho import Macho, fat, put

LARGE = sign_bytes(Macho(linkedit_size=5 << 20).build(), "large")
UNIVERSAL = sign_bytes(
    fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", Macho().build())]), "both"
)


class Watched(FileSource):
    """A file that keeps account of the largest range that was asked of it."""

    largest = 0

    def read_into(self, offset: int, buffer: memoryview) -> None:
        self.largest = max(self.largest, len(buffer))
        super().read_into(offset, buffer)


@given(st.binary(max_size=40), st.data())
def test_a_window_is_what_a_slice_would_be(data: bytes, draw: st.DataObject) -> None:
    places = st.integers(-3, 45)
    start, stop, first, last = (draw.draw(places) for _ in range(4))
    window = Window.over(data).part(start, stop)
    assert bytes(window[:]) == data[start:stop]
    assert len(window) == len(data[start:stop])
    assert bytes(window[first:last]) == data[start:stop][first:last]
    assert bytes(window.part(first, last)[:]) == data[start:stop][first:last]
    assert b"".join(window.pieces()) == data[start:stop]


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_range_is_hashed_as_its_bytes_are(tmp_path: Path, in_memory: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    with open_source(path) as opened:
        window = Window(BytesSource(LARGE) if in_memory else opened).part(100, len(LARGE) - 1)
        covered = LARGE[100:-1]
        assert rehash(window, HashType.SHA256_TRUNCATED) == hashlib.sha256(covered).digest()[:20]
        for hash_type in HashType:
            wanted = hash_pages(covered, 4096, hash_type)
            assert rehash_pages(window, 4096, hash_type) == wanted


@pytest.mark.parametrize(
    "data",
    [
        LARGE,
        UNIVERSAL,
        put(LARGE, 1 << 20, "B", 1),
        LARGE[:-1],
        LARGE + b"x",
        UNIVERSAL + b"x",
        put(UNIVERSAL, 300, "B", 7),
        UNIVERSAL[:40_000],
        UNIVERSAL[:10],
        LARGE[:40],
        b"",
        b"text",
    ],
)
def test_a_file_is_judged_as_its_bytes_are(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert verify(path) == verify_image(data, path=str(path))


def test_a_large_file_is_never_read_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(LARGE + bytes(5 << 20))  # what follows is walked too
    with open_source(path) as opened:
        source = Watched(opened.descriptor)
        verdict = verify_source(source, path="file")
    assert {finding.rule for finding in verdict.slices[0].findings} == {"R10"}
    assert 1 << 16 <= source.largest <= 1 << 19


@pytest.mark.parametrize("left", [0, 100, 1 << 20, len(LARGE) - 1])
def test_a_file_that_is_cut_short_meanwhile_is_said_to_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """A mapping of it would end the process."""
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    real = FileSource.read_into

    def cut(self: FileSource, offset: int, buffer: memoryview) -> None:
        real(self, offset, buffer)
        os.truncate(path, left)

    monkeypatch.setattr(FileSource, "read_into", cut)
    with pytest.raises(ChangedError):
        verify(path)


def test_a_file_that_grows_or_is_replaced_meanwhile_is_said_to_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    for change in (
        lambda: path.write_bytes(LARGE + b"x"),
        lambda: (tmp_path / "other").write_bytes(LARGE) and (tmp_path / "other").replace(path),
        path.unlink,
    ):
        path.write_bytes(LARGE)

        def meddle(source: FileSource, **_: object) -> None:
            change()  # noqa: B023  # it is called before the next round

        monkeypatch.setattr("countersign.verifier.verify_source", meddle)
        with pytest.raises(ChangedError):
            verify(path)


def test_what_is_no_regular_file_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "absent", tmp_path, tmp_path / "pipe"):
        with pytest.raises(ReadError):
            verify(path)
