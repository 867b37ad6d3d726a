from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.image import Image, ImageFormat, ImageKind, identify
from macho import BUNDLE, DYLIB, OBJECT, Macho, fat


def elf(machine: int, *, bits: int = 64, order: str = "<", kind: int = 2) -> bytes:
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]) + bytes(9)
    return (ident + struct.pack(order + "2H", kind, machine)).ljust(64, b"\0")


def pe(machine: int, flags: int = 0x2) -> bytes:
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)
    return dos.ljust(0x80, b"\0") + struct.pack("<4sH16xH", b"PE\0\0", machine, flags)


@pytest.mark.parametrize("arch", ["arm64", "arm64e", "x86_64", "i386", "ppc"])
def test_a_thin_mach_o_is_named_by_its_architecture(arch: str) -> None:
    assert identify(Macho(arch=arch).build()) == Image(
        format=ImageFormat.MACH_O, architectures=(arch,), kind=ImageKind.EXECUTABLE
    )


@pytest.mark.parametrize(
    ("filetype", "kind"),
    [(OBJECT, ImageKind.OBJECT), (DYLIB, ImageKind.LIBRARY), (BUNDLE, ImageKind.LIBRARY)],
)
def test_the_file_type_decides_the_kind(filetype: int, kind: ImageKind) -> None:
    image = identify(Macho(filetype=filetype).build())
    assert image is not None
    assert image.kind is kind


def test_a_universal_file_names_all_its_architectures_in_order() -> None:
    data = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", Macho().build())])
    image = identify(data)
    assert image is not None
    assert image.architectures == ("x86_64", "arm64")
    assert image.kind is ImageKind.EXECUTABLE


def test_the_first_bytes_of_a_universal_file_are_enough() -> None:
    data = fat([("arm64", Macho().build())])
    image = identify(data[:4096])
    assert image == Image(format=ImageFormat.MACH_O, architectures=("arm64",))


def test_a_64_bit_table_is_still_a_mach_o() -> None:
    entry = struct.pack(">2I2Q2I", 0x0100000C, 0, 0x4000, 1, 14, 0)
    image = identify(struct.pack(">2I", 0xCAFEBABF, 1) + entry)
    assert image == Image(format=ImageFormat.MACH_O, architectures=("arm64",))


@pytest.mark.parametrize("major", [45, 52, 61, 69])
def test_a_java_class_is_no_image(major: int) -> None:
    assert identify(struct.pack(">I2HH", 0xCAFEBABE, 0, major, 0x100) + bytes(4000)) is None


@pytest.mark.parametrize(
    ("machine", "bits", "order", "name"),
    [
        (62, 64, "<", "x86_64"),
        (62, 32, "<", "x32"),
        (183, 64, "<", "aarch64"),
        (183, 64, ">", "aarch64_be"),
        (243, 64, "<", "riscv64"),
        (243, 32, "<", "riscv32"),
        (40, 32, "<", "arm"),
        (21, 64, ">", "powerpc64"),
        (21, 64, "<", "powerpc64le"),
        (9999, 64, "<", "machine-9999"),
    ],
)
def test_an_elf_is_named_by_machine_word_size_and_byte_order(
    machine: int, bits: int, order: str, name: str
) -> None:
    image = identify(elf(machine, bits=bits, order=order))
    assert image is not None
    assert image.format is ImageFormat.ELF
    assert image.architectures == (name,)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (1, ImageKind.OBJECT),
        (2, ImageKind.EXECUTABLE),
        (3, ImageKind.LIBRARY),
        (4, ImageKind.OTHER),
    ],
)
def test_the_elf_type_decides_the_kind(kind: int, expected: ImageKind) -> None:
    image = identify(elf(62, kind=kind))
    assert image is not None
    assert image.kind is expected


@pytest.mark.parametrize("bits", [32, 64])
def test_a_position_independent_program_is_an_executable(bits: int) -> None:
    data = bytearray(elf(62, bits=bits, kind=3))
    if bits == 64:
        struct.pack_into("<Q", data, 32, 64)
        struct.pack_into("<2H", data, 54, 56, 2)
    else:
        struct.pack_into("<I", data, 28, 64)
        struct.pack_into("<2H", data, 42, 56, 2)
    headers = struct.pack("<I52x", 6) + struct.pack("<I52x", 3)
    image = identify(bytes(data) + headers)
    assert image is not None
    assert image.kind is ImageKind.EXECUTABLE


@pytest.mark.parametrize(
    ("machine", "flags", "name", "kind"),
    [
        (0x8664, 0x2, "x86_64", ImageKind.EXECUTABLE),
        (0xAA64, 0x2, "aarch64", ImageKind.EXECUTABLE),
        (0x14C, 0x2002, "i386", ImageKind.LIBRARY),
    ],
)
def test_a_pe_is_named_by_its_machine(machine: int, flags: int, name: str, kind: ImageKind) -> None:
    assert identify(pe(machine, flags)) == Image(
        format=ImageFormat.PE, architectures=(name,), kind=kind
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fEL",
        b"MZ",
        b"MZ" + bytes(62),
        b"!<arch>\n",
        b"#!/bin/sh\n",
        b"PK\3\4",
        bytes(4096),
    ],
    ids=["empty", "cut", "short-dos", "dos", "archive", "script", "zip", "zeros"],
)
def test_everything_else_is_no_image(data: bytes) -> None:
    assert identify(data) is None


@pytest.mark.parametrize(
    "whole", [Macho().build()[:64], elf(62)[:64], pe(0x8664), fat([("arm64", b"")])[:28]]
)
def test_no_truncation_makes_it_raise(whole: bytes) -> None:
    for size in range(len(whole)):
        identify(whole[:size])


@given(
    magic=st.sampled_from(
        [b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf", b"\x7fELF", b"MZ"]
    ),
    rest=st.binary(max_size=200),
)
def test_no_bytes_make_it_raise(magic: bytes, rest: bytes) -> None:
    identify(magic + rest)
