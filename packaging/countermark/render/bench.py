"""What ``bench`` measured, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from countermark.bench import Benched
from countermark.measurement import Measurement, megabytes_per_second, ratio, with_floor
from countermark.render.table import table
from countersign.escaping import printable

__all__ = ["describe_bench"]

_COLUMNS: Final = ("what", "seconds", "MB/s", "ratio", "memory", "verdict")
_LEGEND: Final = (
    "ratio: the time of countermark sign divided by that of this line\n"
    "memory: anonymous memory at most, in MiB"
)


def describe_bench(benched: Sequence[Benched], *, machine: str, runs: int) -> str:
    """Return a table for every image; medians, with what they mean at the end."""
    parts = [f"{machine}; medians of {runs} interleaved runs"]
    for each in benched:
        parts += ["", *_image(each)]
    return "\n".join([*parts, "", _LEGEND])


def _image(benched: Benched) -> list[str]:
    subject = benched.subject
    measurements = with_floor(benched.measurements)
    rows = [_row(each, subject.size, measurements) for each in measurements]
    return [
        f"{printable(subject.name)}, {subject.size:,} bytes",
        table(_COLUMNS, rows, right=_COLUMNS[1:-1]),
        *(f"left out: {each.name}: {printable(each.reason)}" for each in benched.left_out),
    ]


def _row(
    measurement: Measurement, size: int, measurements: Sequence[Measurement]
) -> tuple[str, ...]:
    memory = measurement.peak_memory
    return (
        measurement.name,
        f"{measurement.seconds:.3f}",
        _number(megabytes_per_second(measurement, size), ",.0f"),
        _number(ratio(measurement, measurements), ".2f"),
        _number(None if memory is None else memory / 2**20, ",.1f"),
        _verdict(measurement),
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _verdict(measurement: Measurement) -> str:
    if measurement.accepted is None:
        return ""
    return " ".join(("accepted" if measurement.accepted else "REJECTED", *measurement.findings))
