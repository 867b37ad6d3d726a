"""One byte of an archive is changed, anywhere: it is found, and explained in words."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.difference.comparing import compare_trees, is_tree
from countermark.difference.outcome import Outcome
from countermark.render.encoding import to_json
from countermark.render.tree_comparison import describe_trees
from countermark.render.tree_document import compare_trees_document
from counterproof.errors import TreeError
from countersign.signer import sign_bytes
from documents import validate
from macho import Macho
from programs import elf_with, pe_signed, pe_with
from trees import pack_tar, pack_tar_gz, pack_tar_zst, pack_zip

FILES = {
    "bin/program": sign_bytes(Macho(room=16).build(), "program"),
    "bin/program.exe": pe_signed(pe_with({".text": b"code" * 9})),
    "lib/library": elf_with({".text": b"code" * 99, ".data": b"data"}),
    "share/" + "long/" * 25 + "name": b"text\n" * 9,
    "share/readme.txt": "".join(f"line {number}\n" for number in range(400)).encode(),
}


def pack_named_gz(files: dict[str, bytes]) -> bytes:
    """Compress with a name and a time in the header."""
    data = bytearray(gzip.compress(pack_tar(files), mtime=1))
    data[3] |= 8
    return bytes(data[:10] + b"name.tar\0" + data[10:])


PACKERS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "tar": pack_tar,
    "tar.gz": pack_tar_gz,
    "named tar.gz": pack_named_gz,
    "tar.zst": pack_tar_zst,
    "zip": pack_zip,
}


def explain(good: Path, other: Path) -> str:
    """Compare both ways, in every form; give the text."""
    for pair in ((good, other), (other, good)):
        comparison = compare_trees(*pair)
        assert comparison.causes
        assert not comparison.equal()
        assert comparison.outcome in (Outcome.COMPRESSION, Outcome.SIGNATURES, Outcome.DIFFERENT)
        document = compare_trees_document(
            comparison, modulo_signature=False, command=None, shown=None
        )
        validate(to_json(document))
        text = describe_trees(comparison, modulo_signature=False)
        assert all(line.isprintable() for line in text.splitlines())
    return text


@pytest.mark.parametrize("form", PACKERS)
@settings(max_examples=30, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_any_byte_is_found_and_explained(form: str, place: float, mask: int) -> None:
    data = PACKERS[form](FILES)
    with TemporaryDirectory() as folder:
        good, other = Path(folder, "good"), Path(folder, "other")
        spoiled = bytearray(data)
        spoiled[int(place * len(data))] ^= mask
        good.write_bytes(data)
        other.write_bytes(spoiled)
        explain(good, other)


HEADS = 700
"""Bytes at both ends that are changed one by one: headers, trailers, directories."""


@pytest.mark.parametrize("form", PACKERS)
@pytest.mark.parametrize("start", range(8))
def test_every_byte_of_the_ends_is_found(form: str, start: int, tmp_path: Path) -> None:
    data = PACKERS[form]({"a": b"one\n", "b/c": b"two\n"})
    good, other = tmp_path / "good", tmp_path / "other"
    good.write_bytes(data)
    places = [*range(min(HEADS, len(data))), *range(max(len(data) - HEADS, 0), len(data))]
    for place in sorted(set(places))[start::32]:
        spoiled = bytearray(data)
        spoiled[place] ^= 1 << place % 8
        other.write_bytes(spoiled)
        explain(good, other)


@pytest.mark.parametrize("form", PACKERS)
@settings(max_examples=15, deadline=None)
@given(size=st.integers(0, 2000))
def test_what_is_cut_short_is_found_and_explained(form: str, size: int) -> None:
    data = PACKERS[form](FILES)
    with TemporaryDirectory() as folder:
        good, other = Path(folder, "good"), Path(folder, "other")
        good.write_bytes(data)
        other.write_bytes(data[: max(0, len(data) - size)])
        if size:
            explain(good, other)


@settings(max_examples=30, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_a_byte_of_the_tar_inside_is_never_taken_for_compression(place: float, mask: int) -> None:
    tar = pack_tar(FILES)
    spoiled = bytearray(tar)
    spoiled[int(place * len(tar))] ^= mask
    with TemporaryDirectory() as folder:
        good, other = Path(folder, "good"), Path(folder, "other")
        good.write_bytes(gzip.compress(tar, mtime=0))
        other.write_bytes(gzip.compress(bytes(spoiled), 1, mtime=0))
        comparison = compare_trees(good, other)
        assert comparison.causes
        assert comparison.outcome is not Outcome.COMPRESSION


@settings(max_examples=100, deadline=None)
@given(
    data=st.binary(max_size=2000), head=st.sampled_from((b"", b"\x1f\x8b", b"PK\3\4", b"\x28\xb5"))
)
def test_two_files_of_any_bytes(head: bytes, data: bytes) -> None:
    with TemporaryDirectory() as folder:
        good, other = Path(folder, "good"), Path(folder, "other")
        good.write_bytes(pack_tar({"a": b"b"}))
        other.write_bytes(head + data)
        is_tree(other)
        explain(good, other)
        with suppress(TreeError):
            assert not compare_trees(other, Path(folder)).equal()
