from __future__ import annotations

import contextlib
import datetime
import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.codedirectory import Flag
from countersign.errors import InfoPlistError, OptionsError, SigningError
from countersign.plists.infoplist import MAX_SIZE, InfoPlist, parse_info_plist

CONTENT = {
    "CFBundleIdentifier": "org.example.program",
    "CFBundleName": "Program",
    "CSFlags": "hard,runtime",
    "Built": datetime.datetime(2026, 1, 2),
    "Icon": b"\x00\x01",
    "Sizes": [1, 2.5, {"large": True}],
}
FORMATS = (plistlib.FMT_XML, plistlib.FMT_BINARY)
XML, BINARY = (plistlib.dumps(CONTENT, fmt=each) for each in FORMATS)


@pytest.mark.parametrize("data", [XML, BINARY], ids=["XML", "binary"])
def test_both_forms_are_read(data: bytes) -> None:
    expected = InfoPlist(identifier="org.example.program", flags=Flag.HARD | Flag.RUNTIME)
    assert parse_info_plist(data) == parse_info_plist(memoryview(data)) == expected


def test_what_is_absent_is_empty() -> None:
    assert parse_info_plist(plistlib.dumps({})) == InfoPlist(identifier="", flags=None)


def test_flags_may_be_a_number() -> None:
    assert parse_info_plist(plistlib.dumps({"CSFlags": 0x10000})).flags == Flag.RUNTIME
    assert parse_info_plist(plistlib.dumps({"CSFlags": 0})).flags == 0


@pytest.mark.parametrize("value", [True, 1.5, ["hard"], b"hard"])
def test_strange_flags_are_refused(value: object) -> None:
    with pytest.raises(InfoPlistError, match="CSFlags"):
        parse_info_plist(plistlib.dumps({"CSFlags": value}))


@pytest.mark.parametrize("value", [-1, "hardly", 0x20000])
def test_unknown_flags_are_an_error_of_the_options(value: object) -> None:
    with pytest.raises(OptionsError):
        parse_info_plist(plistlib.dumps({"CSFlags": value}))


@pytest.mark.parametrize("value", [7, ["org.example"], {}])
def test_an_identifier_is_a_string(value: object) -> None:
    with pytest.raises(InfoPlistError, match="CFBundleIdentifier"):
        parse_info_plist(plistlib.dumps({"CFBundleIdentifier": value}))


@pytest.mark.parametrize("value", [[], "org.example", 1])
def test_it_is_a_dictionary(value: list[object] | str | int) -> None:
    with pytest.raises(InfoPlistError, match="dictionary"):
        parse_info_plist(plistlib.dumps(value))


def nested_arrays(depth: int) -> bytes:
    """Write the binary form of arrays within arrays, which plistlib reads by recursion."""
    objects = [b"\xa1" + (index + 1).to_bytes(4) for index in range(depth)] + [b"\xa0"]
    starts, at = [], 8
    for each in objects:
        starts.append(at.to_bytes(4))
        at += len(each)
    trailer = bytes((0, 0, 0, 0, 0, 0, 4, 4)) + len(objects).to_bytes(8) + bytes(8)
    return b"bplist00" + b"".join(objects + starts) + trailer + at.to_bytes(8)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a property list",
        XML.replace(b"utf-8", b"martian").replace(b"UTF-8", b"martian"),
        XML.replace(b"<dict>", b"<dict></array>", 1),
        XML.replace(b"2026-01-02", b"2026-99-99"),
        XML.replace(b"<real>2.5<", b"<real>many<"),
        b'<!DOCTYPE plist [<!ENTITY a "b">]><plist><string>&a;</string></plist>',
        nested_arrays(50_000),
        BINARY[:-8] + b"\xff" * 8,
        BINARY[:-24] + b"\xff" * 24,
    ],
)
def test_damaged_lists_are_one_kind_of_error(data: bytes) -> None:
    with pytest.raises(InfoPlistError):
        parse_info_plist(data)


def test_size_is_bounded() -> None:
    with pytest.raises(InfoPlistError, match="more than"):
        parse_info_plist(XML.ljust(MAX_SIZE + 1))


@pytest.mark.parametrize("data", [XML, BINARY], ids=["XML", "binary"])
def test_no_truncation_makes_it_raise_anything_else(data: bytes) -> None:
    for size in range(len(data)):
        with contextlib.suppress(SigningError):
            parse_info_plist(data[:size])


@given(st.sampled_from([XML, BINARY]), st.data())
def test_no_changed_byte_makes_it_raise_anything_else(original: bytes, data: st.DataObject) -> None:
    damaged = bytearray(original)
    for at in data.draw(st.lists(st.integers(0, len(original) - 1), min_size=1, max_size=4)):
        damaged[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(SigningError):
        parse_info_plist(bytes(damaged))
