"""Comparing files, with and without their signatures."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.comparison.ranges import MAX_DIFFERENCES, Compared, compare
from countersign.errors import IncomparableError, NotSignableError, ReadError
from countersign.settings import Settings
from countersign.signer import sign_bytes
from countersign.style import Style
from macho import Macho, fat, put

IMAGE = Macho(text_pages=3)
UNSIGNED = IMAGE.build()
SIGNED = sign_bytes(UNSIGNED, "a")


def compared(folder: Path, one: bytes, other: bytes, *, modulo: bool = False) -> Compared:
    paths = folder / "one", folder / "other"
    for path, data in zip(paths, (one, other), strict=True):
        path.write_bytes(data)
    return compare(*paths, modulo_signature=modulo)


def changed(data: bytes, *places: int) -> bytes:
    out = bytearray(data)
    for place in places:
        out[place] ^= 1
    return bytes(out)


def test_equal_files_are_equal(tmp_path: Path) -> None:
    found = compared(tmp_path, SIGNED, SIGNED)
    assert found.equal
    assert found.complete


@pytest.mark.parametrize("style", Style)
def test_signed_is_unsigned_and_a_signature(tmp_path: Path, style: Style) -> None:
    signed = sign_bytes(UNSIGNED, "a", Settings(style=style))
    assert not compared(tmp_path, signed, UNSIGNED).equal
    assert compared(tmp_path, signed, UNSIGNED, modulo=True).equal
    assert compared(tmp_path, UNSIGNED, signed, modulo=True).equal


def test_what_follows_a_signature_is_no_part_of_it(tmp_path: Path) -> None:
    found = compared(tmp_path, UNSIGNED, SIGNED + b"more", modulo=True)
    assert [each.where for each in found.differences] == ["arm64 behind the signature"]
    assert found.differences[0].size == 4
    assert not compared(tmp_path, SIGNED + b"more", SIGNED + b"else", modulo=True).equal
    assert compared(tmp_path, SIGNED + b"more", SIGNED + b"more", modulo=True).equal
    assert compared(tmp_path, UNSIGNED, SIGNED + bytes(4), modulo=True).equal


def test_each_range_says_where_it_starts(tmp_path: Path) -> None:
    def last_place(one: bytes, other: bytes) -> str:
        return compared(tmp_path, one, other).differences[-1].where

    assert last_place(SIGNED, UNSIGNED) == "arm64 signature"
    assert last_place(UNSIGNED, SIGNED) == "only in the second file"
    assert last_place(b"text", b"test") == "the file"
    joined = fat([("arm64", UNSIGNED)])
    assert last_place(joined, changed(joined, 0x1000)) == "outside the slices"


def test_two_signatures_of_one_file_do_not_count(tmp_path: Path) -> None:
    other = sign_bytes(IMAGE.sealed().build(), "other", Settings(style=Style.MACOS15))
    assert compared(tmp_path, SIGNED, other, modulo=True).equal


def test_slices_are_compared_wherever_they_lie(tmp_path: Path) -> None:
    slices = [("x86_64", Macho(arch="x86_64").build()), ("arm64", UNSIGNED)]
    joined = fat(slices, align=[12, 14])
    assert compared(tmp_path, sign_bytes(joined, "a"), joined, modulo=True).equal


@pytest.mark.parametrize("modulo", [False, True])
def test_a_changed_byte_is_named_with_its_place(tmp_path: Path, modulo: bool) -> None:
    place = IMAGE.text_size - 200
    found = compared(tmp_path, SIGNED, changed(SIGNED, place), modulo=modulo)
    (difference,) = found.differences
    assert (difference.offset, difference.size) == (place, 1)
    assert difference.where == "arm64 __TEXT,__text"


def test_changes_in_header_and_signature_are_told_apart(tmp_path: Path) -> None:
    found = compared(tmp_path, SIGNED, changed(SIGNED, 24, len(SIGNED) - 1))
    assert [each.where for each in found.differences] == ["arm64 header", "arm64 signature"]
    modulo = compared(tmp_path, SIGNED, changed(SIGNED, 24, len(SIGNED) - 1), modulo=True)
    assert [each.where for each in modulo.differences] == ["arm64 header"]


def test_neighbouring_changes_are_one_and_distant_ones_two(tmp_path: Path) -> None:
    start = 40_000
    found = compared(tmp_path, UNSIGNED, changed(UNSIGNED, start, start + 10, start + 100))
    places = [(each.offset, each.size) for each in found.differences]
    assert places == [(start, 11), (start + 100, 1)]


@settings(max_examples=40, deadline=None)
@given(places=st.sets(st.integers(0, 9999), min_size=1, max_size=40))
def test_every_change_lies_in_a_range_that_begins_and_ends_with_one(
    tmp_path_factory: pytest.TempPathFactory, places: set[int]
) -> None:
    data = bytes(10_000)
    found = compared(tmp_path_factory.mktemp("pair"), data, changed(data, *places))
    ranges = [range(each.offset, each.offset + each.size) for each in found.differences]
    assert all(any(place in span for span in ranges) for place in places)
    assert all(span[0] in places and span[-1] in places for span in ranges)


def test_the_rest_of_a_longer_file_differs(tmp_path: Path) -> None:
    found = compared(tmp_path, b"ab", b"abcde")
    assert [(each.offset, each.size) for each in found.differences] == [(2, 3)]


def test_a_flood_of_differences_is_cut_and_said_to_be(tmp_path: Path) -> None:
    data = bytes(100_000)
    found = compared(tmp_path, data, changed(data, *range(0, 100_000, 50)))
    assert len(found.differences) == MAX_DIFFERENCES
    assert not found.complete


def test_an_odd_linkedit_is_compared_all_the_same(tmp_path: Path) -> None:
    odd = put(UNSIGNED, UNSIGNED.find(b"__LINKEDIT") + 32, "<Q", 1 << 40)
    assert compared(tmp_path, odd, odd, modulo=True).equal
    (difference,) = compared(tmp_path, odd, UNSIGNED, modulo=True).differences
    assert difference.where == "arm64 header"


def test_other_subtypes_and_bytes_between_slices_are_differences(tmp_path: Path) -> None:
    one = fat([("arm64", UNSIGNED)])
    with pytest.raises(IncomparableError):
        compared(tmp_path, one, put(one, 12, ">I", 2), modulo=True)
    with pytest.raises(NotSignableError, match="bytes before"):
        compared(tmp_path, one, put(one, 100, "B", 1), modulo=True)


def test_other_architectures_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(IncomparableError, match="arm64 and x86_64"):
        compared(tmp_path, UNSIGNED, Macho(arch="x86_64").build(), modulo=True)


def test_what_is_no_image_has_no_signature_to_leave_out(tmp_path: Path) -> None:
    assert compared(tmp_path, b"text", b"text").equal
    with pytest.raises(NotSignableError):
        compared(tmp_path, b"text", b"text", modulo=True)


def test_what_cannot_be_read_is_our_own_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError):
        compare(tmp_path / "absent", tmp_path / "absent")
