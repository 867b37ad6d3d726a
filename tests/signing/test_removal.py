"""Removing signatures: the bytes that the linker wrote come back."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.errors import FormatError, NotSignableError, SigningError
from countersign.macho.fat import parse_fat
from countersign.macho.slice import parse_slice
from countersign.settings import Settings
from countersign.signer import sign_bytes
from countersign.style import Style
from countersign.unsigner import unsign_bytes
from macho import CPUS, DYLIB, EXECUTE, Macho, fat, put

IMAGES = st.builds(
    Macho,
    arch=st.sampled_from(sorted(CPUS)),
    filetype=st.sampled_from([EXECUTE, DYLIB]),
    room=st.sampled_from([16, 200]),
    linkedit_size=st.integers(16, 0x9000),
    text_pages=st.integers(1, 3),
    platform=st.sampled_from([None, 1]),
    info_plist=st.none() | st.binary(min_size=1, max_size=64).map(lambda each: each.upper()),
)


def join(*images: Macho) -> bytes:
    """Join images as lipo does: each at a multiple of the page size of its CPU."""
    slices = [(image.arch, image.build()) for image in images]
    return fat(slices, align=[CPUS[image.arch][3].bit_length() - 1 for image in images])


@settings(max_examples=60, deadline=None)
@given(IMAGES, st.sampled_from(Style))
def test_signing_and_removing_are_inverses(image: Macho, style: Style) -> None:
    unsigned = image.build()
    signed = sign_bytes(unsigned, "a", Settings(style=style))
    assert signed != unsigned
    assert unsign_bytes(signed) == unsigned


def test_the_unit_of_an_older_codesign_is_not_taken_for_the_linkers() -> None:
    unsigned = Macho(text_pages=2, linkedit_size=13777).build()
    signed = sign_bytes(unsigned, "a", Settings(style=Style.MACOS10_15))
    assert unsign_bytes(signed) == unsigned


@settings(max_examples=40, deadline=None)
@given(IMAGES, st.sampled_from(Style), st.sampled_from(Style))
def test_signing_again_is_signing_what_removing_leaves(
    image: Macho, first: Style, second: Style
) -> None:
    signed = sign_bytes(image.build(), "first", Settings(style=first))
    directly = sign_bytes(signed, "b", Settings(style=second))
    assert sign_bytes(unsign_bytes(signed), "b", Settings(style=second)) == directly


def test_a_linkers_signature_is_removed_too() -> None:
    image = Macho()
    assert unsign_bytes(image.sealed().build()) == image.build()


def test_a_string_table_before_linkedit_moves_nothing() -> None:
    """LC_SYMTAB is not the file's end when it points in front of __LINKEDIT."""
    data = Macho(linkedit_size=0).sealed().build()
    symtab = data.find(struct.pack("<2I", 0x2, 24))
    changed = put(data, symtab + 16, "<2I", 0x3FF0, 8)
    assert len(unsign_bytes(changed)) == 0x4000


def test_what_is_not_signed_stays_as_it_is() -> None:
    data = Macho().build()
    assert unsign_bytes(data) == data


def test_the_load_command_goes_and_those_behind_it_move_up() -> None:
    """install_name_tool puts its commands behind LC_CODE_SIGNATURE."""
    signed = sign_bytes(Macho().build(), "a")
    header = parse_slice(memoryview(signed)).header
    extra = struct.pack("<2I8s", 0x1C | 0x80000000, 16, b"rpath")
    data = bytearray(signed)
    data[header.commands_end : header.commands_end + 16] = extra
    struct.pack_into("<2I", data, 16, header.command_count + 1, header.commands_size + 16)
    removed = unsign_bytes(bytes(data))
    thin = parse_slice(memoryview(removed))
    assert thin.signatures == ()
    assert thin.header.commands_size == header.commands_size
    end = thin.header.commands_end
    assert removed[end - 16 : end] == extra
    assert not any(removed[end : end + 16])


