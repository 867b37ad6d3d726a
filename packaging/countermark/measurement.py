"""Figures: what was measured, and what follows from it by arithmetic alone.

A megabyte has 1,000,000 bytes. Of several runs the median counts.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from countermark.contenders import COPY, SIGN, START_UP, Role

__all__ = ["FLOOR", "HASHING", "Measurement", "megabytes_per_second", "ratio", "with_floor"]

HASHING: Final = "page hashing"
FLOOR: Final = "these three"
"""The name of the sum of the limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one contender needed for one image."""

    name: str
    role: Role
    samples: tuple[float, ...]
    """Seconds of each run, by the wall clock; never empty."""
    peak_memory: int | None = None
    """Bytes of anonymous memory at most; None when it is not known."""
    accepted: bool | None = None
    """Whether the verifier accepts what it wrote, each time; None when it writes no signature."""
    findings: tuple[str, ...] = ()
    """The ids of the rules that what it wrote breaks."""

    @property
    def seconds(self) -> float:
        """The median of the runs."""
        return statistics.median(self.samples)


def with_floor(measurements: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """Add, behind the limits, their sum: what signing cannot be faster than without doing less.

    The runs are added one by one, as they were made side by side. Nothing is added when a limit
    is missing.
    """
    known = {each.name: each for each in measurements}
    limits = [known[name] for name in (COPY, HASHING, START_UP) if name in known]
    if len(limits) < 3:
        return tuple(known.values())
    samples = tuple(map(sum, zip(*(each.samples for each in limits), strict=True)))
    rest = [each for each in known.values() if each not in limits]
    return (*limits, Measurement(name=FLOOR, role=Role.LIMIT, samples=samples), *rest)


def megabytes_per_second(measurement: Measurement, size: int) -> float | None:
    """Return the throughput for an image of ``size`` bytes; None for what does not read it."""
    if measurement.name == START_UP:
        return None
    return size / 1e6 / measurement.seconds


def ratio(measurement: Measurement, measurements: Sequence[Measurement]) -> float | None:
    """Return how many times as long as this one ``countermark sign`` takes.

    None for what does something else, and when countermark was not measured.
    """
    ours = next((each.seconds for each in measurements if each.name == SIGN), None)
    if ours is None or measurement.role is Role.VERIFY:
        return None
    return ours / measurement.seconds
