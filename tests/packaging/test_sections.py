"""Sections of ELF and PE files, and PE files without their signature: any bytes are survived."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from countermark.difference.sections import Section, sections_of
from countersign.image import ImageFormat
from countersign.pe import bare_pe, has_certificates
from countersign.source import BytesSource
from programs import elf_with, pe_signed, pe_with

CONTENTS = {".text": b"code", ".data": b"data!", ".empty": b""}
ELF, PE = elf_with(CONTENTS), pe_with(CONTENTS)


def test_sections_by_name_and_place() -> None:
    for data, form in ((ELF, ImageFormat.ELF), (PE, ImageFormat.PE)):
        found = {each.name: each for each in sections_of(BytesSource(data), form)}
        assert found[".text"] == Section(".text", data.index(b"code"), 4)
        assert found[".data"] == Section(".data", data.index(b"data!"), 5)
        assert ".empty" not in found
        assert found[".data"].holds(data.index(b"data!") + 4)
        assert not found[".data"].holds(data.index(b"data!") + 5)


def test_32_bits_of_the_other_order() -> None:
    names = b"\0.text\0"
    rows = bytes(40) + struct.pack(">6I16x", 1, 1, 0, 0, 52, 4)
    rows += struct.pack(">6I16x", 0, 3, 0, 0, 56, len(names))
    at = 56 + len(names)
    ident = b"\x7fELF" + bytes((1, 2, 1)) + bytes(9)
    header = struct.pack(">HHI3II6H", 2, 8, 1, 0, 0, at, 0, 52, 0, 0, 40, 3, 2)
    data = ident + header + b"code" + names + rows
    assert Section(".text", 52, 4) in sections_of(BytesSource(data), ImageFormat.ELF)


def test_a_long_name_of_a_pe() -> None:
    data = bytearray(pe_with({"/4": b"content"}))
    struct.pack_into("<2I", data, 0x40 + 4 + 8, len(data), 0)
    data += (4 + 10).to_bytes(4, "little") + b".debug_info\0"
    (section,) = sections_of(BytesSource(bytes(data)), ImageFormat.PE)
    assert section.name == ".debug_info"


@given(place=st.integers(0, 400), value=st.binary(min_size=1, max_size=8))
def test_damaged_files_have_sections_inside_or_none(place: int, value: bytes) -> None:
    for data, form in ((ELF, ImageFormat.ELF), (PE, ImageFormat.PE)):
        spoiled = bytearray(data)
        spoiled[place : place + len(value)] = value
        source = BytesSource(bytes(spoiled))
        for section in sections_of(source, form):
            assert 0 <= section.offset < section.offset + section.size <= source.size


@given(size=st.integers(0, 500))
def test_files_that_are_cut_short(size: int) -> None:
    for data, form in ((ELF, ImageFormat.ELF), (PE, ImageFormat.PE)):
        sections_of(BytesSource(data[:size]), form)
        bare_pe(BytesSource(data[:size]))


def test_a_signed_pe_is_the_unsigned_one_filled_up() -> None:
    for extra in range(9):
        program = PE + bytes(range(1, extra + 1))
        plain, signed = bare_pe(BytesSource(program)), bare_pe(BytesSource(pe_signed(program)))
        assert plain is not None
        assert signed is not None
        assert (plain.signed, signed.signed) == (False, True)
        assert plain.size == signed.size
        assert plain.read(0, plain.size) == signed.read(0, signed.size)
        pieces = (plain.read(at, 7) for at in range(0, plain.size, 7))
        assert b"".join(pieces) == plain.read(0, plain.size)


@given(place=st.integers(0, 400), value=st.binary(min_size=1, max_size=8))
def test_any_header_of_a_pe_is_survived(place: int, value: bytes) -> None:
    spoiled = bytearray(pe_signed(PE))
    spoiled[place : place + len(value)] = value
    data = bytes(spoiled)
    bare = bare_pe(BytesSource(data))
    if bare is not None:
        assert bare.end <= len(data)
        assert bare.signed == has_certificates(data)
        assert len(bare.read(0, bare.size)) == bare.size
