"""Whether an image would be loaded: countermark against a second opinion, header by header.

The images are changed before they are signed, so that no hash stands in the way.
"""

from __future__ import annotations

import os
import random
import struct
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from countersign.findings import Severity
from countersign.verifier import verify_image
from kit.bases import BUNDLE_IMAGE, INTEL, LIBRARY, PROGRAM
from kit.image import Image, Segment
from loading import loaders
from mutations import EXTREMES
from oracle import RefusedError, UndecidedError, read, refusals

DATA: Final = (Segment("__DATA_CONST", b"data", flags=0x10), Segment("__DATA", b"data"))
IMAGES: Final = {
    "program": replace(PROGRAM, segments=DATA),
    "library": replace(LIBRARY, segments=DATA),
    "bundle": BUNDLE_IMAGE,
    "intel": replace(INTEL, segments=DATA),
    "old": replace(PROGRAM, segments=DATA, sdk=(10, 14)),
}
FIRST: Final = 8
"""The magic and the CPU are left alone."""


def end_of_commands(image: Image) -> int:
    data = image.build()
    return 32 + int(struct.unpack_from("<I", data, 20)[0])


def changes(number: int) -> Iterator[int]:
    """Give numbers that are worth trying in the place of another."""
    page = 0x4000
    yield from EXTREMES
    yield from (number + 1, number - 1, number ^ 4, 2 * number, number + page, number - page)


def expected(data: bytes) -> set[str]:
    """Ask the second opinion. Raises :class:`UndecidedError`."""
    found = set(loaders(data))
    try:
        signed = len(read(data).first(0x1D)) >= 16
    except RefusedError as error:
        raise UndecidedError from error
    if not signed:
        raise UndecidedError
    return found | ({"kernel"} & set(refusals(data)))


def check(image: Image) -> bool:
    """Compare who refuses an image; tell whether there was anything to compare."""
    data = image.build()
    verdict = verify_image(data, path="image")
    findings = [each for one in verdict.slices for each in one.findings]
    errors = [each for each in findings if each.severity is Severity.ERROR]
    said = {str(who) for each in errors for who in each.enforced_by} & {"kernel", "dyld"}
    try:
        wanted = expected(data)
    except UndecidedError:
        return False
    if any(each.rule == "F1" for each in errors):
        assert wanted  # where the commands end, the two may see it differently
        return False
    assert said == wanted, f"{image.edits}: {[each.message for each in errors]}, {loaders(data)}"
    return True


@pytest.mark.parametrize("name", IMAGES)
def test_an_untouched_image_is_loaded(name: str) -> None:
    assert check(IMAGES[name])
    assert expected(IMAGES[name].build()) == set()


@pytest.mark.parametrize("name", ["program", "library"])
def test_every_number_of_the_load_commands_is_judged_alike(name: str) -> None:
    image = IMAGES[name]
    data, compared = image.build(), 0
    for at in range(FIRST, end_of_commands(image), 4):
        (number,) = struct.unpack_from("<I", data, at)
        for value in sorted({each & 0xFFFFFFFF for each in changes(number)} - {number})[::4]:
            compared += check(image.edited("header", at, "I", value))
    assert compared > 100


def run(count: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(count):
        image = IMAGES[chance.choice(list(IMAGES))]
        data, end = image.build(), end_of_commands(image)
        for _ in range(chance.choice((1, 1, 2, 3))):
            at = chance.randrange(FIRST, end, 4)
            (number,) = struct.unpack_from("<I", data, at)
            value = chance.choice(list(changes(number))) & 0xFFFFFFFF
            image = image.edited("header", at, "I", value)
        check(image)


def test_random_load_commands_are_judged_alike() -> None:
    run(300, 1)


@pytest.mark.fuzz
def test_many_random_load_commands_are_judged_alike() -> None:
    run(20_000, int(os.environ.get("COUNTERMARK_FUZZ_SEED", time.time_ns())))
