"""Load commands in words."""

from __future__ import annotations

import struct

import pytest

from countersign.macho.commandtext import command_name, command_subject, command_text
from countersign.macho.slice import Command, load_commands, parse_slice
from macho import DYLIB, Macho


def command(layout: str, *values: int | bytes) -> Command:
    body = struct.pack("<" + layout, *values)
    (kind,) = struct.unpack_from("<I", body)
    return Command(kind, 0, memoryview(body), "<", 0)


def texts(image: Macho) -> dict[str, list[str]]:
    data = memoryview(image.build())
    found: dict[str, list[str]] = {}
    for each in load_commands(data, parse_slice(data).header, 0):
        found.setdefault(command_name(each.kind), []).append(command_text(each))
    return found


def test_what_people_ask_about_has_words() -> None:
    found = texts(Macho(rpaths=("@loader_path/../lib",), tools=((3, 1115 << 16), (77, 1 << 8))))
    assert found["LC_UUID"] == [b"0123456789abcdef".hex()]
    assert found["LC_BUILD_VERSION"] == ["macOS 14.0.0, SDK 14.0.0, ld 1115.0.0, tool 77 0.1.0"]
    assert found["LC_RPATH"] == ["@loader_path/../lib"]
    assert found["LC_LOAD_DYLIB"] == [
        "/usr/lib/libSystem.B.dylib (compatibility 1.0.0, current 1.0.0)"
    ]
    assert found["LC_LOAD_DYLINKER"] == ["/usr/lib/dyld"]
    assert found["LC_MAIN"] == ["entry 0x0, stack 0 bytes"]
    assert found["LC_SYMTAB"] == ["0 symbols at 0x40a0, 16 bytes of strings at 0x40a0"]
    assert found["LC_SEGMENT_64"][1].startswith("__TEXT r-x, 16,384 bytes at 0x0, ")


def test_words_of_other_commands() -> None:
    assert texts(Macho(filetype=DYLIB))["LC_ID_DYLIB"] == [
        "@rpath/libprogram.dylib (compatibility 1.0.0, current 1.0.0)"
    ]
    old = texts(Macho(arch="i386", old_version_command=True))
    assert old["LC_VERSION_MIN_MACOSX"] == ["14.0.0, SDK 14.0.0"]
    assert old["LC_SEGMENT"][1].startswith("__TEXT r-x")


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (command("2IQ", 0x2A, 16, 5 << 40 | 4 << 30 | 3 << 20 | 2 << 10 | 1), "5.4.3.2.1"),
        (command("4I", 0x26, 16, 0x4000, 1234), "1,234 bytes at 0x4000"),
        (
            command("12I", 0x80000022, 48, *range(10)),
            "rebase 1, bind 3, weak bind 5, lazy bind 7, export 9 bytes",
        ),
        (command("20I", 0xB, 80, *range(18)), "1 local, 3 external, 5 undefined, 13 indirect"),
        (command("2I4s", 0x77, 12, b"\1\2\3\4"), "01020304"),
        (command("2I", 0x1B, 8), ""),
        (command("3I", 0x32, 12, 1), "01000000"),
        (command("6I", 0x32, 24, 1, 0, 0, 0xFFFFFFFF), "01000000" + "00" * 8 + "ff" * 4),
    ],
)  # fmt: skip
def test_what_has_no_words_is_hexadecimal(made: Command, text: str) -> None:
    assert command_text(made) == text


def test_names_with_and_without_the_bit_that_dyld_must_know_it() -> None:
    assert command_name(0x8000001C) == "LC_RPATH"
    assert command_name(0x22) == "LC_DYLD_INFO"
    assert command_name(0x80000022) == "LC_DYLD_INFO_ONLY"
    assert command_name(0x777) == "load command 0x777"


def test_subjects_are_segments_and_libraries() -> None:
    assert command_subject(command("2I16s", 0x19, 24, b"__DATA")) == "__DATA"
    assert command_subject(command("6I4s", 0xC, 28, 24, 0, 0, 0, b"a\0\0\0")) == "a"
    assert command_subject(command("2I", 0xC, 8)) is None
    assert command_subject(command("2I16s", 0x1B, 24, b"x" * 16)) is None
