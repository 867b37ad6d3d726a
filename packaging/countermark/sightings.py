"""Reports of Macs that a user gives: files, standard input, or the text itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from countermark.errors import WorkError
from countersign.sightings.pinpoint import Spot, find_spot
from countersign.sightings.reader import MAX_REPORT, is_text, read_report
from countersign.sightings.sighting import Sighting
from countersign.source import open_source
from countersign.window import Window

__all__ = ["ReadReport", "Recognized", "is_report", "load_report", "read_reports"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognized:
    """One thing that a Mac reported, held against the user's file where there is one."""

    sighting: Sighting
    rules: tuple[str, ...]
    """Ids of the rules behind it, the most likely first."""
    confirmed: bool = False
    """True when the user's file breaks these rules, and not only may have."""
    spot: Spot | None = None
    """None where the report names no place, or the user no file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """What was recognised in one report."""

    name: str
    recognized: tuple[Recognized, ...]


def is_report(path: Path) -> bool:
    """Tell whether a file is text, and so may be a report. Raises :class:`OSError`."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return is_text(file.read(4096))


def load_report(path: Path) -> bytes:
    """Read as much of a report as is looked at. Raises :class:`OSError`."""
    with path.open("rb") as file:
        return file.read(MAX_REPORT)


def read_reports(
    reports: Iterable[tuple[str, bytes]],
    image: Path | None = None,
    broken: Collection[str] = (),
) -> tuple[tuple[ReadReport, ...], tuple[WorkError, ...]]:
    """Recognise what is in ``reports``, each a name and its bytes; tell also where nothing is.

    ``image`` is the file that they are about, ``broken`` the ids of the rules that it breaks.
    Raises :class:`SigningError` when it cannot be read.
    """
    read, problems = [], []
    for name, data in reports:
        sightings = read_report(data)
        if not sightings:
            problems.append(_nothing(name))
            continue
        spots = _find_spots(sightings, image)
        recognized = tuple(
            _recognized(sighting, spot, broken)
            for sighting, spot in zip(sightings, spots, strict=True)
        )
        read.append(ReadReport(name=name, recognized=recognized))
    return tuple(read), tuple(problems)


def _find_spots(sightings: Sequence[Sighting], image: Path | None) -> list[Spot | None]:
    if image is None:
        return [None] * len(sightings)
    with open_source(image) as source:
        return [find_spot(Window(source), sighting) for sighting in sightings]


def _recognized(sighting: Sighting, spot: Spot | None, broken: Collection[str]) -> Recognized:
    """Leave of the possible rules those that the file breaks, if it breaks any of them."""
    confirmed = tuple(rule for rule in sighting.rules if rule in broken)
    return Recognized(
        sighting=sighting,
        rules=confirmed or sighting.rules,
        confirmed=bool(confirmed),
        spot=spot,
    )


def _nothing(name: str) -> WorkError:
    return WorkError(
        f"{name}: nothing in it is known to come from a Mac that refused code",
        hint="Give a crash report (.ips), lines of the kernel, AMFI or dyld, or what codesign "
        "printed.",
    )
