"""JSON from strangers is read in one way only, or not at all."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.provenance import strictjson
from countermark.provenance.strictjson import MOST_DEPTH, StrictJsonError, parse_strict

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_every_reader_understands_is_read(value: object) -> None:
    assert parse_strict(json.dumps(value).encode()) == value


@given(st.binary(max_size=64))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    try:
        parse_strict(content)
    except StrictJsonError:
        return


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"a": 1, "a": 1}', "twice"),
        (b'[{"b": {"a": 1, "a": 2}}]', "twice"),
        (b'{"a": 1, "\\u0061": 2}', "twice"),
        (b"[" * 100_000, "stand in one another"),
        (b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1), "stand in one another"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "stand in one another"),
        (b"9007199254740992", "larger than"),
        (b"-9007199254740992", "larger than"),
        (b"1" * 100_000, "larger than"),
        (b"1e999", "larger than any"),
        (b"NaN", "no number"),
        (b"-Infinity", "no number"),
        (b'"\xff"', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b"", "not JSON"),
        (b"{} {}", "not JSON"),
        (b'["\\ud800"]', "surrogate"),
        (b'{"\\uDFFF": 1}', "surrogate"),
        (b'["\\udc00\\ud800"]', "surrogate"),
    ],
)
def test_what_two_readers_might_take_for_two_things_is_refused(
    content: bytes, problem: str
) -> None:
    with pytest.raises(StrictJsonError, match=problem):
        parse_strict(content)


def test_the_deepest_document_is_read() -> None:
    nested = b"[" * MOST_DEPTH + b"]" * MOST_DEPTH
    assert json.dumps(parse_strict(nested)).encode() == nested


def test_a_whole_surrogate_pair_is_read() -> None:
    assert parse_strict(b'["\\ud83d\\ude00"]') == ["\N{GRINNING FACE}"]


def test_a_large_document_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strictjson, "LARGEST", 3)
    assert parse_strict(b"[1]") == [1]
    with pytest.raises(StrictJsonError, match="more than"):
        parse_strict(b"[10]")
