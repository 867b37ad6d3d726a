"""What a Mac reported, as text."""

from __future__ import annotations

from collections.abc import Iterator

from countermark.render.paragraphs import paragraph
from countermark.sightings import ReadReport, Recognized
from countersign.escaping import printable
from countersign.rulebook import RULES
from countersign.sightings.pinpoint import PageState, Spot
from countersign.sightings.sighting import Sighting

__all__ = ["describe_report", "describe_spot"]

_STATES = {
    PageState.GOOD: "is what was signed, in this file: the Mac ran another one, or one that was "
    "written over another whose signature the kernel remembered",
    PageState.CHANGED: "is not what was signed",
    PageState.UNSIGNED: "has no hash that signs it",
    PageState.OUTSIDE: "is not in this file, which is shorter",
}


def describe_report(report: ReadReport) -> str:
    """Return everything that was recognised, and the rules behind it."""
    return "\n".join(_report(report))


def describe_spot(spot: Spot) -> str:
    """Say what is at the place that a report names."""
    text = f"{spot.offset:#x} {_STATES[spot.state]}"
    if spot.page is not None:
        text = f"page {spot.page} of {spot.page_size} bytes, at {text}"
    if spot.arch is not None:
        text = f"{spot.arch}, {text}"
    if spot.holds:
        text += f"; it holds {', '.join(spot.holds)}"
    if spot.symbols:
        text += f" ({', '.join(spot.symbols)}, ...)"
    if spot.other_build:
        text += ". But the report is about another build: it names another LC_UUID"
    return f"{text}."


def _report(report: ReadReport) -> Iterator[str]:
    yield f"{printable(report.name)}: {len(report.recognized)} recognised"
    for recognized in report.recognized:
        yield ""
        yield from _recognized(recognized)


def _recognized(recognized: Recognized) -> Iterator[str]:
    sighting = recognized.sighting
    yield from paragraph("quote", printable(sighting.quote))
    yield from paragraph("printed by", _reporter(sighting))
    yield from paragraph("means", sighting.meaning)
    if sighting.process is not None or sighting.pid is not None:
        pid = "" if sighting.pid is None else f" ({sighting.pid})"
        yield from paragraph("process", f"{printable(sighting.process or '?')}{pid}")
    place = _place(sighting)
    if place:
        yield from paragraph("place", place)
    if recognized.spot is not None:
        yield from paragraph("in the file", describe_spot(recognized.spot))
    yield from _rules(recognized)
    if sighting.advice:
        yield from paragraph("do", sighting.advice)


def _rules(recognized: Recognized) -> Iterator[str]:
    """Tell the most likely rule, and name the others."""
    if not recognized.rules:
        return
    first, *others = (RULES[rule] for rule in recognized.rules)
    confirmed = " The file breaks it." if recognized.confirmed else ""
    yield from paragraph("rule", f"{first.id} {first.name}: {first.demands}{confirmed}")
    if others:
        names = ", ".join(f"{rule.id} {rule.name}" for rule in others)
        yield from paragraph("and" if recognized.confirmed else "or", names)
    if not recognized.sighting.advice:
        yield from paragraph("fix", first.fix)


def _reporter(sighting: Sighting) -> str:
    if sighting.source is None:
        return f"{sighting.reporter} (closed; known from logs that others published)"
    return f"{sighting.reporter} ({sighting.source})"


def _place(sighting: Sighting) -> str:
    words = [printable(sighting.path)] if sighting.path else []
    if sighting.offset is not None:
        words.append(f"at {sighting.offset:#x}")
    if sighting.memory_offset is not None:
        words.append(f"{sighting.memory_offset:#x} bytes behind where it begins in memory")
    elif sighting.address is not None:
        words.append(f"address {sighting.address:#x}")
    return ", ".join(words)
