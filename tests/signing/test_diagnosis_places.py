"""What stands where in a file: sections, symbols, and what was put behind an image."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.diagnosis.landmarks import COMMANDS, SIGNATURE, standing_in
from countersign.diagnosis.payload import name_payload
from countersign.errors import FormatError
from countersign.macho.slice import Slice, parse_slice
from countersign.macho.symbols import MAX_NAME, Symbols, read_symbols
from countersign.window import Window
from macho import Macho, put

SYMBOLS = (("_main", 0x1000), ("_usage", 0x1200), ("_exit", 0x3000))
IMAGE = Macho(symbols=SYMBOLS, room=0x800).sealed()
DATA = IMAGE.text_size + IMAGE.linkedit_size


def parsed(data: bytes) -> tuple[Window, Slice]:
    return Window.over(data), parse_slice(memoryview(data))


def read(data: bytes) -> Symbols:
    return read_symbols(*parsed(data))


def test_sections_segments_and_the_signature_are_named() -> None:
    _, thin = parsed(IMAGE.build())
    assert standing_in(thin, range(1)) == (COMMANDS,)
    assert standing_in(thin, range(0x1000)) == (COMMANDS, "__TEXT,__text")
    assert standing_in(thin, range(0x2000, 0x2001)) == ("__TEXT,__text",)
    assert standing_in(thin, range(IMAGE.text_size, DATA)) == ("__LINKEDIT",)
    assert standing_in(thin, range(DATA, DATA + 1)) == (SIGNATURE,)
    assert standing_in(thin, range(DATA - 1, DATA + 1)) == ("__LINKEDIT", SIGNATURE)
    assert standing_in(thin, range(1 << 30, 1 << 31)) == ()


@pytest.mark.parametrize("arch", ["arm64", "x86_64", "i386", "ppc"])
def test_symbols_are_found_by_their_place_in_every_kind_of_image(arch: str) -> None:
    image = Macho(arch=arch, symbols=(("_main", 0x400), ("_usage", 0x800)), room=0x100).build()
    symbols = read(image)
    assert len(symbols) == 2
    assert symbols.names(range(0x500, 0x600), 5) == ("_main",)
    assert symbols.names(range(0x400, 0x900), 5) == ("_main", "_usage")


def test_what_reaches_into_a_place_comes_first_and_the_number_is_limited() -> None:
    symbols = read(IMAGE.build())
    assert symbols.names(range(0x1100, 0x4000), 2) == ("_main", "_usage")
    assert symbols.names(range(0x3000, 0x3001), 9) == ("_exit",)


def test_lief_reads_the_same_symbols() -> None:
    lief = pytest.importorskip("lief")
    universal = lief.MachO.parse(list(IMAGE.build()))  # which owns what it gives
    theirs = {(each.name, each.value - IMAGE.base) for each in universal.at(0).symbols}
    assert theirs == set(SYMBOLS)


def test_names_hold_no_terminal_commands_and_have_an_end() -> None:
    name = "\x1b[31m" + "x" * 2000
    image = Macho(symbols=((name, 0x1000),), linkedit_size=4096).build()
    (shown,) = read(image).names(range(0x1000, 0x1001), 1)
    assert "\x1b" not in shown
    assert len(shown) <= MAX_NAME + 10


@given(at=st.integers(0, IMAGE.text_size + 100), value=st.integers(0, 255))
def test_a_damaged_table_gives_fewer_symbols_and_no_error(at: int, value: int) -> None:
    data = put(IMAGE.build(), at, "B", value)
    try:
        window, thin = parsed(data)
    except FormatError:
        return
    assert len(read_symbols(window, thin).names(range(0, 1 << 40), 10)) <= 10


def test_a_table_far_beyond_the_file_is_empty() -> None:
    data = bytearray(IMAGE.build())
    at = data.find(struct.pack("<2I", 2, 24))
    struct.pack_into("<4I", data, at + 8, 0xFFFFFFF0, 0xFFFFFFFF, 0xFFFFFFF0, 0xFFFFFFFF)
    assert len(read(bytes(data))) == 0


@pytest.mark.parametrize(
    ("tail", "name"),
    [
        (b"console.log(1)\n---- Bun! ----\n", "bun"),
        (b"{}" + b"d3n0l4nd" + bytes(16), "deno"),
        (bytes(90000) + b"MEI\x0c\x0b\n\x0b\x0e" + bytes(80), "PyInstaller"),
        (b"PK\x03\x04" + bytes(40) + b"PK\x05\x06" + bytes(18), "zip"),
        (bytes.fromhex("fade0cc0") + b"rest", "older signature"),
        (bytes(100), "zeros"),
        (b"something else", "not known"),
    ],
)
def test_what_packers_append_is_known_by_its_marks(tail: bytes, name: str) -> None:
    assert name in name_payload(Window.over(tail))


def test_an_image_without_a_symbol_table_has_no_symbols() -> None:
    assert len(read(replace(IMAGE, symbols=()).build())) == 0
