"""Headers, load commands, and tables of universal files."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.errors import FormatError
from countersign.macho.fat import FatArch, fat_header, parse_fat, repack, starts_fat
from countersign.macho.patch import append_signature, move_signature, resize_segment
from countersign.macho.slice import Platform, Slice, Target, parse_slice
from macho import CPUS, Macho, fat, put


def parse(data: bytes, base: int = 0) -> Slice:
    return parse_slice(memoryview(data), base)


@pytest.mark.parametrize("arch", CPUS)
def test_the_facts_are_the_same_in_every_word_size_and_byte_order(arch: str) -> None:
    thin = parse(Macho(arch=arch, info_plist=b"<plist/>").build())
    assert thin.arch == arch
    assert [segment.name for segment in thin.segments] == ["__PAGEZERO", "__TEXT", "__LINKEDIT"]
    linkedit = thin.segment("__LINKEDIT")
    assert linkedit is not None
    assert (linkedit.fileoff, linkedit.filesize) == (CPUS[arch][3], 176)
    assert thin.claimed_end == thin.size == linkedit.end
    assert thin.targets == (Target(Platform.MACOS, 14 << 16, 14 << 16),)
    assert thin.info_plist is not None
    assert thin.info_plist.size == 8
    assert thin.uuid == b"0123456789abcdef"
    assert thin.signature is None


def test_the_signature_command_is_found() -> None:
    image = Macho().sealed()
    thin = parse(image.build())
    assert thin.signature is not None
    assert thin.signature.data_offset == image.text_size + image.linkedit_size
    assert thin.signature.data_end == thin.size


def test_an_old_version_command_names_the_platform() -> None:
    thin = parse(Macho(platform=2, minimum=(10, 3, 1), old_version_command=True).build())
    assert thin.targets[0][:2] == (Platform.IOS, 10 << 16 | 3 << 8 | 1)


@pytest.mark.parametrize("room", [0, 1, 15, 16, 100])
def test_the_room_for_commands_ends_at_the_first_section(room: int) -> None:
    assert parse(Macho(room=room).build()).header_room == room


@pytest.mark.parametrize("symtab_first", [False, True])
def test_the_first_command_that_knows_the_end_decides(symtab_first: bool) -> None:
    image = Macho(symtab_first=symtab_first).sealed()
    thin = parse(image.build())
    unsigned_end = image.text_size + image.linkedit_size
    assert thin.claimed_end == (unsigned_end if symtab_first else thin.size)


def test_offsets_in_errors_count_from_the_start_of_the_file() -> None:
    with pytest.raises(FormatError) as caught:
        parse(put(Macho().build(), 36, "<I", 4), base=0x4000)
    assert caught.value.offset == 0x4020


@pytest.mark.parametrize(
    ("offset", "value", "problem"),
    [
        (0, 0, "magic"),
        (16, 100, "only"),
        (16, 1 << 20, "there are"),
        (20, 1 << 30, "do not fit"),
        (36, 7, "its size is 7"),
        (36, 1 << 20, "its size is"),
        (32 + 64, 5, "sections do not fit"),
    ],
)
def test_sizes_and_counts_are_checked_before_use(offset: int, value: int, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        parse(put(Macho().build(), offset, "<I", value))


@pytest.mark.parametrize(
    ("command", "rule"),
    [(0x1, "F1"), (0x19, "F1"), (0x2, "F1"), (0x24, "F1"), (0x32, "F1"), (0x1D, "R11")],
)
def test_a_command_that_is_too_short_is_named_by_its_rule(command: int, rule: str) -> None:
    header = struct.pack("<8I", 0xFEEDFACF, 0x0100000C, 0, 2, 1, 8, 0, 0)
    with pytest.raises(FormatError, match="too few") as caught:
        parse(header + struct.pack("<2I", command, 8))
    assert caught.value.rule == rule


@pytest.mark.parametrize("arch", ["arm64", "i386", "ppc"])
def test_every_truncation_is_a_format_error_or_parses(arch: str) -> None:
    data = Macho(arch=arch).sealed().build()
    for size in range(600):
        with contextlib.suppress(FormatError):
            parse(data[:size])


@pytest.mark.parametrize("arch", ["arm64", "i386"])
def test_no_single_bit_of_the_header_makes_it_raise_anything_else(arch: str) -> None:
    data = Macho(arch=arch).sealed().build()
    for bit in range(8 * 500):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with contextlib.suppress(FormatError):
            parse(bytes(changed))


@given(st.binary(max_size=400), st.sampled_from([0xFEEDFACE, 0xFEEDFACF]), st.sampled_from("<>"))
def test_no_bytes_make_it_raise_anything_else(rest: bytes, magic: int, order: str) -> None:
    with contextlib.suppress(FormatError):
        parse(struct.pack(order + "I", magic) + rest)


def apply(data: bytes, thin: Slice) -> Slice:
    linkedit = thin.segment("__LINKEDIT")
    assert linkedit is not None
    out = bytearray(data)
    for patch in (
        *append_signature(thin, data_offset=0x4100, data_size=0x200),
        resize_segment(thin, linkedit, filesize=0x300, vmsize=0x4000),
    ):
        out[patch.offset : patch.end] = patch.data
    return parse(bytes(out))


@pytest.mark.parametrize("arch", CPUS)
def test_patches_say_what_they_were_told(arch: str) -> None:
    data = Macho(arch=arch).build()
    thin = parse(data)
    patched = apply(data, thin)
    linkedit, before = patched.segment("__LINKEDIT"), thin.segment("__LINKEDIT")
    assert linkedit is not None
    assert before is not None
    assert (linkedit.filesize, linkedit.vmsize) == (0x300, 0x4000)
    assert linkedit.fileoff == before.fileoff
    assert patched.signature is not None
    assert patched.signature[1:] == (16, 0x4100, 0x200)
    assert patched.header.command_count == thin.header.command_count + 1
    assert patched.targets == thin.targets


def test_moving_a_signature_changes_eight_bytes() -> None:
    thin = parse(Macho().sealed().build())
    assert thin.signature is not None
    patch = move_signature(thin, thin.signature, data_offset=1, data_size=2)
    assert patch.offset == thin.signature.offset + 8
    assert patch.data == struct.pack("<2I", 1, 2)


def test_a_universal_table_round_trips() -> None:
    archs = parse_fat(memoryview(fat([("x86_64", b"a" * 10), ("arm64", b"b" * 20)])))
    assert [(arch.name, arch.size, arch.offset) for arch in archs] == [
        ("x86_64", 10, 0x4000),
        ("arm64", 20, 0x8000),
    ]
    assert parse_fat(memoryview(fat_header(archs))) == archs


@given(st.lists(st.integers(1, 1 << 20), min_size=1, max_size=8))
def test_repacked_slices_are_aligned_and_apart(sizes: list[int]) -> None:
    archs = [FatArch(7, 3, 0, 1, 0)] * len(sizes)
    end = 1
    for arch, size in zip(repack(archs, sizes), sizes, strict=True):
        assert (arch.offset % 0x4000, arch.align, arch.size) == (0, 14, size)
        assert 0 <= arch.offset - end < 0x4000
        end = arch.end


def test_a_java_class_is_not_taken_for_a_universal_file() -> None:
    assert not starts_fat(memoryview(struct.pack(">I2H", 0xCAFEBABE, 0, 52)))


def test_as_many_slices_as_a_java_class_has_versions_are_a_universal_file() -> None:
    others = [FatArch(18, each, 0x4000 * each, 16, 14) for each in range(1, 50)]
    assert not starts_fat(memoryview(fat_header(others)))
    assert starts_fat(memoryview(fat_header([*others, FatArch(0x0100000C, 0, 0xC8000, 16, 14)])))


@given(st.binary(max_size=120))
def test_no_table_makes_it_raise_anything_else(rest: bytes) -> None:
    with contextlib.suppress(FormatError):
        parse_fat(memoryview(b"\xca\xfe\xba\xbe" + rest))
