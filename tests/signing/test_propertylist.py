from __future__ import annotations

import contextlib
import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.errors import EntitlementsError
from countersign.plists.propertylist import MAX_DEPTH, MAX_SIZE, Value, parse_property_list

SAMPLE = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
\t<!-- debuggers may attach -->
\t<key>get-task-allow</key>
\t<true/>
\t<key>groups</key>
\t<array>
\t\t<string>first &amp; second</string>
\t\t<integer>-7</integer>
\t\t<dict/>
\t\t<false/>
\t</array>
</dict>
</plist>
"""

characters = st.characters(
    codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"
)
text = st.text(characters, max_size=12)
values: st.SearchStrategy[Value] = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | text,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
dictionaries = st.dictionaries(text, values, max_size=5)


def within_dict(content: str) -> bytes:
    return f"<plist><dict>{content}</dict></plist>".encode()


def test_every_kind_of_value_is_read() -> None:
    assert parse_property_list(SAMPLE) == {
        "get-task-allow": True,
        "groups": ("first & second", -7, {}, False),
    }


@given(dictionaries)
def test_what_python_writes_is_read_back(expected: dict[str, Value]) -> None:
    assert parse_property_list(plistlib.dumps(expected)) == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("0x1F", 31),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_integers_may_be_hexadecimal_and_have_64_bits(text: str, number: int) -> None:
    content = f"<key>n</key><integer>{text}</integer>"
    assert parse_property_list(within_dict(content)) == {"n": number}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1_000",
        "+1",
        "1.0",
        "\u0661",
        "9223372036854775808",
        "0xFFFFFFFFFFFFFFFF",
        "9" * 999,
    ],
)
def test_other_integers_are_refused(text: str) -> None:
    with pytest.raises(EntitlementsError, match=r"integer|64 bits"):
        parse_property_list(within_dict(f"<key>n</key><integer>{text}</integer>"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("<key>a</key><true/><key>a</key><true/>", "'a' is there twice"),
        ("<key>a</key>", "'a' has no value"),
        ("<true/>", "take turns"),
        ("<key>a</key><key>b</key>", "take turns"),
        ("<key>a</key><true/><true/>", "take turns"),
        ("<key>a</key><real>1.5</real>", "<real> cannot stand in <dict>"),
        ("<key>a</key><data>AAAA</data>", "<data> cannot stand in <dict>"),
        ("<key>a</key><date>2026-01-01T00:00:00Z</date>", "<date> cannot stand in <dict>"),
        ("<key>a</key><string><true/></string>", "<true> cannot stand in <string>"),
        ("<key>a</key><true>yes</true>", "<true> contains text"),
        ("stray<key>a</key><true/>", "<dict> contains text"),
        ('<key id="1">a</key><true/>', "<key> has attributes"),
        ("<key>a</key><plist/>", "<plist> cannot stand in <dict>"),
        ("<!-- codesign --options -->", "not well-formed"),
        ("<key>a</key><string>&nbsp;</string>", "undefined entity"),
    ],
)
def test_what_codesign_would_refuse_is_named(content: str, problem: str) -> None:
    with pytest.raises(EntitlementsError, match=problem):
        parse_property_list(within_dict(content))


@pytest.mark.parametrize(
    "content",
    [
        b"<plist><array/></plist>",
        b"<plist><true/></plist>",
        b"<plist/>",
        b"<plist><dict/><dict/></plist>",
    ],
)
def test_the_outermost_value_is_one_dictionary(content: bytes) -> None:
    with pytest.raises(EntitlementsError, match="not one dictionary"):
        parse_property_list(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<dict/>",
        b"\xef\xbb\xbf" + SAMPLE,
        SAMPLE.decode().encode("utf-16"),
        SAMPLE.decode().encode("utf-16-le"),
        SAMPLE.replace(b"first", b"\xe4"),
        plistlib.dumps({}, fmt=plistlib.FMT_BINARY),
    ],
    ids=["empty", "no plist", "byte order mark", "UTF-16", "bare UTF-16", "Latin-1", "binary"],
)
def test_only_utf8_xml_is_read(content: bytes) -> None:
    with pytest.raises(EntitlementsError):
        parse_property_list(content)


@pytest.mark.parametrize(
    "declarations",
    [
        '<!DOCTYPE plist [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE plist SYSTEM "x" [<!ATTLIST string id CDATA "1">]>',
        "<!DOCTYPE plist []>",
    ],
)
def test_declarations_inside_the_file_are_refused(declarations: str) -> None:
    data = declarations.encode() + within_dict("<key>k</key><string>text</string>")
    with pytest.raises(EntitlementsError, match="DOCTYPE"):
        parse_property_list(data)


def test_an_entity_that_only_an_external_file_could_declare_is_refused() -> None:
    data = b'<!DOCTYPE plist SYSTEM "x">' + within_dict("<key>k</key><string>&who;</string>")
    with pytest.raises(EntitlementsError, match="&who; is unknown"):
        parse_property_list(data)


def test_the_line_of_a_problem_is_named() -> None:
    with pytest.raises(EntitlementsError, match="line 12") as caught:
        parse_property_list(SAMPLE.replace(b"<dict/>", b"<set/>"))
    assert caught.value.line == 12


def test_nesting_is_bounded() -> None:
    def nested(depth: int) -> bytes:
        return within_dict("<key>k</key>" + "<array>" * depth + "</array>" * depth)

    parse_property_list(nested(MAX_DEPTH - 2))
    with pytest.raises(EntitlementsError, match="within each other"):
        parse_property_list(nested(MAX_DEPTH - 1))
    with pytest.raises(EntitlementsError, match="within each other"):
        parse_property_list(nested(50_000))


def test_size_is_bounded() -> None:
    with pytest.raises(EntitlementsError, match="more than"):
        parse_property_list(SAMPLE.ljust(MAX_SIZE + 1))
    assert parse_property_list(SAMPLE.ljust(MAX_SIZE)) == parse_property_list(SAMPLE)


def test_no_truncation_makes_it_raise_anything_else() -> None:
    for size in range(len(SAMPLE.rstrip()) - 1):
        with pytest.raises(EntitlementsError):
            parse_property_list(SAMPLE[:size])


@given(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255))
def test_no_changed_byte_makes_it_raise_anything_else(at: int, change: int) -> None:
    damaged = bytearray(SAMPLE)
    damaged[at] ^= change
    with contextlib.suppress(EntitlementsError):
        assert isinstance(parse_property_list(bytes(damaged)), dict)
