"""AppleDouble files: what macOS makes of them, and whose they are."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.appledouble import AppleDouble, owner_of, parse_apple_double
from delivery import apple_double
from macho import put

PLAIN, FORK, FINDER = (
    apple_double(),
    apple_double(fork=b"icon"),
    apple_double(finder=b"APPLttxt".ljust(32, b"\0")),
)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (PLAIN, AppleDouble(resource_fork=False, finder_info=False)),
        (FORK, AppleDouble(resource_fork=True, finder_info=False)),
        (FINDER, AppleDouble(resource_fork=False, finder_info=True)),
        (apple_double(attributes=b"x" * 500), AppleDouble(resource_fork=False, finder_info=False)),
        (put(PLAIN, 0, ">I", 0x00051600), None),  # AppleSingle
        (put(PLAIN, 4, ">I", 0x00010000), None),
        (put(PLAIN, 24, ">H", 1), None),
        (put(PLAIN, 24, ">H", 3), None),
        (put(PLAIN, 26, ">I", 3), None),
        (put(FORK, 38, ">I", 4), AppleDouble(resource_fork=False, finder_info=False)),
        (put(FINDER, 30, ">I", 0xFFFFFFFF), AppleDouble(resource_fork=False, finder_info=False)),
        (PLAIN[:49], None),
        (b"", None),
        (b"#!/bin/sh\n" * 9, None),
    ],
)
def test_what_macos_makes_of_it(data: bytes, wanted: AppleDouble | None) -> None:
    assert parse_apple_double(data) == wanted


@given(st.binary(max_size=90))
def test_no_bytes_do_harm(data: bytes) -> None:
    parse_apple_double(data)
    parse_apple_double(PLAIN[:26] + data)


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("._a", "a"),
        ("bin/._a", "bin/a"),
        ("bin/._._a", "bin/._a"),
        ("__MACOSX/._a", "a"),
        ("__MACOSX/top/bin/._a", "top/bin/a"),
        ("top/__MACOSX/._a", "top/__MACOSX/a"),
        ("bin/a", None),
        ("bin/._", None),
        ("._bin/a", None),
        ("__MACOSX/a", None),
    ],
)
def test_whose_it_is(path: str, owner: str | None) -> None:
    assert owner_of(PurePosixPath(path)) == (PurePosixPath(owner) if owner else None)
