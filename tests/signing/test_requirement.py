"""Code requirements as they are stored, and their source text."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.errors import FormatError
from countersign.requirements.requirement import (
    MAX_SIZE,
    RequirementType,
    parse_requirement,
    parse_requirements,
)
from countersign.requirements.terms import Op
from kit.requirement import (
    ALWAYS,
    APPLE,
    APPLE_GENERIC,
    EXISTS,
    NEVER,
    both,
    counted,
    developer_id,
    either,
    negated,
    requirement,
    requirement_set,
    term,
    word,
)

DESIGNATED = 3
OID = bytes.fromhex("2a864886f76364060206")
DIGEST = bytes(range(20))
DIGITS = DIGEST.hex()


def text(body: bytes) -> str:
    return parse_requirement(requirement(body)).text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (NEVER, "never"),
        (ALWAYS, "always"),
        (APPLE, "anchor apple"),
        (APPLE_GENERIC, "anchor apple generic"),
        (term(2, b"bitcoin"), "identifier bitcoin"),
        (term(2, b"org.bitcoin"), 'identifier "org.bitcoin"'),
        (term(4, 0, DIGEST), f'certificate leaf = H"{DIGITS}"'),
        (term(4, -1, DIGEST), f'certificate root = H"{DIGITS}"'),
        (term(4, -2, DIGEST), f'certificate -2 = H"{DIGITS}"'),
        (term(5, b"Key", b"value"), "info[Key] = value"),
        (term(8, b"\1\2\3"), 'cdhash H"010203"'),
        (term(10, b"CFBundleVersion", 8, b"2.5"), 'info[CFBundleVersion] >= "2.5"'),
        (term(11, 0, b"subject.OU", 1, b"TEAM"), "certificate leaf[subject.OU] = TEAM"),
        (term(12, 1), "certificate 1trusted"),
        (term(13), "anchor trusted"),
        (term(14, 1, OID, EXISTS), "certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */"),
        (term(14, 1, OID, 14), "certificate 1[field.1.2.840.113635.100.6.2.6] absent "),
        (term(16, b"com.apple.x", 0), "entitlement[com.apple.x] /* exists */"),
        (term(17, 0, OID, 0), "certificate leaf[policy.1.2.840.113635.100.6.2.6] /* exists */"),
        (term(18, b"tvos"), "anchor apple tvos"),
        (term(19, b"name"), "(name)"),
        (term(20, 15), "platform = 15"),
        (term(21), "notarized"),
        (term(23), "legacy"),
        (
            term(22, 0, OID, 10) + struct.pack(">q", 0),
            "certificate leaf[timestamp.1.2.840.113635.100.6.2.6] < <2001-01-01 00:00:00 +0000>",
        ),
        (term(0x80000063, b"12345678"), "false /* opcode 99 */"),
        (term(0x40000063, b"12345678") + APPLE, "/* opcode 99 */anchor apple"),
    ],
)
def test_each_operator_has_its_text(body: bytes, expected: str) -> None:
    assert text(body) == expected


@pytest.mark.parametrize(
    ("matching", "expected"),
    [
        (1, "= v"),
        (2, "~ v"),
        (3, "= v*"),
        (4, "= *v"),
        (5, "< v"),
        (6, "> v"),
        (7, "<= v"),
        (8, ">= v"),
        (77, "MATCH OPCODE 77 NOT UNDERSTOOD"),
    ],
)
def test_each_comparison_has_its_text(matching: int, expected: str) -> None:
    assert text(term(10, b"k", matching, b"v")).removeprefix("info[k]").strip() == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"libfido2", "libfido2"),
        (b"2DC432GLL2", '"2DC432GLL2"'),
        (b"a.b", '"a.b"'),
        (b"a b", '"a b"'),
        (b"", '""'),
        (b"anchor", '"anchor"'),
        (b'say "hi" \\', '"say \\"hi\\" \\\\"'),
        (b"caf\xc3\xa9", "0x636166c3a9"),
        (b"tab\there", '"tab\there"'),
        (b"nul\0", "0x6e756c00"),
    ],
)
def test_strings_are_quoted_as_they_need(value: bytes, expected: str) -> None:
    assert text(term(2, value)) == f"identifier {expected}"


def test_parentheses_stand_only_where_they_change_something() -> None:
    one, two, three = (term(2, each) for each in (b"a", b"b", b"c"))
    assert text(both(one, both(two, three))) == "identifier a and identifier b and identifier c"
    assert text(both(one, either(two, three))) == (
        "identifier a and (identifier b or identifier c)"
    )
    assert text(either(both(one, two), three)) == "identifier a and identifier b or identifier c"
    assert text(negated(both(one, two))) == "! (identifier a and identifier b)"
    assert text(negated(negated(one))) == "! ! identifier a"


def test_a_developer_id_reads_as_codesign_prints_it() -> None:
    blob = requirement_set((DESIGNATED, requirement(developer_id(b"sh.astral.uv", b"2DC432GLL2"))))
    assert parse_requirements(blob).text == (
        'designated => identifier "sh.astral.uv" and anchor apple generic'
        " and certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */"
        " and certificate leaf[field.1.2.840.113635.100.6.1.13] /* exists */"
        ' and certificate leaf[subject.OU] = "2DC432GLL2"\n'
    )


def test_every_type_has_its_name() -> None:
    kinds = (1, 2, 3, 4, 5, 9)
    found = parse_requirements(requirement_set(*((kind, requirement(ALWAYS)) for kind in kinds)))
    names = [line.rpartition(" => ")[0] for line in found.text.splitlines()]
    assert names == ["host", "guest", "designated", "library", "plugin", "/*unknown type*/ 9"]


def test_an_empty_set_has_no_text() -> None:
    assert parse_requirements(requirement_set()).text == ""


def test_an_unreadable_requirement_is_said_in_its_line() -> None:
    found = parse_requirements(requirement_set((DESIGNATED, requirement(word(6)))))
    assert found.text.startswith("designated => /* unreadable: requirements: 4 bytes are missing")


def test_the_first_of_a_type_counts_and_what_is_none_is_passed_over() -> None:
    twice = requirement_set((3, requirement(NEVER)), (3, requirement(ALWAYS)))
    entry = parse_requirements(twice).find(RequirementType.DESIGNATED)
    assert entry is not None
    assert entry.parse().text == "never"
    strange = requirement_set((3, requirement(NEVER, magic=0xFADE0B01)))
    assert parse_requirements(strange).find(RequirementType.DESIGNATED) is None


def test_a_lightweight_requirement_is_kept_as_its_bytes() -> None:
    found = parse_requirement(requirement(counted(b"\x30\0"), form=2))
    assert found.lightweight == b"\x30\0"
    assert found.text == "/* a lightweight code requirement of 2 bytes */"


@pytest.mark.parametrize(
    ("blob", "problem", "apple"),
    [
        (requirement(b""), "4 bytes are missing", "errSecCSReqInvalid"),
        (requirement(word(24)), "operator 0x18 is unknown", "errSecCSUnimplemented"),
        (requirement(word(2) + word(9) + b"short"), "9 bytes", "errSecCSReqInvalid"),
        (requirement(term(4, 0, bytes(32))), "hash has 32 bytes", "errSecCSReqInvalid"),
        (requirement(ALWAYS, form=3), "form 3", "errSecCSReqUnsupported"),
        (requirement(ALWAYS, magic=1), "magic", "errSecCSReqInvalid"),
        (requirement(ALWAYS)[:-1], "length is 16", "errSecCSReqInvalid"),
        (requirement(term(10, b"k", 9) + bytes(4)), "8 bytes", "errSecCSReqInvalid"),
        (requirement(bytes(MAX_SIZE)), "too large", "errSecCSReqInvalid"),
        (b"short", "too few", "errSecCSReqInvalid"),
    ],
)
def test_what_security_refuses_is_refused_with_its_error(
    blob: bytes, problem: str, apple: str
) -> None:
    with pytest.raises(FormatError, match=problem) as caught:
        parse_requirement(blob, 100)
    assert caught.value.rule == "R59"
    assert caught.value.apple == apple
    assert caught.value.offset >= 100


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        requirement(ALWAYS),
        struct.pack(">3I", 0xFADE0C01, 13, 0),
        struct.pack(">3I", 0xFADE0C01, 12, 1),
        struct.pack(">5I", 0xFADE0C01, 20, 1, 3, 4),
        struct.pack(">5I", 0xFADE0C01, 20, 1, 3, 20),
        struct.pack(">7I", 0xFADE0C01, 28, 1, 3, 20, 0xFADE0C00, 9),
    ],
)
def test_a_set_that_does_not_fit_together_is_refused(blob: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        parse_requirements(blob)
    assert caught.value.rule == "R59"


def test_entries_without_an_offset_are_nothing() -> None:
    assert parse_requirements(struct.pack(">5I", 0xFADE0C01, 20, 1, 3, 0)).entries == ()


def test_a_set_cannot_make_one_requirement_count_many_times() -> None:
    blob = requirement(ALWAYS + bytes(MAX_SIZE // 2))
    entries = b"".join(struct.pack(">2I", kind, 36) for kind in (1, 2, 3))
    head = struct.pack(">3I", 0xFADE0C01, 36 + len(blob), 3)
    with pytest.raises(FormatError, match="more than"):
        parse_requirements(head + entries + blob)


def test_bytes_behind_the_expression_do_not_matter() -> None:
    assert text(ALWAYS + b"more") == "always"


def test_terms_may_be_as_deep_as_security_allows() -> None:
    deep = word(9) * 998 + ALWAYS
    assert text(deep) == "! " * 998 + "always"
    with pytest.raises(FormatError, match="more than 999"):
        text(word(9) + deep)
    left = word(6) * 998 + ALWAYS * 999
    assert text(left).count("always") == 999


EXPRESSIONS = st.recursive(
    st.sampled_from([NEVER, ALWAYS, APPLE, APPLE_GENERIC])
    | st.builds(lambda data: term(2, data), st.binary(max_size=9))
    | st.builds(lambda slot, data: term(14, slot, data, 0), st.integers(-3, 3), st.binary())
    | st.builds(lambda key, kind: term(10, key, kind, b"v"), st.binary(), st.integers(1, 8)),
    lambda inner: (
        st.builds(both, inner, inner) | st.builds(either, inner, inner) | st.builds(negated, inner)
    ),
    max_leaves=20,
)


def serialize(blob: bytes) -> bytes:
    """Write the terms of a requirement again."""
    out = b""
    for each in parse_requirement(blob).terms:
        out += word(each.op)
        if each.op in (Op.CERTIFICATE_EXTENSION, Op.TRUSTED_CERTIFICATE):
            out += word(each.number)
        if each.op in (Op.IDENTIFIER, Op.CERTIFICATE_EXTENSION, Op.INFO_FIELD):
            out += counted(each.key)
        if each.match is not None:
            out += word(each.match.matching)
            out += counted(each.match.value) if each.match.matching else b""
    return requirement(out)


@given(EXPRESSIONS)
def test_reading_keeps_every_field(body: bytes) -> None:
    assert serialize(requirement(body)) == requirement(body)


@given(EXPRESSIONS, EXPRESSIONS)
def test_texts_differ_when_the_terms_do(one: bytes, other: bytes) -> None:
    """Only the grouping of equal operators, which changes nothing, is lost in the text."""

    def flat(body: bytes) -> tuple[object, ...]:
        return tuple(sorted(map(repr, parse_requirement(requirement(body)).terms)))

    if text(one) == text(other):
        assert flat(one) == flat(other)


@given(EXPRESSIONS, st.data())
def test_no_change_makes_it_raise_anything_else(body: bytes, data: st.DataObject) -> None:
    blob = bytearray(requirement_set((3, requirement(body)), (4, requirement(ALWAYS))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(blob) - 1))
        blob[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FormatError):
        assert isinstance(parse_requirements(bytes(blob)).text, str)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise_anything_else(body: bytes) -> None:
    with contextlib.suppress(FormatError):
        assert isinstance(text(body), str)


def test_every_truncation_is_refused_or_read() -> None:
    whole = requirement_set((3, requirement(developer_id(b"program", b"TEAM"))))
    for size in range(len(whole)):
        with pytest.raises(FormatError):
            parse_requirements(whole[:size])
