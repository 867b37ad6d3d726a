"""The story of a file as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from countermark.render.glossary import describe_enforcers, describe_error, describe_symptoms
from countermark.render.paragraphs import paragraph
from countersign.diagnosis.story import FileStory, FindingStory, Mending, Place, SliceStory
from countersign.escaping import printable
from countersign.findings import Severity
from countersign.symptoms import Subject, symptoms

__all__ = ["describe_story"]


def describe_story(story: FileStory) -> str:
    """Return what is known of a file: what is wrong, where, by what, and what mends it."""
    return "\n".join(_file(story))


def _file(story: FileStory) -> Iterator[str]:
    verdict = story.verdict
    name = f"{verdict.path}: {verdict.member}" if verdict.member else verdict.path
    yield f"{printable(name)}: {'accepted' if verdict.accepted else 'REJECTED'}"
    program = printable(PurePath(verdict.member or verdict.path).name)
    for told in story.findings:
        yield from _finding(told, program, Subject.ANY, arm64=None)
    for part in story.slices:
        yield from _slice(part, program)
    yield ""
    yield from _good(story) if story.mending is None else _mending(story.mending)


def _slice(part: SliceStory, program: str) -> Iterator[str]:
    verdict = part.verdict
    yield ""
    if verdict.identifier is not None:
        yield f"  {verdict.arch}: {verdict.kind}, {verdict.identifier}, cdhash {verdict.cdhash}"
    else:
        yield f"  {verdict.arch}: {'signed, unreadably' if verdict.signed else 'unsigned'}"
    for label, text in (
        ("linked by", part.linked_by),
        ("built for", part.built_for),
        ("signed by", part.signed_by),
        ("runs on", part.runs_on if verdict.accepted else None),
    ):
        if text is not None:
            yield from paragraph(label, text, indent=4)
    for told in part.findings:
        yield from _finding(told, program, part.subject, arm64=part.arm64)


def _finding(
    told: FindingStory, program: str, subject: Subject, *, arm64: bool | None
) -> Iterator[str]:
    finding = told.finding
    yield ""
    yield from _wrapped(
        f"{finding.severity} {finding.rule} {finding.name}: {printable(finding.message)}"
    )
    for place in told.places:
        yield from paragraph("where", _place(place), indent=4)
    if told.places_left_out:
        yield from paragraph("", f"and {told.places_left_out} more places", indent=4)
    if told.happened:
        certainty = "proven" if told.proven else "likely"
        yield from paragraph(certainty, told.happened, indent=4)
    yield from paragraph("usually", told.usually, indent=4)
    yield from paragraph("refused by", describe_enforcers(finding.enforced_by), indent=4)
    if finding.severity is not Severity.ERROR:
        return
    if finding.apple:
        yield from paragraph("Apple", describe_error(finding.apple), indent=4)
    seen = symptoms(finding.rule, finding.enforced_by, name=program, subject=subject, arm64=arm64)
    yield from describe_symptoms(seen, indent=4)


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(text, 100, initial_indent="  ", subsequent_indent="    ", break_long_words=False)


def _place(place: Place) -> str:
    text = f"{place.offset:#x}"
    if place.size > 1:
        text += f"-{place.offset + place.size:#x}"
    if place.pages is not None:
        first, last = place.pages
        text += f", page {first}" if first == last else f", pages {first}-{last}"
    if place.holds:
        text += f": {', '.join(place.holds)}"
    if place.symbols:
        text += f" ({', '.join(place.symbols)}, ...)"
    return text


def _mending(mending: Mending) -> Iterator[str]:
    if mending.command is None:
        yield from paragraph("mend", mending.advice)
        return
    tried = "  (tried: the result is accepted)" if mending.tried else ""
    yield f"  {'mend':11} {printable(mending.command)}{tried}"
    if mending.advice:
        yield from paragraph("", mending.advice)


def _good(story: FileStory) -> Iterator[str]:
    """Say what can still go wrong with a file that is good."""
    kinds = {part.verdict.kind for part in story.slices}
    if "cms" not in kinds:
        yield from paragraph(
            "download",
            "It is signed by nobody that Apple knows: Gatekeeper stops it when a browser has "
            "downloaded it, until the user allows it or removes com.apple.quarantine.",
        )
    yield from paragraph(
        "killed?",
        "If a Mac kills it all the same, it was written over another file there, whose signature "
        "the kernel remembers: copy it to a new file.",
    )
