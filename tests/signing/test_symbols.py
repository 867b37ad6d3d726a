"""How far symbols reach, and functions without names; see also test_diagnosis_places."""

from __future__ import annotations

import random
import struct

import pytest

from countersign.errors import FormatError
from countersign.macho.slice import parse_slice
from countersign.macho.symbols import Range, Symbols, read_symbols
from countersign.window import Window
from macho import Macho, Patch

PLACED = (("_first", 0x3000), ("_second", 0x3010), ("_third", 0x3100))


def symbols(data: bytes) -> Symbols:
    return read_symbols(Window.over(data), parse_slice(memoryview(data)))


def ranges(data: bytes) -> list[Range]:
    return list(symbols(data).ranges())


@pytest.mark.parametrize("arch", ["arm64", "x86_64", "i386", "ppc"])
def test_a_symbol_ends_where_the_next_one_or_its_section_does(arch: str) -> None:
    image = Macho(arch=arch, symbols=PLACED, text_pages=4, room=16)
    first, second, third = ranges(image.build())
    assert (first, second) == (Range("_first", 0x3000, 0x10), Range("_second", 0x3010, 0xF0))
    section = parse_slice(memoryview(image.build())).segments[-2].sections[0]
    assert third == Range("_third", 0x3100, section.offset + section.size - 0x3100)


def test_places_are_told_by_the_symbol_before_them() -> None:
    found = symbols(Macho(symbols=PLACED, room=16).build())
    assert found.text_at(0x3010) == "_second+0x0"
    assert found.text_at(0x30FF) == "_second+0xef"
    assert (found.text_at(0), found.text_at(0x2FFF), found.text_at(1 << 40)) == (None, None, None)


def test_several_names_of_one_place_reach_as_far() -> None:
    found = ranges(Macho(symbols=(*reversed(PLACED), ("_alias", 0x3000)), room=16).build())
    assert [(each.name, each.size) for each in found[:3]] == [
        ("_first", 0x10),
        ("_alias", 0x10),
        ("_second", 0xF0),
    ]


def test_debug_information_and_what_lies_in_no_section_are_passed_over() -> None:
    image = Macho(symbols=(*PLACED, ("_far", 0x100000)), room=16)
    data = bytearray(image.build())
    data[image.text_size + 4] = 0x24  # N_FUN
    data[image.text_size + 16 + 4] = 0x1  # N_UNDF
    assert [each.name for each in ranges(bytes(data))] == ["_third"]


def test_names_are_whole_and_what_is_no_text_is_escaped() -> None:
    long = "_" + "x" * 1000
    image = Macho(symbols=((long, 0x3000), ("_y", 0x3004)), linkedit_size=4096, room=16)
    data = image.build().replace(b"_y\0", b"_\xff\0")
    assert [each.name for each in ranges(data)] == [long, "_\\xff"]


def starts(*deltas: int) -> bytes:
    out = bytearray()
    for delta in deltas:
        while delta > 0x7F:
            out.append(delta & 0x7F | 0x80)
            delta >>= 7
        out.append(delta)
    return bytes(out)


def with_starts(table: bytes, **changes: object) -> bytes:
    """An image whose LC_FUNCTION_STARTS points to the end of __LINKEDIT."""
    image = Macho(room=16, linkedit_size=0x400, **changes)  # type: ignore[arg-type]
    at = image.text_size + 0x400 - 64
    command = struct.pack("<4I", 0x26, 16, at, 32)
    made = Macho(room=16, linkedit_size=0x400, commands=(command,), **changes)  # type: ignore[arg-type]
    data = bytearray(made.build())
    data[at : at + 32] = table.ljust(32, b"\0")[:32]
    return bytes(data)


def test_functions_without_names_are_told_by_where_they_start() -> None:
    found = symbols(with_starts(starts(0x3000, 0x20, 0x300)))
    assert len(found) == 3
    assert found.text_at(0x3021) == "function at 0x3020+0x1"
    assert found.text_at(0x3320) == "function at 0x3320+0x0"
    assert (list(found.ranges()), found.names(range(0x4000), 5)) == ([], ())


def test_functions_without_names_end_those_with_names() -> None:
    found = symbols(with_starts(starts(0x3000, 0x8, 0x8), symbols=PLACED))
    assert len(found) == 4
    assert next(found.ranges()) == Range("_first", 0x3000, 8)
    assert found.text_at(0x300C) == "function at 0x3008+0x4"


def test_starts_that_never_end_are_given_up() -> None:
    assert len(symbols(with_starts(b"\xff" * 32))) == 0


@pytest.mark.parametrize("field", [8, 12, 16, 20])
@pytest.mark.parametrize("value", [0, 5, 0x4000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_table_that_makes_no_sense_raises_nothing(field: int, value: int) -> None:
    symtab = struct.pack("<2I", 2, 24)
    image = Macho(symbols=PLACED, room=16, patches=(Patch(symtab, field, "<I", value),))
    found = symbols(image.build())
    assert len(list(found.ranges())) <= len(found) <= 12
    assert isinstance(found.text_at(0x3001), str | None)


def test_no_damage_makes_it_raise() -> None:
    chance = random.Random(8)
    good = with_starts(starts(0x3000, 0x8, 0x8), symbols=PLACED)
    for _ in range(500):
        data = bytearray(good)
        for _ in range(4):
            at = chance.choice([chance.randrange(700), chance.randrange(0x4000, len(data))])
            data[at] = chance.randrange(256)
        try:
            found = symbols(bytes(data))
        except FormatError:
            continue
        list(found.ranges())
        found.text_at(0x3001)
