from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from commands import ROOT
from countersign.digest import HashType
from countersign.pagehash import (
    hash_pages,
    page_count,
    page_hash_implementation,
    page_hashes_python,
)
from kernel import cannot_try

CODE = memoryview(bytes(range(256)) * 160)  # ten pages of 4 KiB


@pytest.mark.parametrize(
    ("size", "pages"), [(0, 0), (1, 1), (4095, 1), (4096, 1), (4097, 2), (8192, 2)]
)
def test_a_short_page_counts(size: int, pages: int) -> None:
    assert page_count(size, 4096) == pages


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 40_959])
@pytest.mark.parametrize("hash_type", HashType)
def test_the_last_page_is_not_padded(size: int, hash_type: HashType) -> None:
    code = bytes(CODE[:size])
    pages = [code[at : at + 4096] for at in range(0, size, 4096)]
    expected = [hashlib.new(hash_type.algorithm, page).digest()[: hash_type.size] for page in pages]
    assert page_hashes_python(memoryview(code), 4096, hash_type) == b"".join(expected)


@pytest.mark.parametrize("cut", [0, 4096, 8192, 40_960])
def test_the_cut_between_pieces_does_not_show(cut: int) -> None:
    whole = hash_pages(CODE, 4096, HashType.SHA256)
    parts = [hash_pages(part, 4096, HashType.SHA256) for part in (CODE[:cut], CODE[cut:])]
    assert b"".join(parts) == whole


@pytest.fixture(params=["kernel", "hashlib"])
def served_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Do each test with the kernel and without it."""
    wanted = str(request.param)
    if wanted == "hashlib":
        monkeypatch.setitem(sys.modules, "countersign._kernel", None)
    elif page_hash_implementation() == "hashlib":
        cannot_try("there is no kernel")
    return wanted


def test_the_implementation_has_a_name(served_by: str) -> None:
    assert (page_hash_implementation() == "hashlib") == (served_by == "hashlib")


@pytest.mark.usefixtures("served_by")
@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 16384, 40_959])
@pytest.mark.parametrize("page_size", [1000, 4096, 16384])
@pytest.mark.parametrize("hash_type", HashType)
def test_the_bytes_are_the_references(size: int, page_size: int, hash_type: HashType) -> None:
    code = CODE[:size]
    wanted = page_hashes_python(code, page_size, hash_type)
    assert len(wanted) == page_count(size, page_size) * hash_type.size
    assert hash_pages(code, page_size, hash_type) == wanted
    assert hash_pages(bytes(code), page_size, hash_type, threads=3) == wanted


@pytest.mark.usefixtures("served_by")
@pytest.mark.parametrize("size", [0, 1, 40_959])
@pytest.mark.parametrize("hash_type", HashType)
def test_a_digest_is_that_of_hashlib(size: int, hash_type: HashType) -> None:
    wanted = hashlib.new(hash_type.algorithm, CODE[:size]).digest()
    assert hash_type.digest(CODE[:size]) == wanted[: hash_type.size]
    assert hash_type.cdhash(bytes(CODE[:size])) == wanted[:20].hex()


@pytest.mark.usefixtures("served_by")
@pytest.mark.parametrize("hash_type", HashType)
@pytest.mark.parametrize(("page_size", "threads"), [(0, 1), (-1, 1), (4096, 0), (4096, -1)])
def test_numbers_that_are_not_positive_are_refused(
    page_size: int, threads: int, hash_type: HashType
) -> None:
    with pytest.raises(ValueError, match="positive"):
        hash_pages(CODE, page_size, hash_type, threads=threads)


def test_the_kernel_is_loaded_when_there_is_something_to_hash() -> None:
    code = (
        "import sys, countersign, countersign.pagehash as pagehash;"
        "from countersign.digest import HashType;"
        "before = 'countersign._kernel' in sys.modules;"
        "pagehash.hash_pages(b'', 4096, HashType.SHA384);"
        "pagehash.hash_pages(b'', 4096, HashType.SHA256);"
        "print(before, pagehash.page_hash_implementation(), 'countersign._kernel' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "signing")}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    before, implementation, after = done.stdout.split()
    assert before == "False"
    assert (after == "True") == (implementation != "hashlib")


def test_the_order_of_preference_is_the_kernels() -> None:
    ranked = sorted(HashType, key=lambda each: each.rank)
    assert [each.value for each in ranked] == [1, 3, 2, 4]


def test_a_cdhash_has_forty_digits_whatever_the_algorithm() -> None:
    for hash_type in HashType:
        digest = hashlib.new(hash_type.algorithm, b"directory").hexdigest()
        assert hash_type.cdhash(b"directory") == digest[:40]
