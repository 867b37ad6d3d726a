from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import versions
from counterproof.versions import Version, versions_in
from countersign.source import BytesSource

FULL = b"v31.99.0-58a7869f860f"


def told(data: bytes) -> tuple[str, ...]:
    return versions_in(BytesSource(data))


def resource(version: str) -> bytes:
    """Make what a PE's version resource has of the product's version."""
    return "ProductVersion\0".encode("utf-16-le") + f"{version}\0".encode("utf-16-le")


def aligned(constant: bytes) -> bytes:
    return b"\x01" * 32 + constant


@pytest.mark.parametrize(
    ("data", "versions"),
    [
        (b"\0v31.0\0", ["v31.0"]),
        (b"\0v31.0.0rc1\0", ["v31.0.0rc1"]),
        (b"\0" + FULL + b"\0", [FULL.decode()]),
        (b"\0" + FULL + b"-dirty\0", [FULL.decode() + "-dirty"]),
        (b"\0v31.99.0-unk\0", ["v31.99.0-unk"]),
        (b"Bitcoin reference node version v1.0.0 bitcoin-node\0", ["v1.0.0"]),
        (b"\0wallet: v1.0.0\nnode: none\0", ["v1.0.0"]),
        (b"\0v31.0\0\0v30.0\0\0v31.0\0", ["v30.0", "v31.0"]),
        (aligned(FULL[:16]) + b"void", ["v31.99.0-58a7869"]),
        (aligned(FULL[:16]) + b"f64", ["v31.99.0-58a7869"]),
        (aligned(FULL[:16]) + b"a7869f860f-dirty", ["v31.99.0-58a7869-dirty"]),
        (resource("31.99.0"), ["31.99.0"]),
        (b"\0" + resource("31.0.0rc1"), ["31.0.0rc1"]),
        # what is no version of a program
        (b"", []),
        (b"v31.0", []),
        (b"\0v31\0", []),
        (b"\0v31.0x\0", []),
        (b"\0since v31.0\0", []),
        (b"\0v0.17.0, and later\0", []),
        (b"\x01" + aligned(FULL[:16]) + b"void", []),
        (aligned(b"v31.99.0-uint32_t") + b"void", []),
    ],
)
def test_what_is_taken_for_a_version(data: bytes, versions: Sequence[str]) -> None:
    assert list(told(data)) == versions


class Store(NamedTuple):
    """An instruction that stores a constant; its displacement stands between the two parts."""

    to: int
    head: bytes
    tail: bytes = b""


def movb(to: int, data: bytes) -> Store:
    return Store(to, b"\xc6\x05", data)


def movw(to: int, data: bytes) -> Store:
    return Store(to, b"\x66\xc7\x05", data)


def movl(to: int, data: bytes) -> Store:
    return Store(to, b"\xc7\x05", data)


def movq(to: int, data: bytes) -> Store:
    return Store(to, b"\x48\xb8" + data + b"\x48\x89\x05")


def assemble(*stores: Store) -> bytes:
    """Write instructions that store to a place far behind them."""
    code = b"\x90" * 7
    for store in stores:
        end = len(code) + len(store.head) + 4 + len(store.tail)
        code += store.head + struct.pack("<i", 65536 + store.to - end) + store.tail
    return code + b"\x90" * 200


STORED = {
    "v31.0": assemble(movl(0, b"v31."), movb(4, b"0"), movb(5, b"\0")),
    "v31.10": assemble(movb(6, b"\0"), movw(4, b"10"), movl(0, b"v31.")),
    "v31.0.1": assemble(movl(0, b"v31."), movl(3, b".0.1"), movb(7, b"\0")),
    "v31.0rc1": assemble(movq(0, b"v31.0rc1"), movb(8, b"\0")),
    "v31.1rc12": assemble(movb(8, b"2"), movq(0, b"v31.1rc1"), movb(9, b"\0")),
}


@pytest.mark.parametrize(("version", "code"), STORED.items(), ids=STORED.keys())
def test_a_version_that_is_only_stored_by_instructions(version: str, code: bytes) -> None:
    assert told(code) == (version,)


@pytest.mark.parametrize(
    "code",
    [
        assemble(movl(0, b"v31."), movb(4, b"0")),  # no end
        assemble(movl(0, b"v31."), movb(5, b"\0")),  # a gap
        assemble(movl(0, b"v31."), movb(40, b"0"), movb(41, b"\0")),  # two texts
        assemble(movl(0, b"v31."), movl(4, b" or\0")),  # another text
        b"\x90v31.\x90",
    ],
)
def test_stores_that_make_no_version(code: bytes) -> None:
    assert told(code) == ()


@pytest.mark.parametrize("data", [b"\0" + FULL + b"\0", aligned(FULL[:16]), *STORED.values()])
def test_no_version_is_lost_where_a_file_is_read_in_pieces(
    monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    expected = told(data)
    assert len(expected) == 1
    monkeypatch.setattr(versions, "_PIECE", 32)
    for shift in range(0, 96, 16):
        assert told(bytes(shift) + data + bytes(shift)) == expected


def test_only_some_of_countless_versions_are_taken() -> None:
    data = b"\0".join(b"\0v%d.%d\0" % (major, minor) for major in range(9) for minor in range(99))
    assert len(told(data)) == 64


@given(st.binary(max_size=400), st.sampled_from([b"", b"\0v31.0\0", *STORED.values()]))
def test_any_bytes_give_versions_that_can_be_read(noise: bytes, known: bytes) -> None:
    for text in told(noise + known + noise):
        Version.parse(text)


def parsed(text: str) -> Version:
    version = Version.parse(text)
    assert version is not None
    return version


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("v31.0", "31.0.0", True),
        ("v31.0", "v31.0.1", False),
        ("v31.0", "v30.0", False),
        ("v31.0rc1", "31.0.0rc1", True),
        ("v31.0rc1", "v31.0", False),
        ("v31.99.0-58a7869f860f", "v31.99.0", True),
        ("v31.99.0-58a7869f860f", "v31.99.0-58a7869", True),
        ("v31.99.0-58a7869f860f", "v31.99.0-58a7869f860f-dirty", True),
        ("v31.99.0-58a7869f860f", "v31.99.0-123456789abc", False),
        ("v31.99.0-58a7869f860f", "58a7869f860f", True),
        ("v31.99.0-58a7869f860f", "123456789abc", False),
        ("v31.99.0-g58a7869f860f", "58a7869f860f", True),
        ("v31.99.0-unk", "v31.99.0", True),
    ],
)
def test_versions_that_may_be_one(one: str, other: str, same: bool) -> None:
    assert parsed(one).agrees(parsed(other)) is same
    assert parsed(other).agrees(parsed(one)) is same


def test_a_changed_source_is_told() -> None:
    assert parsed("v31.99.0-58a7869f860f-dirty").dirty
    assert not parsed("v31.99.0-58a7869f860f").dirty


@pytest.mark.parametrize("text", ["", "v", "31", "v31.", "1.2.3.4.5", "31.0 ", "31.0-"])
def test_what_is_no_version(text: str) -> None:
    assert Version.parse(text) is None
