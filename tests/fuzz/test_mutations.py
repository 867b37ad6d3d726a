"""Whatever bytes a file has: a verdict, soon, and never a better one than macOS gives.

Good files are spoiled at random, and what countermark says of them is held against a second opinion
that shares no code with it. A short run is part of the tests; ``-m fuzz`` makes 100,000 files.
"""

from __future__ import annotations

import contextlib
import os
import random
import struct
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.findings import FileVerdict, Finding, Severity
from countersign.verifier import verify_image
from kit.bases import INTEL, LIBRARY, PROGRAM, both, directories, resealed, signed_with
from kit.entitlements import der, xml
from kit.files.superblob import BLOBS
from kit.image import Image
from kit.signature import DER, ENTITLEMENTS, INFO_PLIST, SHA1, Directory
from mutations import EXTREMES, Mutation, mutate, random_mutations
from oracle import UndecidedError, refusals

PLIST: Final = b"<plist><dict/></plist>"
SHORT: Final = 3000
LONG: Final = 100_000
SECONDS: Final = 1.0
"""Of the processor's time, that one small file may take."""


class Seed(NamedTuple):
    """A good file, and what is where in it."""

    name: str
    data: bytes
    signed: tuple[range, ...]
    """Bytes that the kernel reads and that a page hash covers."""
    hot: tuple[range, ...]
    """Headers and signatures."""
    thin: bool = True
    hints: tuple[range, ...] = ()
    """Bytes that may say one thing or another without a difference to anybody."""

    def same(self, data: bytes) -> bool:
        """Tell whether a file differs from this one in hints alone."""
        out = bytearray(data)
        for hint in self.hints:
            out[hint.start : hint.stop] = self.data[hint.start : hint.stop]
        return bytes(out) == self.data


def named(name: str) -> Seed:
    return next(each for each in SEEDS if each.name == name)


def seed(name: str, image: Image) -> Seed:
    data, limit = image.build(), image.limit
    hot = range(0x300), range(limit, len(data)), range(limit, limit + 200)
    return Seed(name, data, (range(limit),), hot)


def universal_seed() -> Seed:
    data = both()
    slices = [struct.unpack_from(">2I", data, 8 + 20 * index + 8) for index in range(2)]
    signed = tuple(
        range(offset, offset + image.limit)
        for (offset, _), image in zip(slices, (INTEL, PROGRAM), strict=True)
    )
    ends = tuple(
        range(offset + image.limit, offset + size)
        for (offset, size), image in zip(slices, (INTEL, PROGRAM), strict=True)
    )
    alignments = range(24, 28), range(44, 48)  # they may be smaller than they are
    hot = range(48), range(48), *ends
    return Seed("universal", data, signed, hot, thin=False, hints=alignments)


IMAGES: Final = {
    "program": PROGRAM,
    "library": LIBRARY,
    "intel": INTEL,
    "large-pages": signed_with(PROGRAM, page_size=0x4000),
    "two-directories": directories(PROGRAM, Directory(hash_type=SHA1), Directory()),
    "entitled": resealed(PROGRAM, blobs=(*BLOBS, (ENTITLEMENTS, xml({})), (DER, der({})))),
    "hardened": signed_with(PROGRAM, version=0x20600, flags=0x10002, runtime=0x1A0000),
    "roomy": resealed(PROGRAM, spare=64),
    "described": signed_with(replace(PROGRAM, info_plist=PLIST), special={INFO_PLIST: PLIST}),
}
SEEDS: Final = [*(seed(name, image) for name, image in IMAGES.items()), universal_seed()]
THIN: Final = [each for each in SEEDS if each.thin]

FOUND: Final = {
    "a string table that ends past a short file": (
        "hardened",
        [Mutation("number", 364, 0x80000001), Mutation("cut", 4658)],
    ),
    "a limit beyond the file": (
        "hardened",
        [Mutation("number", 156, 6), Mutation("number", 16516, 0x1004040)],
    ),
}
"""What longer runs have found, so that it stays mended."""


def findings(verdict: FileVerdict) -> list[Finding]:
    return [*verdict.findings, *(each for one in verdict.slices for each in one.findings)]


