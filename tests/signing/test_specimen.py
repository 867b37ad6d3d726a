"""Images that are made to measure with."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.macho.slice import parse_slice
from countersign.settings import Settings
from countersign.signer import sign_bytes
from countersign.specimen import SPECIMEN_SIZES, specimen
from countersign.style import Style
from countersign.verifier import verify_image

PAGE = 0x4000


def made(size: int) -> bytes:
    return b"".join(specimen(size))


@settings(deadline=None, max_examples=25)
@given(st.integers(SPECIMEN_SIZES[0], 300_000))
def test_an_image_has_the_wished_size_and_its_segments_fill_it(size: int) -> None:
    data = made(size)
    assert len(data) == size
    image = parse_slice(memoryview(data))
    text, linkedit = image.segment("__TEXT"), image.segment("__LINKEDIT")
    assert text is not None
    assert linkedit is not None
    assert (text.fileoff, text.end, linkedit.end) == (0, linkedit.fileoff, size)
    assert image.signature is None


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("size", [0x8000, 0x8001, 0xC000, 1_000_003])
def test_an_image_breaks_no_rule_before_and_after_it_is_signed(size: int, style: Style) -> None:
    data = made(size)
    (thin,) = verify_image(data, path="made").slices
    assert [finding.rule for finding in thin.findings] == ["A1"]
    verdict = verify_image(sign_bytes(data, "made", Settings(style=style)), path="made")
    assert verdict.accepted
    assert verdict.slices[0].findings == ()


def test_the_same_size_gives_the_same_bytes() -> None:
    assert made(100_000) == made(100_000)


def test_the_code_of_an_image_is_noise() -> None:
    data = made(5_000_000)
    pages = {data[at : at + PAGE] for at in range(0, len(data) // PAGE * PAGE, PAGE)}
    assert len(pages) == len(data) // PAGE


def test_pieces_stay_small_however_large_the_image_is() -> None:
    pieces = specimen(SPECIMEN_SIZES[-1])
    assert max(len(next(pieces)) for _ in range(4)) <= 1 << 20


@pytest.mark.parametrize("size", [-1, 0, SPECIMEN_SIZES[0] - 1, SPECIMEN_SIZES[-1] + 1])
def test_a_size_out_of_reach_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=str(size)):
        next(specimen(size))


def test_lief_reads_an_image() -> None:
    lief = pytest.importorskip("lief")
    binary = lief.MachO.parse(list(made(100_000))).at(0)
    correct, problem = lief.MachO.check_layout(binary)
    assert correct, problem
    assert [segment.name for segment in binary.segments] == ["__PAGEZERO", "__TEXT", "__LINKEDIT"]
    assert not binary.has_code_signature


def test_a_signature_of_the_smallest_pages_fits_behind_the_largest_image() -> None:
    largest = SPECIMEN_SIZES[-1]
    hashes = 32 * -(-largest // 0x1000)
    assert largest + hashes + PAGE < 2**32  # LC_CODE_SIGNATURE counts in 32 bits
