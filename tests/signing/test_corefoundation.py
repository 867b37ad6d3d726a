from __future__ import annotations

import contextlib
import datetime
import plistlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.errors import PropertyListError
from countersign.plists.corefoundation import read_dictionary

LIMIT = 1 << 20
CONTENT = {
    "text": "x" * 300,
    "unicode": "\u00e4" * 20,
    "list": [1, -1, 2**60, 1.5, True, {"inner": b"12"}],
    "when": datetime.datetime(2026, 1, 2),
    "nothing": {},
}
BINARY = plistlib.dumps(CONTENT, fmt=plistlib.FMT_BINARY)


@pytest.mark.parametrize("data", [plistlib.dumps(CONTENT), BINARY], ids=["XML", "binary"])
def test_both_forms_are_read(data: bytes) -> None:
    assert read_dictionary(data, limit=LIMIT) == CONTENT
    assert read_dictionary(memoryview(data), limit=LIMIT) == CONTENT


@given(
    st.dictionaries(
        st.text("ab\u00e4"),
        st.integers(-(2**63), 2**64 - 1) | st.binary() | st.floats(allow_nan=False) | st.text("cd"),
    )
)
def test_what_python_writes_is_read_back(content: dict[str, object]) -> None:
    binary = plistlib.dumps(content, fmt=plistlib.FMT_BINARY)
    assert read_dictionary(binary, limit=LIMIT) == content


def overlapping(count: int) -> bytes:
    """A list of ``count`` strings that all are the same 1,000 bytes of the file."""
    objects = b"bplist00" + b"\x5f\x11" + struct.pack(">H", 1000) + b"x" * 1000
    array = len(objects)
    objects += b"\xaf\x11" + struct.pack(">H", count)
    objects += b"".join(struct.pack(">H", 3 + index) for index in range(count))
    top = len(objects)
    objects += b"\xd1" + struct.pack(">2H", 2, 1)
    key = len(objects)
    objects += b"\x51k"
    offsets = [top, array, key] + [8] * count
    table = b"".join(struct.pack(">I", offset) for offset in offsets)
    trailer = struct.pack(">6x2B3Q", 4, 2, len(offsets), 0, len(objects))
    return objects + table + trailer


def test_a_small_list_cannot_fill_the_memory() -> None:
    assert len(plistlib.loads(overlapping(50))["k"]) == 50
    assert read_dictionary(overlapping(1), limit=LIMIT) == {"k": ["x" * 1000]}
    with pytest.raises(PropertyListError, match="upon each other"):
        read_dictionary(overlapping(50), limit=LIMIT)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "neither an XML nor a binary"),
        (b"bplist00", "neither an XML nor a binary"),
        (b"text", "neither an XML nor a binary"),
        (b'<!DOCTYPE p [<!ENTITY a "b">]><plist><dict/></plist>', "neither an XML nor a binary"),
        (plistlib.dumps([1]), "not a dictionary"),
        (plistlib.dumps({"k": "x" * LIMIT}), "more than"),
    ],
)
def test_what_is_no_dictionary_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(PropertyListError, match=problem):
        read_dictionary(data, limit=LIMIT)


def test_deep_lists_end() -> None:
    for data in (b"<plist>" + b"<array>" * 50_000, b"<plist><dict><key>a</key>" * 50_000):
        with pytest.raises(PropertyListError):
            read_dictionary(data, limit=LIMIT)


def test_no_changed_bit_and_no_cut_makes_it_raise_anything_else() -> None:
    for bit in range(8 * len(BINARY)):
        changed = bytearray(BINARY)
        changed[bit // 8] ^= 1 << bit % 8
        with contextlib.suppress(PropertyListError):
            read_dictionary(bytes(changed), limit=LIMIT)
    for size in range(len(BINARY)):
        with contextlib.suppress(PropertyListError):
            read_dictionary(BINARY[:size], limit=LIMIT)
