"""BER of all forms, rewritten with definite lengths."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.certificates.ber import MAX_DEPTH, definite, element
from countersign.errors import FormatError
from kit.certificates import der, indefinite


def clean(data: bytes) -> bytes:
    return definite(data, 0, rule="R56")


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 70000])
def test_an_element_has_the_shortest_length(size: int) -> None:
    assert element(0x30, bytes(size)) == der(0x30, bytes(size))


def test_definite_lengths_stay_as_they_are() -> None:
    data = der(0x30, der(2, b"\1"), der(0x31, der(4, b"octets")))
    assert clean(data) == data
    long_form = b"\x30\x81\x03\x02\x01\x05"
    assert clean(long_form) == long_form


def test_what_follows_is_left_out() -> None:
    assert clean(der(2, b"\1") + b"more") == der(2, b"\1")


def test_end_marks_become_lengths() -> None:
    inner = indefinite(0x31, der(2, b"\1"))
    assert clean(indefinite(0x30, inner, der(5))) == der(0x30, der(0x31, der(2, b"\1")), der(5))
    assert clean(der(0x30, inner)) == der(0x30, der(0x31, der(2, b"\1")))


def test_byte_strings_in_pieces_are_joined() -> None:
    pieces = (der(4, b"one"), indefinite(0x24, der(4, b"two")), der(4, b"three" * 40))
    whole = der(4, b"onetwo" + b"three" * 40)
    assert clean(indefinite(0x24, *pieces)) == whole
    assert clean(der(0x24, *pieces)) == whole
    definite_pieces = (der(4, b"one"), der(0x24, der(4, b"two")))
    assert clean(der(0x30, der(0x24, *definite_pieces))) == der(0x30, der(4, b"onetwo"))
    large = der(0x30, der(0x24, der(4, bytes(300)), der(4, bytes(300))))
    assert clean(large) == der(0x30, der(4, bytes(600)))


def test_tags_of_several_bytes_are_passed_over() -> None:
    assert clean(b"\x3f\x81\x01\x80\x05\x00\x00\x00") == b"\x3f\x81\x01\x02\x05\x00"
    assert clean(b"\x1f\x81\x01\x01x") == b"\x1f\x81\x01\x01x"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x05\x02",
        b"\x04\x80\x00\x00",
        b"\x30\x80\x05\x00",
        b"\x30\x04\x30\x80\x04\x05",
        b"\x30\x89" + bytes(9),
        b"\x24\x03\x02\x01\x05",
        b"\x1f\x81",
    ],
)
def test_what_does_not_fit_together_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        clean(data)
    assert caught.value.rule == "R56"


def test_nesting_is_bounded() -> None:
    deep = der(5)
    for _ in range(MAX_DEPTH - 1):
        deep = indefinite(0x30, deep)
    assert clean(deep).count(0x30) >= MAX_DEPTH - 1
    with pytest.raises(FormatError, match="within each other"):
        clean(indefinite(0x30, deep))
    with pytest.raises(FormatError):
        clean(b"\x30\x80" * 100_000)


@given(
    st.recursive(
        st.builds(lambda data: der(4, data), st.binary(max_size=8)),
        lambda inner: st.builds(lambda parts: der(0x30, *parts), st.lists(inner, max_size=4)),
    )
)
def test_what_is_definite_stays_as_it_is(data: bytes) -> None:
    assert clean(data) == data


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        assert clean(clean(data)) == clean(data)
