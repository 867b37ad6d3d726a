from __future__ import annotations

import hashlib

import pytest

from countersign.digest import HashType
from countersign.pagehash import page_count, page_hashes, page_hashes_python

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
    whole = page_hashes([CODE], 4096, HashType.SHA256)
    assert page_hashes([CODE[:cut], CODE[cut:]], 4096, HashType.SHA256) == whole


def test_the_order_of_preference_is_the_kernels() -> None:
    ranked = sorted(HashType, key=lambda each: each.rank)
    assert [each.value for each in ranked] == [1, 3, 2, 4]


def test_a_cdhash_has_forty_digits_whatever_the_algorithm() -> None:
    for hash_type in HashType:
        digest = hashlib.new(hash_type.algorithm, b"directory").hexdigest()
        assert hash_type.cdhash(b"directory") == digest[:40]