def judge(data: bytes) -> FileVerdict:
    start = time.process_time()
    verdict = verify_image(data, path="mutant")
    assert time.process_time() - start < SECONDS
    for finding in findings(verdict):
        assert finding.offset is None or 0 <= finding.offset <= len(data), finding
    return verdict


def check(good: Seed, mutations: Sequence[Mutation]) -> None:
    """Judge a spoiled file and hold the verdict against what is known otherwise."""
    data = mutate(good.data, mutations)
    verdict = judge(data)
    if not verdict.accepted or good.same(data):
        return
    for span in good.signed:
        was, now = (each[span.start : span.stop] for each in (good.data, data))
        assert was == now, "signed bytes were changed"
    spoken = [each for each in findings(verdict) if each.severity is not Severity.NOTE]
    assert spoken or names(verdict) != names(judge(good.data)), "nobody says that it was changed"
    with contextlib.suppress(UndecidedError):
        assert not (good.thin and refusals(data))


def names(verdict: FileVerdict) -> list[object]:
    """Give what a Mac would know the code by."""
    return [(each.arch, each.cdhash, each.flags) for each in verdict.slices]


def run(count: int, name: int) -> None:
    chance = random.Random(name)
    for _ in range(count):
        good = chance.choice(SEEDS)
        mutations = random_mutations(chance, len(good.data), good.hot)
        try:
            check(good, mutations)
        except BaseException:
            print(f"seed file {good.name!r}: {mutations}")
            raise


@pytest.mark.parametrize("good", SEEDS, ids=lambda each: each.name)
def test_a_good_file_is_good_to_both(good: Seed) -> None:
    assert judge(good.data).accepted
    assert not (good.thin and refusals(good.data))


@pytest.mark.parametrize(("name", "mutations"), FOUND.values(), ids=FOUND)
def test_what_was_found_once_is_not_found_again(name: str, mutations: list[Mutation]) -> None:
    check(named(name), mutations)


def test_no_random_change_passes_unseen() -> None:
    run(SHORT, 1)


@pytest.mark.fuzz
def test_no_random_change_of_many_passes_unseen() -> None:
    run(LONG, int(os.environ.get("COUNTERMARK_FUZZ_SEED", time.time_ns())))


MUTATIONS: Final = st.lists(
    st.builds(
        Mutation,
        st.sampled_from(("flip", "number", "copy", "cut", "append")),
        st.integers(0, 1 << 15),
        st.one_of(st.sampled_from(EXTREMES), st.integers(0, (1 << 32) - 1)),
    ),
    min_size=1,
    max_size=4,
)


@given(st.sampled_from([each.name for each in SEEDS]), MUTATIONS)
@settings(max_examples=300, deadline=None)
def test_no_change_passes_unseen(name: str, mutations: list[Mutation]) -> None:
    check(named(name), mutations)


@pytest.mark.parametrize("good", THIN, ids=lambda each: each.name)
def test_a_file_may_end_at_every_byte_of_its_signature(good: Seed) -> None:
    (signed,) = good.signed
    for end in range(signed.stop, len(good.data)):
        verdict = judge(good.data[:end])
        assert not verdict.accepted or refusals(good.data[:end]) == {}


@pytest.mark.parametrize("good", THIN, ids=lambda each: each.name)
def test_every_number_of_a_signature_may_be_extreme(good: Seed) -> None:
    (signed,) = good.signed
    for at in range(signed.stop, signed.stop + 160, 4):
        for value in EXTREMES:
            check(good, [Mutation("number", at, value)])


@pytest.mark.parametrize("good", THIN, ids=lambda each: each.name)
def test_every_bit_of_a_signature_counts_or_is_reported(good: Seed) -> None:
    (signed,) = good.signed
    for at in range(signed.stop, len(good.data)):
        check(good, [Mutation("flip", at, at)])


@pytest.mark.parametrize("name", ["program", "library"])
def test_every_number_of_the_headers_may_be_extreme_and_signed(name: str) -> None:
    """The signature is good whatever the headers say, so that nothing is refused for it."""
    for at in range(4, 0x2C0, 4):
        for value in EXTREMES[::2]:
            data = IMAGES[name].edited("header", at, "I", value).build()
            if judge(data).accepted:
                assert refusals(data) == {}
