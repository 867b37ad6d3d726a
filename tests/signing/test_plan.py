"""The plan against layouts that Apple's codesign made, worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.codedirectory import ExecSegment
from countersign.contents import Contents
from countersign.digest import HashType
from countersign.errors import FormatError, NoRoomError, NotSignableError
from countersign.macho.slice import Slice, parse_slice
from countersign.plan import Plan, plan_signature
from countersign.style import Style
from macho import BUNDLE, DSYM, DYLIB, OBJECT, Macho

SHA256 = (HashType.SHA256,)
DUAL = (HashType.SHA1, HashType.SHA256)


def thin(image: Macho) -> Slice:
    return parse_slice(memoryview(image.build()))


def plan(image: Macho, *, identifier: str = "com.test.exe", style: Style = Style.MACOS15) -> Plan:
    facts = thin(image)
    contents = Contents(identifier=identifier)
    return plan_signature(facts, contents, style=style, digests=style.digests([facts]))


def room(*, pages: int, identifier: str = "a", old: bool = False) -> int:
    """What is set aside for the signature of an x86_64 program of so many pages."""
    minimum = (10, 9, 0) if old else (14, 0, 0)
    image = Macho(arch="x86_64", text_pages=pages - 1, linkedit_size=0x1000, minimum=minimum)
    return plan(image, identifier=identifier).data_size


def test_a_program_signed_on_macos_15_is_laid_out_the_same() -> None:
    """`codesign -s - -i com.test.exe` of an arm64 program of 16,560 bytes."""
    made = plan(Macho(linkedit_size=176))
    assert made.data_offset == 16_560
    assert made.data_size == 18_384
    assert made.page_size == 4096
    assert made.directory.version == 0x20400
    assert made.directory.exec_segment == ExecSegment(0, 16_384, 1)
    assert made.digests == SHA256
    resize = made.patches[0]
    vmsize, fileoff, filesize = (
        int.from_bytes(resize.data[at : at + 8], "little") for at in (0, 8, 16)
    )
    assert (vmsize, fileoff, filesize) == (32_768, 16_384, 18_560)


def test_a_program_signed_on_macos_26_reserves_less() -> None:
    """49,712 bytes of code and an identifier of 50 characters: four pages of 16 KiB."""
    made = plan(Macho(text_pages=3, linkedit_size=560), identifier="x" * 50, style=Style.MACOS26)
    assert (made.data_offset, made.data_size) == (49_712, 18_400)
    assert made.page_size == 16_384


def test_a_second_digest_reserves_a_whole_second_directory() -> None:
    one, two = room(pages=10), room(pages=10, old=True)
    assert abs(two - one - (8 + 96 + 2 + 12 * 20)) < 16


@given(st.integers(2, 64), st.text(min_size=1, max_size=60))
def test_the_room_is_always_a_multiple_of_16(pages: int, identifier: str) -> None:
    assert room(pages=pages, identifier=identifier) % 16 == 0


@pytest.mark.parametrize(("size", "start"), [(160, 160), (161, 176), (175, 176)])
def test_a_new_signature_starts_at_a_multiple_of_16(size: int, start: int) -> None:
    image = Macho(linkedit_size=size)
    assert plan(image).data_offset == image.text_size + start


def test_an_existing_signature_stays_where_it_is() -> None:
    image = Macho(linkedit_size=161).sealed()
    made = plan(image)
    assert made.data_offset == image.text_size + 161
    assert len(made.patches) == 2


def test_the_last_segments_memory_grows_in_16_kib_on_every_cpu() -> None:
    resize = plan(Macho(arch="x86_64")).patches[0]
    assert int.from_bytes(resize.data[:8], "little") == 0x8000


@pytest.mark.parametrize(
    ("filetype", "flag"), [(DYLIB, 0), (BUNDLE, 0), (2, 1)], ids=["dylib", "bundle", "program"]
)
def test_only_a_program_is_marked_as_one(filetype: int, flag: int) -> None:
    assert plan(Macho(filetype=filetype)).directory.exec_segment.flags == flag


def test_a_file_that_names_no_platform_gets_the_oldest_version() -> None:
    made = plan(Macho(platform=None), style=Style.MACOS26)
    directory = made.directory
    assert (directory.version, directory.exec_segment) == (0x20100, ExecSegment(0, 0, 0))


@pytest.mark.parametrize("room", range(16))
def test_missing_room_is_named_in_bytes(room: int) -> None:
    with pytest.raises(NoRoomError) as caught:
        plan(Macho(room=room))
    assert caught.value.missing == 16 - room


def test_sixteen_bytes_are_room_enough() -> None:
    assert plan(Macho(room=16)).patches


def test_an_existing_command_needs_no_room() -> None:
    assert plan(Macho(room=0).sealed()).patches


def test_no_patch_reaches_into_the_first_section() -> None:
    image = Macho(room=16)
    facts = thin(image)
    assert max(patch.end for patch in plan(image).patches) == facts.header.commands_end + 16


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        (Macho(filetype=OBJECT), "object file is not code"),
        (Macho(filetype=DSYM), "dSYM companion is not code"),
        (Macho(filetype=99), "file of type 99 is not code"),
        (Macho(linkedit=False), "no __LINKEDIT"),
        (Macho(trailing=b"payload"), "7 bytes follow"),
        (Macho(trailing=bytes(8)).sealed(), "8 bytes follow"),
        (Macho(text_end=200), "past the end"),
    ],
)
def test_what_cannot_be_signed_is_named(image: Macho, problem: str) -> None:
    with pytest.raises(NotSignableError, match=problem):
        plan(image)


def test_a_few_trailing_bytes_behind_a_signature_are_replaced() -> None:
    assert plan(Macho(trailing=bytes(7)).sealed()) == plan(Macho().sealed())


def test_a_cut_file_is_refused() -> None:
    data = Macho().build()
    facts = parse_slice(memoryview(data[:-1]))
    with pytest.raises(NotSignableError, match="past the end"):
        plan_signature(facts, Contents(identifier="a"), style=Style.MACOS26, digests=SHA256)


@pytest.mark.parametrize(
    "image",
    [Macho(signature_commands=2).sealed(), Macho(signature_cmdsize=24).sealed()],
    ids=["two", "long"],
)
def test_strange_signature_commands_are_refused(image: Macho) -> None:
    with pytest.raises(FormatError) as caught:
        plan(image)
    assert caught.value.rule == "R11"


@pytest.mark.parametrize(
    ("arch", "style", "page_size"),
    [
        ("arm64", Style.MACOS26, 0x4000),
        ("arm64e", Style.MACOS26, 0x4000),
        ("x86_64", Style.MACOS26, 0x1000),
        ("i386", Style.MACOS26, 0x1000),
        ("arm64", Style.MACOS15, 0x1000),
        ("x86_64", Style.MACOS15, 0x1000),
    ],
)
def test_the_style_chooses_the_page_size(arch: str, style: Style, page_size: int) -> None:
    assert plan(Macho(arch=arch), style=style).page_size == page_size


def test_apple_tv_keeps_small_pages() -> None:
    assert Style.MACOS26.page_size(thin(Macho(platform=3))) == 0x1000


@pytest.mark.parametrize(
    ("style", "platform", "minimum", "digests"),
    [
        (Style.MACOS26, 1, (10, 11, 4), SHA256),
        (Style.MACOS26, 1, (10, 11, 3), DUAL),
        (Style.MACOS26, 2, (10, 3, 0), DUAL),
        (Style.MACOS26, 3, (11, 0, 0), SHA256),
        (Style.MACOS26, 4, (11, 0, 0), DUAL),
        (Style.MACOS26, 6, (1, 0, 0), SHA256),
        (Style.MACOS26, None, (0, 0, 0), SHA256),
        (Style.MACOS15, None, (0, 0, 0), DUAL),
        (Style.MACOS15, 4, (26, 0, 0), DUAL),
    ],
)
def test_old_targets_get_a_sha_1_directory_too(
    style: Style,
    platform: int | None,
    minimum: tuple[int, int, int],
    digests: tuple[HashType, ...],
) -> None:
    assert style.digests([thin(Macho(platform=platform, minimum=minimum))]) == digests


def test_one_old_slice_decides_for_the_whole_file() -> None:
    slices = [thin(Macho()), thin(Macho(arch="x86_64", minimum=(10, 9, 0)))]
    assert Style.MACOS26.digests(slices) == DUAL


def test_another_segment_behind_in_memory_is_not_run_over() -> None:
    facts = thin(Macho())
    _, text, linkedit = facts.segments
    behind = text._replace(name="__LAST", vmaddr=linkedit.vmaddr + 0x4000)
    crowded = facts._replace(segments=(text, linkedit, behind))
    with pytest.raises(NotSignableError, match="in memory"):
        plan_signature(crowded, Contents(identifier="a"), style=Style.MACOS26, digests=SHA256)


def test_a_segment_behind_in_the_file_is_not_run_over() -> None:
    facts = thin(Macho())
    _, text, linkedit = facts.segments
    short = linkedit._replace(filesize=linkedit.filesize - 16)
    behind = text._replace(name="__LAST", fileoff=short.end, filesize=16)
    crowded = facts._replace(segments=(text, short, behind))
    with pytest.raises(NotSignableError, match="behind __LINKEDIT"):
        plan_signature(crowded, Contents(identifier="a"), style=Style.MACOS26, digests=SHA256)
