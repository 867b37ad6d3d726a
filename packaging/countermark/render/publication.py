"""Releases as text: what was signed, and what checking one gave."""

from __future__ import annotations

from typing import Final

from countermark.publication.checking import Answer, CheckedRelease
from countermark.publication.signing import SignedRelease
from countermark.render.paragraphs import paragraph
from countermark.render.table import table
from countermark.render.verdict import describe_verdict

__all__ = ["describe_checked_release", "describe_signed_release"]

_MEANING: Final = (
    "Enough of the people whose keys you gave signed for exactly these files, and everything in"
    " them is as a release should be. It does not say that the source is good, nor that the keys"
    " are theirs."
)


def describe_checked_release(checked: CheckedRelease) -> str:
    """Return the findings of all files that have some, then the answers, then the sum."""
    verdict = checked.verdict
    doubtful = verdict._replace(
        files=tuple(
            file
            for file in verdict.files
            if file.findings or any(each.findings for each in file.slices)
        )
    )
    parts = [describe_verdict(doubtful, len(checked.problems)), ""] if doubtful.files else []
    parts += [table(("", "checked", "found"), [_row(each) for each in checked.answers]), ""]
    parts += (
        ["accepted", "", *paragraph("it says", _MEANING, indent=0)]
        if checked.accepted
        else ["REJECTED"]
    )
    return "\n".join(parts)


def _row(answer: Answer) -> tuple[str, ...]:
    return "good" if answer.good else "BAD", answer.question, answer.said


def describe_signed_release(signed: SignedRelease) -> str:
    """Return what was signed by whom, and where the signatures are."""
    return "\n".join(
        [
            f"signed for {signed.files:,} files, all of them as listed, with {signed.fingerprint}",
            *(f"  {path}" for path in signed.written),
        ]
    )
