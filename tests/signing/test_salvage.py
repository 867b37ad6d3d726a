"""What is left of a damaged signature; what is whole reads as it always does."""

from __future__ import annotations

import random
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.errors import FormatError
from countersign.inspection.salvage import salvage
from countersign.signature import parse_signature
from countersign.superblob import SuperBlob
from macho import Macho

SEAL = Macho().sealed(
    hash_types=(1, 2), flags=2, blobs=((2, b"\xfa\xde\x0c\x01" + bytes(3) + b"\x08"),)
)
IMAGE = SEAL.build()
ROOM = memoryview(IMAGE)[IMAGE.index(b"\xfa\xde\x0c\xc0") :]
LENGTH = SuperBlob.parse(ROOM).length


def parses(data: memoryview) -> bool:
    try:
        parse_signature(data)
    except FormatError:
        return False
    return True


def test_a_whole_signature_is_read_as_ever() -> None:
    found, signature = salvage(ROOM), parse_signature(ROOM)
    assert found.problems == ()
    assert found.superblob == signature.superblob
    assert found.directories == signature.directories


def test_every_truncation_is_told_and_what_is_whole_is_kept() -> None:
    blobs = SuperBlob.parse(ROOM).blobs
    for size in range(LENGTH):
        found = salvage(ROOM[:size])
        assert found.problems
        whole = [blob for blob in blobs if blob.offset + len(blob.data) <= size]
        assert list(found.superblob.blobs) == whole, size


@settings(deadline=None, max_examples=400)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_problem_is_told_exactly_when_the_parser_refuses(changes: list[tuple[int, int]]) -> None:
    data = bytearray(ROOM)
    for at, value in changes:
        data[at] = value
    assert (not salvage(memoryview(data)).problems) == parses(memoryview(data))


def test_no_bytes_make_it_raise() -> None:
    chance = random.Random(4)
    for _ in range(2000):
        data = bytearray(ROOM[: chance.randrange(LENGTH)])
        for _ in range(chance.randrange(8)):
            if data:
                data[chance.randrange(min(len(data), 300))] = chance.randrange(256)
        found = salvage(memoryview(bytes(data)))
        assert found.problems or parses(memoryview(data))


def test_a_wrong_count_does_not_hide_the_entries_that_are_there() -> None:
    data = bytearray(ROOM)
    struct.pack_into(">I", data, 8, 0x01000003)
    found = salvage(memoryview(data))
    assert [entry.slot for entry in found.entries] == [0, 2, 0x1000]
    assert [error.rule for error in found.problems] == ["R23", "R23"]
    assert len(found.directories) == 2


def test_a_blob_that_is_cut_short_is_an_entry_without_one() -> None:
    last = SuperBlob.parse(ROOM).blobs[-1]
    found = salvage(ROOM[: last.offset + 20])
    entry = found.entries[-1]
    assert (entry.magic, entry.length, entry.blob) == (0xFADE0C02, len(last.data), None)
    assert [error.rule for error in found.problems] == ["R23", "R24"]
    assert [each.code.hash_type.name for each in found.directories] == ["SHA1"]


def test_a_bare_code_directory_is_shown_for_what_it_is() -> None:
    blob = SuperBlob.parse(ROOM).directories[0]
    found = salvage(memoryview(blob.data))
    assert [error.rule for error in found.problems] == ["R22"]
    assert found.directories[0].cdhash == salvage(ROOM).directories[0].cdhash


def test_many_code_directories_are_not_all_read() -> None:
    directory = bytes(SuperBlob.parse(ROOM).directories[0].data)
    many = SuperBlob.pack([(0, directory)] * 900)
    found = salvage(memoryview(bytes(many)))
    assert len(found.entries) == 900
    assert len(found.directories) == 4
    assert [error.rule for error in found.problems] == ["R29"]


def test_an_entry_that_points_to_nothing_is_shown_and_is_no_problem() -> None:
    image = Macho().sealed(blobs=((0x10000, b"\xfa\xde\x0b\x01" + bytes(3) + b"\x08"),)).build()
    data = bytearray(image[image.index(b"\xfa\xde\x0c\xc0") :])
    struct.pack_into(">I", data, 12 + 8 + 4, 0)
    found = salvage(memoryview(data))
    assert parses(memoryview(data))
    assert found.problems == ()
    assert found.entries[1] == (0x10000, 0, None, None, None)
