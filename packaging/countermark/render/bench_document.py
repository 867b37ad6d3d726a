"""What ``bench`` measured, as a JSON document."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from countermark.measurement import Measurement, megabytes_per_second, ratio, with_floor
from countermark.render.problem import ProblemEntry, problem_entry
from countersign.escaping import printable

if TYPE_CHECKING:
    from countermark.bench import Benched

__all__ = ["BenchDocument", "bench_document"]


class FigureEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What one contender needed; times in seconds, memory in bytes."""

    name: str
    role: Literal["limit", "sign", "verify"]
    seconds: float
    fastest: float
    slowest: float
    megabytes_per_second: float | None
    ratio: float | None
    """How many times as long as this ``countermark sign`` takes."""
    peak_memory: int | None
    accepted: bool | None
    findings: tuple[str, ...]


class LeftOutEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A contender that failed."""

    name: str
    reason: str


class ImageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One image that was signed and verified."""

    path: str | None
    """None when it was made for the purpose."""
    size: int
    figures: tuple[FigureEntry, ...]
    left_out: tuple[LeftOutEntry, ...]


class BenchDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``bench`` measured."""

    schema: Literal["countermark.bench/1"] = "countermark.bench/1"
    machine: str
    directory: str
    runs: int
    images: tuple[ImageEntry, ...]
    problems: tuple[ProblemEntry, ...]


def bench_document(
    benched: Iterable[Benched],
    problems: Iterable[Exception],
    *,
    machine: str,
    directory: Path,
    runs: int,
) -> BenchDocument:
    """Return what ``bench`` prints."""
    return BenchDocument(
        machine=machine,
        directory=printable(str(directory)),
        runs=runs,
        images=tuple(map(_image, benched)),
        problems=tuple(map(problem_entry, problems)),
    )


def _image(benched: Benched) -> ImageEntry:
    subject = benched.subject
    measurements = with_floor(benched.measurements)
    return ImageEntry(
        path=None if subject.path is None else printable(str(subject.path)),
        size=subject.size,
        figures=tuple(_figure(each, subject.size, measurements) for each in measurements),
        left_out=tuple(
            LeftOutEntry(name=each.name, reason=printable(each.reason)) for each in benched.left_out
        ),
    )


def _figure(
    measurement: Measurement, size: int, measurements: tuple[Measurement, ...]
) -> FigureEntry:
    return FigureEntry(
        name=measurement.name,
        role=measurement.role.value,
        seconds=measurement.seconds,
        fastest=min(measurement.samples),
        slowest=max(measurement.samples),
        megabytes_per_second=megabytes_per_second(measurement, size),
        ratio=ratio(measurement, measurements),
        peak_memory=measurement.peak_memory,
        accepted=measurement.accepted,
        findings=measurement.findings,
    )
