"""How changed pages came about is told from the bytes, and proven where they prove it."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.diagnosis.causes import REASONS
from countersign.diagnosis.pages import Cause, PageDamage, examine_pages
from countersign.errors import FormatError
from countersign.macho.slice import parse_slice
from countersign.signature import parse_signature
from countersign.window import Window
from macho import Macho, put

IMAGE = Macho(
    text_pages=3, linkedit_size=0x2100, room=0x300, libraries=("/usr/lib/libSystem.B.dylib",)
)
SIGNED = IMAGE.sealed()
GOOD = SIGNED.build()
DATA = SIGNED.text_size + SIGNED.linkedit_size
HASHES = DATA + 20 + 88 + len("program") + 1
COMMANDS_END = 32 + struct.unpack_from("<I", GOOD, 20)[0]


def examine(data: bytes, others: Sequence[bytes] = ()) -> tuple[PageDamage, ...]:
    window, thin = Window.over(data), parse_slice(memoryview(data))
    command = thin.signature
    assert command is not None
    signature = parse_signature(window[command.data_offset : command.data_end])
    windows = [Window.over(other) for other in others]
    return examine_pages(window, thin, signature.best.code, signature.superblob.length, windows)


def damage(data: bytes, others: Sequence[bytes] = ()) -> PageDamage:
    (found,) = examine(data, others)
    return found


def rehashed(data: bytes, page: int, content: bytes) -> bytes:
    """Claim that a page had another content when it was signed."""
    at = HASHES + 32 * page
    return data[:at] + hashlib.sha256(content).digest() + data[at + 32 :]


def test_a_good_file_has_no_damage() -> None:
    assert examine(GOOD) == ()


def test_a_changed_page_is_found_with_its_place() -> None:
    found = damage(put(GOOD, 0x5123, "B", GOOD[0x5123] ^ 1))
    assert (found.cause, found.proven) == (Cause.CONTENTS_EDITED, False)
    assert (found.wrong, found.places) == ((range(5, 6),), (range(0x5000, 0x6000),))
    assert (sum(map(len, found.wrong)), found.count) == (1, 15)


def test_neighbouring_pages_are_one_run() -> None:
    data = put(put(put(GOOD, 0x5000, "B", 7), 0x6000, "B", 7), 0x9000, "B", 7)
    assert damage(data).wrong == (range(5, 7), range(9, 10))


def test_a_last_page_hashed_with_zeros_behind_it_is_proven() -> None:
    last = GOOD[0xE000:DATA]
    found = damage(rehashed(GOOD, 14, last.ljust(0x1000, b"\0")))
    assert (found.cause, found.proven) == (Cause.PADDED, True)
    assert str(0x1000 - len(last)) in found.detail


def test_a_padded_last_page_is_told_apart_from_other_changes() -> None:
    data = rehashed(GOOD, 14, GOOD[0xE000:DATA].ljust(0x1000, b"\0"))
    padded, changed = examine(put(data, 0x5123, "B", GOOD[0x5123] ^ 1))
    assert (padded.cause, padded.wrong) == (Cause.PADDED, (range(14, 15),))
    assert (changed.cause, changed.wrong) == (Cause.CONTENTS_EDITED, (range(5, 6),))


def test_a_last_page_hashed_before_the_padding_is_proven() -> None:
    found = damage(rehashed(GOOD, 14, GOOD[0xE000 : DATA - 8]))
    assert (found.cause, found.proven) == (Cause.EARLY_END, True)
    assert "8 bytes" in found.detail


def test_hashes_of_pages_of_another_size_are_proven() -> None:
    large = SIGNED.sealed(page_size=0x4000).build()
    pages = [large[at : at + 0x1000] for at in range(0, 0x4000, 0x1000)]
    for page, content in enumerate(pages):
        large = rehashed(large, page, content)
    found = damage(large)
    assert (found.cause, found.proven) == (Cause.OTHER_SIZE, True)
    assert "4096" in found.detail


def test_the_signature_of_another_slice_is_proven() -> None:
    other = replace(SIGNED, arch="x86_64", text_pages=12).build()
    assert len(other) == len(GOOD)
    mixed = GOOD[:DATA] + other[DATA:]
    found = damage(mixed, [other])
    assert (found.cause, found.proven) == (Cause.OTHER_SLICE, True)
    assert damage(mixed).cause is Cause.OTHER_FILE


@pytest.mark.parametrize(
    ("change", "since"),
    [
        ({"flags": SIGNED.flags & ~0x200000}, "the flag 0x200000 of the header changed"),
        ({"libraries": (*IMAGE.libraries, "/tmp/x.dylib")}, "LC_LOAD_DYLIB /tmp/x.dylib"),
    ],
)
def test_an_edit_of_the_load_commands_is_undone_and_proven(
    change: dict[str, object], since: str
) -> None:
    edited = replace(SIGNED, **change).build()  # type: ignore[arg-type]
    if "libraries" in change:  # tools put a new command behind the others
        edited = with_command_moved_last(edited)
        original = without_last_command(edited)
    else:
        original = GOOD
    first = original[:0x1000]
    found = damage(rehashed(edited, 0, first))
    assert (found.cause, found.proven) == (Cause.COMMANDS, True)
    assert since in found.detail


def with_command_moved_last(data: bytes) -> bytes:
    """Move the last LC_LOAD_DYLIB behind LC_CODE_SIGNATURE."""
    commands = split_commands(data)
    moved = [each for each in commands if b"/tmp/x.dylib" in each]
    rest = [each for each in commands if each not in moved]
    body = b"".join([*rest, *moved])
    return data[:32] + body + data[32 + len(body) :]


def without_last_command(data: bytes) -> bytes:
    commands = split_commands(data)[:-1]
    body = b"".join(commands)
    end = 32 + struct.unpack_from("<I", data, 20)[0]
    head = put(data[:32], 16, "<2I", len(commands), len(body))
    return (head + body).ljust(end, b"\0") + data[end:]


def split_commands(data: bytes) -> list[bytes]:
    count, at, found = struct.unpack_from("<I", data, 16)[0], 32, []
    for _ in range(count):
        size = struct.unpack_from("<I", data, at + 4)[0]
        found.append(data[at : at + size])
        at += size
    return found


def test_a_header_hashed_before_it_was_pointed_to_the_signature_is_proven() -> None:
    linkedit = GOOD.find(b"__LINKEDIT")
    bare = put(without_last_command(GOOD), linkedit + 40, "<Q", SIGNED.linkedit_size)
    found = damage(rehashed(GOOD, 0, bare[:0x1000]))
    assert (found.cause, found.proven) == (Cause.COMMANDS, True)
    assert found.detail == "LC_CODE_SIGNATURE was added"
    unsized = put(GOOD, COMMANDS_END - 8, "<2I", 0, 0)
    unsized = put(unsized, linkedit + 40, "<Q", SIGNED.linkedit_size)
    found = damage(rehashed(GOOD, 0, unsized[:0x1000]))
    assert found.detail == "the header was pointed to the signature"


def test_a_late_uuid_is_proven() -> None:
    uuid = GOOD.find(b"0123456789abcdef")
    early = put(GOOD, uuid, "16x")
    found = damage(rehashed(GOOD, 0, early[:0x1000]))
    assert found.detail == "LC_UUID was filled in"


def test_zeros_where_something_was_signed_are_told() -> None:
    found = damage(GOOD[:0x4000] + bytes(0x2000) + GOOD[0x6000:])
    assert (found.cause, found.wrong) == (Cause.ZEROED, (range(4, 6),))


def test_pages_that_were_moved_are_found_again() -> None:
    moved = GOOD[:0x4000] + b"new page".ljust(0x1000, b"!") + GOOD[0x4000 : DATA - 0x1000]
    found = damage(moved + GOOD[DATA:])
    assert (found.cause, found.proven) == (Cause.MOVED, True)
    assert "4096 bytes further on" in found.detail


def test_only_the_places_tell_of_edits_that_cannot_be_undone() -> None:
    head = GOOD.replace(b"/usr/lib/libSystem", b"/opt/lib/libSystem")
    linkedit = put(GOOD, DATA - 0x40, "B", 7)
    both = put(head, DATA - 0x40, "B", 7)
    assert damage(head).cause is Cause.HEAD_EDITED
    assert damage(linkedit).cause is Cause.LINKEDIT_EDITED
    assert damage(both).cause is Cause.EDITED
    assert not any(damage(each).proven for each in (head, linkedit, both))


def test_pages_of_nothing_but_texts_are_told_apart_from_code() -> None:
    data = replace(SIGNED, section="__cstring").build()
    assert damage(put(data, 0x5123, "B", data[0x5123] ^ 1)).cause is Cause.STRINGS_EDITED


def test_a_file_that_is_cut_short_is_told_before_anything_else() -> None:
    whole = Window.over(GOOD)
    thin = parse_slice(memoryview(GOOD))
    code = parse_signature(whole[DATA:]).best.code
    (found,) = examine_pages(Window.over(GOOD[:0x9800]), thin, code, 0, [])
    assert (found.cause, found.proven) == (Cause.CUT_SHORT, True)
    assert found.wrong == (range(9, 15),)


def test_numbers_that_do_not_fit_together_are_left_to_other_rules() -> None:
    assert examine(put(GOOD, DATA + 20 + 28, ">I", 3)) == ()  # nCodeSlots
    assert examine(put(GOOD, DATA + 20 + 39, "B", 15)) == ()  # page size


def test_every_cause_has_its_words() -> None:
    assert set(REASONS) == set(Cause)
    for reason in REASONS.values():
        assert reason.happened.endswith(".")
        assert reason.usually.endswith(".")


@given(at=st.integers(0, len(GOOD) - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found_or_is_of_the_signature(at: int, bit: int) -> None:
    data = put(GOOD, at, "B", GOOD[at] ^ 1 << bit)
    try:
        found = examine(data)
    except (FormatError, AssertionError):
        return
    assert at >= DATA or any(at in place for each in found for place in each.places)
