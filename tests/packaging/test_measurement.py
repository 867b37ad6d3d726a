"""Medians, throughput and ratios."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.contenders import COPY, SIGN, START_UP, VERIFY, Role
from countermark.measurement import (
    FLOOR,
    HASHING,
    Measurement,
    megabytes_per_second,
    ratio,
    with_floor,
)

seconds = st.floats(0.001, 1000)


def took(name: str, *samples: float, role: Role = Role.LIMIT) -> Measurement:
    return Measurement(name=name, role=role, samples=samples)


OURS = took(SIGN, 6.0, role=Role.SIGN)
LIMITS = (took(COPY, 1.0, 3.0, 2.0), took(HASHING, 10.0, 30.0, 20.0), took(START_UP, 0.5, 0.5, 0.5))


def test_the_median_is_not_moved_by_one_slow_run() -> None:
    assert took("x", 1.0, 900.0, 2.0).seconds == 2.0


@given(st.lists(seconds, min_size=1, max_size=9))
def test_the_median_lies_between_fastest_and_slowest(samples: list[float]) -> None:
    assert min(samples) <= took("x", *samples).seconds <= max(samples)


def test_a_megabyte_has_a_million_bytes() -> None:
    assert megabytes_per_second(took("ldid", 2.0), 200_000_000) == 100.0


def test_what_does_not_read_the_image_has_no_throughput() -> None:
    assert megabytes_per_second(took(START_UP, 2.0), 200_000_000) is None


@pytest.mark.parametrize(("other", "expected"), [(3.0, 2.0), (6.0, 1.0), (12.0, 0.5)])
def test_a_ratio_below_one_says_that_countermark_is_faster(other: float, expected: float) -> None:
    assert ratio(took("ldid", other, role=Role.SIGN), (OURS,)) == expected


def test_there_is_no_ratio_to_verifying_or_without_countermark() -> None:
    verifying = took(VERIFY, 1.0, role=Role.VERIFY)
    assert ratio(verifying, (OURS, verifying)) is None
    assert ratio(LIMITS[0], LIMITS) is None


def test_the_floor_is_the_sum_of_the_limits_run_by_run() -> None:
    *limits, floor, ours = with_floor((*LIMITS, OURS))
    assert tuple(limits) == LIMITS
    assert (floor.name, floor.role, floor.samples) == (FLOOR, Role.LIMIT, (11.5, 33.5, 22.5))
    assert ours == OURS


@pytest.mark.parametrize("missing", range(3))
def test_there_is_no_floor_without_all_of_its_limits(missing: int) -> None:
    present = (*LIMITS[:missing], *LIMITS[missing + 1 :], OURS)
    assert with_floor(present) == present
