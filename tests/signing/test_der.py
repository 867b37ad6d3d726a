from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.errors import FormatError
from countersign.plists.der import decode_entitlements, encode_entitlements
from countersign.plists.propertylist import MAX_DEPTH, MAX_SIZE, Value

text = st.text(st.characters(codec="utf-8"), max_size=150)
values: st.SearchStrategy[Value] = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | text,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)

SAMPLE: dict[str, Value] = {"a": True, "b": {"list": (1, "two", False), "text": "x" * 200}, "c": -7}
PLAIN = "70 0d 02 01 01 b0 08 30 06 0c 01 61 01 01 ff"


def hexadecimal(value: str) -> bytes:
    return bytes.fromhex(value)


def wrapped(dictionary: str) -> bytes:
    """The envelope around a dictionary that is short."""
    content = bytes.fromhex("020101") + bytes.fromhex(dictionary)
    assert len(content) < 0x80
    return bytes((0x70, len(content))) + content


@given(st.dictionaries(text, values, max_size=5))
def test_decoding_is_the_inverse_of_encoding(content: dict[str, Value]) -> None:
    data = encode_entitlements(content)
    assert decode_entitlements(data) == content
    assert encode_entitlements(decode_entitlements(memoryview(data))) == data


def test_booleans_are_no_integers() -> None:
    decoded = decode_entitlements(encode_entitlements({"a": True, "b": 1}))
    assert [type(each) for each in decoded.values()] == [bool, int]


def test_the_form_before_macos_12_is_read() -> None:
    older = "31 16 30 06 0c 01 61 01 01 ff 30 0c 0c 01 62 31 07 30 05 0c 01 63 30 00"
    assert decode_entitlements(hexadecimal(older)) == {"a": True, "b": {"c": ()}}


def test_the_order_of_keys_is_for_others_to_judge() -> None:
    data = wrapped("b0 10 30 06 0c 01 62 01 01 ff 30 06 0c 01 61 01 01 ff")
    assert decode_entitlements(data) == {"b": True, "a": True}
    assert encode_entitlements(decode_entitlements(data)) != data


@pytest.mark.parametrize(
    ("data", "at", "problem"),
    [
        ("", 0, "the form has 0 elements"),
        ("70", 0, "cut short"),
        (PLAIN + "00 00", 0, "the form has 2 elements"),
        ("30 00", 0, "tag 0x30 begins no entitlements"),
        ("70 03 02 01 01", 2, "the envelope has 1 elements"),
        ("70 05 02 01 02 b0 00", 4, "version is not 1"),
        ("70 05 0c 01 31 b0 00", 4, "version is not 1"),
        ("70 05 02 01 01 31 00", 7, "no dictionary"),
        ("70 07 02 01 01 b0 02 30 00", 9, "the pair has 0 elements"),
        ("70 80 02 01 01 b0 00 00 00", 0, "shortest form"),
        ("70 81 05 02 01 01 b0 00", 0, "shortest form"),
        ("70 82 00 05 02 01 01 b0 00", 0, "shortest form"),
        ("70 84 ff", 0, "shortest form"),
        ("70 06 02 01 01 b0 00", 0, "goes beyond"),
        ("70 05 02 01 01 b0 01", 5, "goes beyond"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(data: str, at: int, problem: str) -> None:
    with pytest.raises(FormatError, match=problem) as caught:
        decode_entitlements(hexadecimal(data), base=1000)
    assert (caught.value.rule, caught.value.offset) == ("E2", 1000 + at)


@pytest.mark.parametrize(
    ("dictionary", "problem"),
    [
        ("b0 08 31 06 0c 01 61 01 01 ff", "something else than keys"),
        ("b0 08 30 06 02 01 61 01 01 ff", "something else than keys"),
        ("b0 10 30 06 0c 01 61 01 01 ff 30 06 0c 01 61 01 01 00", "the key 'a' is there twice"),
        ("b0 08 30 06 0c 01 61 04 01 ff", "tag 0x4 is no kind of value"),
        ("b0 08 30 06 0c 01 61 1f 01 ff", "tag 0x1f is no kind of value"),
        ("b0 07 30 05 0c 01 61 31 00", "tag 0x31 is no kind of value"),
        ("b0 07 30 05 0c 01 61 01 00", "a boolean of 0 bytes"),
        ("b0 07 30 05 0c 01 61 02 00", "an integer of 0 bytes"),
        ("b0 10 30 0e 0c 01 61 02 09 00 80 00 00 00 00 00 00 00", "an integer of 9 bytes"),
        ("b0 08 30 06 0c 01 ff 01 01 ff", "not UTF-8"),
    ],
)
def test_a_value_that_cannot_be_one_is_refused(dictionary: str, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        decode_entitlements(wrapped(dictionary))


def nested(depth: int) -> bytes:
    value: Value = ()
    for _ in range(depth):
        value = (value,)
    return encode_entitlements({"k": value})


def test_depth_is_bounded() -> None:
    assert decode_entitlements(nested(MAX_DEPTH - 2))
    for depth in (MAX_DEPTH, 300):
        with pytest.raises(FormatError, match="within each other"):
            decode_entitlements(nested(depth))


def test_size_is_bounded() -> None:
    with pytest.raises(FormatError, match="more than"):
        decode_entitlements(encode_entitlements({"k": "x" * MAX_SIZE}))


def test_no_changed_bit_makes_it_raise_anything_else() -> None:
    data = encode_entitlements(SAMPLE)
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with contextlib.suppress(FormatError):
            decode_entitlements(bytes(changed))


def test_every_truncation_is_refused() -> None:
    data = encode_entitlements(SAMPLE)
    for size in range(len(data)):
        with pytest.raises(FormatError):
            decode_entitlements(data[:size])


@given(st.binary(max_size=60))
def test_any_bytes_give_values_or_a_format_error(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        decode_entitlements(data)
