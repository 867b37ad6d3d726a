from __future__ import annotations

import plistlib
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.errors import EntitlementsError
from countersign.plists.entitlements import Entitlements, ExecFlag
from countersign.plists.propertylist import Value

text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"),
    max_size=150,
)
values: st.SearchStrategy[Value] = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | text,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


def written(content: dict[str, Value]) -> bytes:
    return plistlib.dumps(content, sort_keys=False)


def der(content: dict[str, Value]) -> str:
    return Entitlements.parse(written(content)).der_blob[8:].hex(" ")


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Read DER by the book: a tag of one byte, the shortest length, the contents."""
    while data:
        tag, size, at = data[0], data[1], 2
        if size >= 0x80:
            at += size - 0x80
            size = int.from_bytes(data[2:at])
            assert size >= 0x80
            assert data[2] != 0
        assert at + size <= len(data)
        yield tag, data[at : at + size]
        data = data[at + size :]


def value(tag: int, data: bytes) -> Value:
    if tag == 0x01:
        return {b"\xff": True, b"\0": False}[data]
    if tag == 0x02:
        number = int.from_bytes(data, signed=True)
        assert len(data) == 1 or not -(1 << 8 * len(data) - 9) <= number < 1 << 8 * len(data) - 9
        return number
    if tag == 0x0C:
        return data.decode()
    if tag == 0x30:
        return tuple(value(*each) for each in elements(data))
    assert tag == 0xB0
    pairs = []
    for pair, content in elements(data):
        (key_tag, key), inner = elements(content)
        assert (pair, key_tag) == (0x30, 0x0C)
        pairs.append((key, value(*inner)))
    assert [key for key, _ in pairs] == sorted({key for key, _ in pairs})
    return {key.decode(): each for key, each in pairs}


@given(st.dictionaries(text, values, max_size=5))
def test_an_independent_reader_reads_the_der_form(content: dict[str, Value]) -> None:
    blob = Entitlements.parse(written(content)).der_blob
    assert struct.unpack_from(">2I", blob) == (0xFADE7172, len(blob))
    ((tag, envelope),) = elements(blob[8:])
    version, dictionary = elements(envelope)
    assert (tag, version) == (0x70, (0x02, b"\x01"))
    assert value(*dictionary) == content


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (False, "01 01 00"),
        (True, "01 01 ff"),
        (0, "02 01 00"),
        (42, "02 01 2a"),
        (-1, "02 01 ff"),
        (127, "02 01 7f"),
        (128, "02 02 00 80"),
        (-128, "02 01 80"),
        (-129, "02 02 ff 7f"),
        (2**63 - 1, "02 08 7f ff ff ff ff ff ff ff"),
        (-(2**63), "02 08 80 00 00 00 00 00 00 00"),
        ("", "0c 00"),
        ("\u00e4", "0c 02 c3 a4"),
        ((), "30 00"),
        ((True, "a"), "30 06 01 01 ff 0c 01 61"),
        ({}, "b0 00"),
        ({"a": {"b": False}}, "b0 0f 30 0d 0c 01 61 b0 08 30 06 0c 01 62 01 01 00"),
    ],
)
def test_values_have_the_form_that_codesign_writes(content: Value, expected: str) -> None:
    assert der({"k": content}).endswith(f" 0c 01 6b {expected}")


def test_no_entitlements_are_still_a_dictionary() -> None:
    assert der({}) == "70 05 02 01 01 b0 00"


def test_keys_are_sorted_whatever_the_order_in_the_file() -> None:
    assert der({"b": True, "a": True, "B": True}) == der({"B": True, "a": True, "b": True})
    assert der({"b": True, "B": True}).index("0c 01 42") < der({"b": True, "B": True}).index("62")


@pytest.mark.parametrize(
    ("size", "header"), [(127, "0c 7f"), (128, "0c 81 80"), (256, "0c 82 01 00")]
)
def test_lengths_are_as_short_as_possible(size: int, header: str) -> None:
    assert der({"k": "x" * size}).endswith(f"0c 01 6b {header}" + " 78" * size)


@given(st.dictionaries(text, values, max_size=3))
def test_the_xml_form_is_the_file_to_the_byte(content: dict[str, Value]) -> None:
    data = written(content) + b"\n<!-- why -->\n"
    blob = Entitlements.parse(data).xml_blob
    assert blob == struct.pack(">2I", 0xFADE7171, 8 + len(data)) + data
    assert Entitlements.parse(blob) == Entitlements.parse(data)


@pytest.mark.parametrize("length", [0, 7, 8, 1000])
def test_a_blob_of_another_length_is_refused(length: int) -> None:
    blob = struct.pack(">2I", 0xFADE7171, length) + written({})
    with pytest.raises(EntitlementsError, match="length"):
        Entitlements.parse(blob)
    with pytest.raises(EntitlementsError):
        Entitlements.parse(blob[:6])


@pytest.mark.parametrize(
    ("key", "flags"),
    [
        ("get-task-allow", 0x10),
        ("run-unsigned-code", 0x10),
        ("com.apple.private.cs.debugger", 0x20),
        ("dynamic-codesigning", 0x40),
        ("com.apple.private.skip-library-validation", 0x80),
        ("com.apple.private.amfi.can-load-cdhash", 0x100),
        ("com.apple.private.amfi.can-execute-cdhash", 0x200),
        ("com.apple.security.get-task-allow", 0),
        ("com.apple.security.cs.allow-jit", 0),
    ],
)
def test_only_the_boolean_true_sets_an_exec_flag(key: str, flags: int) -> None:
    def flags_of(content: Value) -> ExecFlag:
        return Entitlements.parse(written({key: content})).exec_flags

    assert flags_of(True) == flags
    assert [flags_of(content) for content in (False, 1, "true", (True,))] == [0, 0, 0, 0]


def test_exec_flags_add_up() -> None:
    entitlements = Entitlements.parse(
        written({"get-task-allow": True, "dynamic-codesigning": True})
    )
    assert entitlements.exec_flags == ExecFlag.ALLOW_UNSIGNED | ExecFlag.JIT
