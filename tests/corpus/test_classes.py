"""Classes of slices that the tests make themselves; the corpus has those of foreign linkers."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from classes import (
    Class,
    Editor,
    Trait,
    classify,
    codesign_size,
    editor_of,
    guess_dialect,
    linker_of,
)
from countersign.settings import Settings
from countersign.signer import sign_bytes
from countersign.style import Style
from evidence import read_evidence, read_file
from macho import DSYM, OBJECT, Macho, fat, put

OLD = (10, 9, 0)


def unrounded(image: Macho) -> Macho:
    """The same image with a __LINKEDIT that takes no more memory than file."""
    return replace(image, linkedit_vmsize=len(image.build()) - image.text_size)


@pytest.mark.parametrize(
    ("image", "style", "expected"),
    [
        (Macho(), Style.MACOS15, Class.CODESIGN_ARM64_4K),
        (Macho(), Style.MACOS26, Class.CODESIGN_ARM64_16K),
        (Macho(arch="x86_64"), Style.MACOS26, Class.CODESIGN_X86_64),
        (Macho(arch="x86_64", minimum=OLD), Style.MACOS26, Class.CODESIGN_X86_64_SHA1),
    ],
)
def test_what_this_package_signs_is_classed_as_codesigns(
    image: Macho, style: Style, expected: Class
) -> None:
    signed = memoryview(sign_bytes(image.build(), "program", Settings(style=style)))
    evidence = read_evidence(signed)
    assert classify(evidence).name is expected
    assert (Trait.SHA1 in classify(evidence).traits) == (expected is Class.CODESIGN_X86_64_SHA1)
    assert evidence.thin.signature is not None
    assert evidence.signature is not None
    assert codesign_size(evidence.signature) == evidence.thin.signature.data_size


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Macho(), Class.UNSIGNED_ARM64),
        (Macho(arch="x86_64"), Class.UNSIGNED_X86_64),
        (Macho(arch="x86_64", filetype=OBJECT), Class.OBJECT),
        (Macho(filetype=DSYM), Class.DSYM),
        (Macho(arch="i386"), Class.FOREIGN),
        (Macho(arch="ppc"), Class.FOREIGN),
        (Macho().sealed(flags=0x2), Class.ADHOC_OTHER),
        (Macho().sealed(page_size=0x4000), Class.ZIG),
        (unrounded(Macho().sealed()), Class.GO),
        (Macho(minimum=(13, 0, 0)).sealed(), Class.LD64),
        (Macho(minimum=(14, 0, 0)).sealed(), Class.CCTOOLS),
    ],
)
def test_class_follows_from_header_and_signature(image: Macho, expected: Class) -> None:
    assert classify(read_evidence(memoryview(image.build()))).name is expected


def test_padding_that_is_not_zero_is_a_stale_tail() -> None:
    signed = memoryview(Macho().sealed(flags=0x2, padding=b"old").build())
    assert classify(read_evidence(signed)).traits == {Trait.STALE_TAIL}


def test_every_slice_of_a_universal_file_is_read() -> None:
    both = [("x86_64", Macho(arch="x86_64").build()), ("arm64", Macho().sealed().build())]
    found = [classify(each) for each in read_file(memoryview(fat(both)))]
    assert [each.name for each in found] == [Class.UNSIGNED_X86_64, Class.CCTOOLS]
    assert all(each.traits == {Trait.FAT} for each in found)


def test_linker_is_told_by_the_version_command_without_tools() -> None:
    new = read_evidence(memoryview(Macho(arch="x86_64", minimum=(14, 0, 0)).build()))
    old = read_evidence(memoryview(Macho(arch="x86_64", minimum=OLD).build()))
    assert linker_of(new) is Class.LD_PRIME
    assert linker_of(old) is Class.LD64
    assert guess_dialect(new) is Class.LD_PRIME


def test_strip_is_told_by_the_start_of_the_string_table() -> None:
    linked = Macho(arch="x86_64").build()
    start = len(linked) - 16
    assert editor_of(read_evidence(memoryview(put(linked, start, "<H", 0x20)))) is Editor.NONE
    stripped = read_evidence(memoryview(put(linked, start, "<H", 0)))
    assert editor_of(stripped) is Editor.STRIP
    assert guess_dialect(stripped) is Class.CCTOOLS


def test_names_come_in_the_order_of_the_string_table_and_once() -> None:
    evidence = read_evidence(memoryview(with_symbols(b"\x20\0_one\0_two\0", [7, 2, 7, 0])))
    assert list(evidence.names()) == [b"_one", b"_two"]
    assert editor_of(evidence) is Editor.NONE


def test_llvm_is_told_by_names_sorted_from_their_ends() -> None:
    names = [b"_az", b"_by", b"_cx", b"_dw"]
    strings = b"\x20\0" + b"".join(name + b"\0" for name in names)
    data = with_symbols(strings, [2, 6, 10, 14])
    assert editor_of(read_evidence(memoryview(data))) is Editor.LLVM
    assert guess_dialect(read_evidence(memoryview(data))) is Class.LLVM
    assert editor_of(read_evidence(memoryview(with_symbols(strings, [2, 6, 10])))) is Editor.NONE


def with_symbols(strings: bytes, offsets: list[int]) -> bytes:
    """Build an image whose symbols have names at ``offsets`` of the string table."""
    image = Macho(arch="x86_64", symtab_first=True)
    data = image.build()
    symbols = b"".join(struct.pack("<I12x", at) for at in offsets)
    command = data.index(struct.pack("<2I", 2, 24), 32)
    start = image.text_size
    data = put(data, command, "<6I", 2, 24, start, len(offsets), start + len(symbols), len(strings))
    content = symbols + strings
    return data[:start] + content + data[start + len(content) :]
