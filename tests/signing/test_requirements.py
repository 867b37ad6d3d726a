"""The requirements that codesign makes from what a linker of old recorded."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from countersign.requirements.defaults import default_requirements
from countersign.superblob import EMPTY_REQUIREMENTS

ANCHOR = struct.pack(">I", 3)
"""The expression ``anchor apple``."""


def requirement(body: bytes, *, magic: int = 0xFADE0C00, kind: int = 1) -> bytes:
    return struct.pack(">3I", magic, 12 + len(body), kind) + body


def recorded(*requirements: bytes) -> bytes:
    at = 12 + 8 * len(requirements)
    index, blobs = b"", b""
    for number, blob in enumerate(requirements):
        index += struct.pack(">2I", number, at + len(blobs))
        blobs += blob
    head = struct.pack(">3I", 0xFADE0C05, at + len(blobs), len(requirements))
    return head + index + blobs


def expression_of(blob: bytes) -> bytes:
    """Take the one library requirement out of a requirement set."""
    magic, length, count = struct.unpack_from(">3I", blob)
    kind, offset = struct.unpack_from(">2I", blob, 12)
    assert (magic, length, count, kind, offset) == (0xFADE0C01, len(blob), 1, 4, 20)
    magic, length, form = struct.unpack_from(">3I", blob, offset)
    assert (magic, length, form) == (0xFADE0C00, len(blob) - offset, 1)
    return blob[offset + 12 :]


def test_without_a_record_the_set_is_empty() -> None:
    assert default_requirements(None) == EMPTY_REQUIREMENTS
    assert default_requirements(recorded()) == EMPTY_REQUIREMENTS


def test_one_library_is_its_own_requirement() -> None:
    made = default_requirements(recorded(requirement(ANCHOR)))
    assert expression_of(made) == ANCHOR


def test_several_libraries_are_joined_by_or() -> None:
    bodies = [ANCHOR, struct.pack(">I", 0), struct.pack(">I", 1)]
    made = default_requirements(recorded(*map(requirement, bodies)))
    assert expression_of(made) == struct.pack(">2I", 7, 7) + b"".join(bodies)


def test_what_is_no_requirement_is_passed_over() -> None:
    others = [requirement(ANCHOR, magic=0xFADE0B01), requirement(ANCHOR, kind=2)]
    assert default_requirements(recorded(*others)) == EMPTY_REQUIREMENTS
    made = default_requirements(recorded(*others, requirement(ANCHOR)))
    assert expression_of(made) == ANCHOR


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert default_requirements(data) == EMPTY_REQUIREMENTS


def test_every_truncation_is_understood_or_passed_over() -> None:
    whole = recorded(requirement(ANCHOR), requirement(ANCHOR * 3))
    for size in range(len(whole)):
        assert default_requirements(whole[:size]) == EMPTY_REQUIREMENTS


@given(st.integers(0, 59), st.integers(0, 0xFFFFFFFF))
def test_no_number_makes_it_raise(offset: int, value: int) -> None:
    data = bytearray(recorded(requirement(ANCHOR), requirement(ANCHOR)))
    struct.pack_into(">I", data, min(offset, len(data) - 4), value)
    made = default_requirements(bytes(data))
    assert made == EMPTY_REQUIREMENTS or expression_of(made)
