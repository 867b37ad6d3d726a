from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.errors import FormatError
from countersign.superblob import EMPTY_REQUIREMENTS, EMPTY_WRAPPER, Slot, SuperBlob

ENTRIES = [(Slot.CMS, EMPTY_WRAPPER), (Slot.REQUIREMENTS, EMPTY_REQUIREMENTS)]
PACKED = bytes(SuperBlob.pack(ENTRIES))


def parse(data: bytes, base: int = 0) -> SuperBlob:
    return SuperBlob.parse(memoryview(data), base)


def blob(magic: int, data: bytes) -> bytes:
    return struct.pack(">2I", magic, 8 + len(data)) + data


@given(
    st.dictionaries(
        st.integers(0, 2**32 - 1),
        st.builds(blob, st.integers(0, 2**32 - 1), st.binary(max_size=30)),
        max_size=8,
    )
)
def test_what_was_packed_is_read_back(entries: dict[int, bytes]) -> None:
    packed = SuperBlob.pack(entries.items())
    assert parse(bytes(packed)) == packed
    assert {each.slot: bytes(each.data) for each in packed.blobs} == entries


def test_blobs_are_sorted_and_packed() -> None:
    assert (
        struct.pack(">3I", 0xFADE0CC0, 48, 2)
        + struct.pack(">4I", 2, 28, 0x10000, 40)
        + EMPTY_REQUIREMENTS
        + EMPTY_WRAPPER
    ) == PACKED


def test_what_follows_is_not_looked_at() -> None:
    assert parse(PACKED + b"rest") == parse(PACKED)


def test_an_empty_wrapper_is_no_certificate() -> None:
    assert not parse(PACKED).has_cms
    assert SuperBlob.pack([(Slot.CMS, blob(0xFADE0B01, b"cms"))]).has_cms
    assert not SuperBlob.pack([]).has_cms


@pytest.mark.parametrize(
    ("offset", "value", "rule"),
    [
        (0, 0xFADE0C01, "R22"),
        (0, 0xFADE0C02, "R22"),
        (4, 49, "R23"),
        (4, 11, "R23"),
        (8, 5, "R23"),
        (8, 0xFFFFFFFF, "R23"),
        (16, 27, "R24"),
        (16, 41, "R24"),
        (16, 0xFFFFFFFF, "R24"),
        (32, 7, "R24"),
        (32, 21, "R24"),
    ],
)
def test_a_bad_field_is_named_by_its_rule(offset: int, value: int, rule: str) -> None:
    data = bytearray(PACKED)
    struct.pack_into(">I", data, offset, value)
    with pytest.raises(FormatError) as caught:
        parse(bytes(data))
    assert caught.value.rule == rule


def test_a_hostile_index_does_not_make_work() -> None:
    count = 100_000
    data = struct.pack(">3I", 0xFADE0CC0, 12 + 8 * count, count) + bytes(8 * count)
    with pytest.raises(FormatError, match="more than"):
        parse(data)


def test_every_truncation_is_a_format_error() -> None:
    for size in range(len(PACKED)):
        with pytest.raises(FormatError):
            parse(PACKED[:size])


@given(st.binary(max_size=100), st.integers(0, 5))
def test_no_bytes_make_it_raise_anything_else(rest: bytes, count: int) -> None:
    with contextlib.suppress(FormatError):
        parse(struct.pack(">3I", 0xFADE0CC0, 12 + len(rest), count) + rest)
