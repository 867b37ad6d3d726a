from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.codedirectory import CodeDirectory, ExecSegment, Flag, header_size
from countersign.digest import HashType
from countersign.errors import FormatError
from macho import Macho

SMALL = CodeDirectory(
    version=0x20400,
    flags=Flag.ADHOC,
    identifier="org.example",
    page_size=0x1000,
    code_limit=0x2800,
    special=(bytes(32), b"r" * 32),
    hashes=b"0" * 32 + b"1" * 32 + b"2" * 32,
    exec_segment=ExecSegment(0, 0x1000, 1),
)

text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@st.composite
def directories(draw: st.DrawFn) -> CodeDirectory:
    hash_type = draw(st.sampled_from(HashType))
    digest = st.binary(min_size=hash_type.size, max_size=hash_type.size)
    version = draw(st.sampled_from([0x20100, 0x20200, 0x20400, 0x20500]))
    modern = version >= 0x20400
    numbers = st.integers(0, 2**64 - 1)
    return CodeDirectory(
        version=version,
        flags=Flag(draw(st.integers(0, 2**32 - 1))),
        identifier=draw(text),
        team=draw(st.none() | text) if version >= 0x20200 else None,
        hash_type=hash_type,
        page_size=draw(st.sampled_from([0, 0x1000, 0x4000])),
        code_limit=draw(st.integers(0, 2**32 - 1)),
        special=tuple(draw(st.lists(digest, max_size=11))),
        hashes=b"".join(draw(st.lists(digest, max_size=5))),
        exec_segment=ExecSegment(*draw(st.tuples(numbers, numbers, numbers)))
        if modern
        else ExecSegment(0, 0, 0),
        platform=draw(st.integers(0, 255)),
        runtime=draw(st.integers(0, 2**32 - 1)) if version >= 0x20500 else 0,
    )


@given(directories())
def test_what_was_written_is_read_back(directory: CodeDirectory) -> None:
    assert CodeDirectory.parse(bytes(directory)) == directory


def test_the_header_grows_with_the_version() -> None:
    versions = (0x20001, 0x20100, 0x20200, 0x20300, 0x20400, 0x20500, 0x20600)
    assert [header_size(version) for version in versions] == [44, 48, 52, 64, 88, 96, 108]


def test_another_writer_is_understood() -> None:
    image = Macho().sealed(special={2: b"requirements"}, team="TEAM", page_size=0x4000)
    data = image.build()
    blob = data[image.text_size + image.linkedit_size + 20 :]
    blob = blob[: struct.unpack_from(">I", blob, 4)[0]]
    directory = CodeDirectory.parse(blob)
    assert directory.identifier == "program"
    assert directory.team == "TEAM"
    assert directory.flags == Flag.ADHOC | Flag.LINKER_SIGNED
    assert directory.page_size == 0x4000
    assert directory.code_count == 2
    assert directory.exec_segment == ExecSegment(0, 0x4000, 1)
    assert directory.special_slot(1) is None
    assert directory.special_slot(2) == HashType.SHA256.digest(b"requirements")
    assert directory.special_slot(3) is None
    assert bytes(directory) == blob


@pytest.mark.parametrize(
    ("offset", "layout", "value", "rule"),
    [
        (0, ">I", 0xFADE0C01, "R30"),
        (4, ">I", 1000, "R30"),
        (8, ">I", 0x20000, "R30"),
        (8, ">I", 0x2F001, "R30"),
        (16, ">I", 0xFFFFFFFF, "R38"),
        (20, ">I", 0xFFFFFFFF, "R36"),
        (24, ">I", 0xFFFFFFFF, "R38"),
        (28, ">I", 0xFFFFFFFF, "R38"),
        (36, "B", 20, "R31"),
        (37, "B", 0, "R31"),
        (39, "B", 32, "R32"),
        (48, ">I", 0xFFFFFFFF, "R37"),
    ],
)
def test_a_bad_field_is_named_by_its_rule(offset: int, layout: str, value: int, rule: str) -> None:
    blob = bytearray(bytes(SMALL))
    struct.pack_into(layout, blob, offset, value)
    with pytest.raises(FormatError) as caught:
        CodeDirectory.parse(bytes(blob), base=0x4000)
    assert caught.value.rule == rule
    assert caught.value.offset == 0x4000 + offset


def test_a_linkage_hash_must_lie_inside() -> None:
    blob = bytearray(bytes(SMALL._replace(version=0x20600)))
    struct.pack_into(">2BH2I", blob, 96, 2, 0, 0, 0, 10_000)
    with pytest.raises(FormatError, match="linkage"):
        CodeDirectory.parse(bytes(blob))


def test_every_truncation_is_a_format_error() -> None:
    blob = bytes(SMALL)
    for size in range(len(blob)):
        with pytest.raises(FormatError):
            CodeDirectory.parse(blob[:size])


def test_no_single_bit_makes_it_raise_anything_else() -> None:
    blob = bytes(SMALL)
    for bit in range(8 * len(blob)):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        with contextlib.suppress(FormatError):
            CodeDirectory.parse(bytes(changed))


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_else(rest: bytes) -> None:
    head = struct.pack(">3I", 0xFADE0C02, 12 + len(rest), 0x20400)
    with contextlib.suppress(FormatError):
        CodeDirectory.parse(head + rest)


def test_an_identifier_that_is_no_utf_8_survives() -> None:
    blob = bytes(SMALL).replace(b"org.example", b"org\xff\xfexample")
    assert bytes(CodeDirectory.parse(blob)) == blob


def test_flags_have_the_names_that_codesign_prints() -> None:
    assert Flag(0x20002).words == ("adhoc", "linker-signed")
    assert Flag(0x10000).words == ("runtime",)
    assert Flag(0x80000002).words == ("adhoc", "0x80000000")
    assert Flag(0).words == ()


def test_it_cannot_be_changed_in_place() -> None:
    with pytest.raises(AttributeError):
        SMALL.identifier = "other"  # type: ignore[misc]