@pytest.mark.parametrize("padding", [1, 6, 15])
def test_padding_before_the_signature_goes_with_it(padding: int) -> None:
    unsigned = Macho(linkedit_size=176 - padding).build()
    signed = sign_bytes(unsigned, "a")
    assert signed.startswith(b"\xcf\xfa\xed\xfe")
    assert unsign_bytes(signed) == unsigned


def test_bytes_before_the_signature_that_are_no_padding_stay() -> None:
    image = Macho(linkedit_size=170)
    signed = bytearray(sign_bytes(image.build(), "a"))
    end = image.text_size + 170
    signed[end] = 1
    removed = unsign_bytes(bytes(signed))
    assert removed[-6:] == b"\1\0\0\0\0\0"


@pytest.mark.parametrize("exact", [True, False])
def test_linkedit_gets_the_size_in_memory_that_its_linker_gives(exact: bool) -> None:
    """LLVM's linker does not round it; it names itself in LC_BUILD_VERSION."""
    image = Macho(tools=((4, 19 << 16),), linkedit_vmsize=176) if exact else Macho()
    unsigned = image.build()
    assert unsign_bytes(sign_bytes(unsigned, "a")) == unsigned


def test_what_strip_left_is_rounded_to_large_pages() -> None:
    """cctools' strip writes the string table anew, beginning with zeros."""
    image = Macho(arch="x86_64")
    unsigned = bytearray(replace(image, linkedit_vmsize=0x4000).build())
    unsigned[-16:-14] = b"\0\0"
    assert unsign_bytes(sign_bytes(bytes(unsigned), "a")) == unsigned


def test_linkers_of_some_years_gave_intel_large_pages_too() -> None:
    image = Macho(arch="x86_64", minimum=(13, 0, 0), text_pages=4, linkedit_vmsize=0x4000)
    unsigned = image.build()
    assert unsign_bytes(sign_bytes(unsigned, "a")) == unsigned
    for minimum in ((10, 12, 0), (14, 0, 0)):
        other = replace(image, minimum=minimum, linkedit_vmsize=0x1000).build()
        assert unsign_bytes(sign_bytes(other, "a")) == other


def test_an_odd_size_in_memory_was_somebodys_choice_and_stays() -> None:
    image = replace(Macho().sealed(), linkedit_vmsize=0x10000)
    thin = parse_slice(memoryview(unsign_bytes(image.build())))
    linkedit = thin.segment("__LINKEDIT")
    assert linkedit is not None
    assert linkedit.vmsize == 0x10000


@pytest.mark.parametrize("archs", [("arm64",), ("x86_64", "arm64"), ("i386", "x86_64", "arm64e")])
def test_a_universal_file_comes_back_as_lipo_joined_it(archs: tuple[str, ...]) -> None:
    unsigned = join(*(Macho(arch=arch) for arch in archs))
    removed = unsign_bytes(sign_bytes(unsigned, "a"))
    assert removed == unsigned


def test_a_slice_without_signature_is_kept_beside_one_that_has_it() -> None:
    plain, sealed = Macho(arch="x86_64"), Macho().sealed()
    removed = unsign_bytes(join(plain, sealed))
    archs = parse_fat(memoryview(removed))
    assert removed[archs[0].offset : archs[0].end] == plain.build()
    assert removed[archs[1].offset : archs[1].end] == Macho().build()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#!/bin/sh\n",
        Macho(signature_commands=2).sealed().build(),
        Macho(trailing=bytes(20)).sealed().build(),
        Macho().sealed().build()[:-1],
    ],
    ids=["empty", "script", "two commands", "trailing", "cut"],
)
def test_what_makes_no_sense_is_refused(data: bytes) -> None:
    with pytest.raises((FormatError, NotSignableError)):
        unsign_bytes(data)


def test_no_single_bit_of_the_header_makes_it_raise_anything_else() -> None:
    data = Macho(room=16).sealed().build()
    for bit in range(0, 8 * 420, 5):
        changed = put(data, bit // 8, "B", data[bit // 8] ^ 1 << bit % 8)
        try:
            removed = unsign_bytes(changed)
        except SigningError:
            continue
        assert unsign_bytes(removed) == removed
