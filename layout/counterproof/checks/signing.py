"""Is everything signed as its state wants it? Rules L15 to L20.

Whether a signature is valid is the verifier's to say; its findings are in the verdict too.
"""

from __future__ import annotations

from collections.abc import Iterator

from counterproof.rulebook.layout import (
    FOREIGN_TEAM,
    LINKER_SIGNED,
    NO_AUTHENTICODE,
    NOT_CODESIGNED,
    SIGNED_TOO_EARLY,
    UNSIGNED,
)
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from countersign.findings import Finding, SliceVerdict
from countersign.image import ImageFormat

__all__ = ["check_signed", "check_signed_for_windows"]


def check_signed(subject: Subject) -> Iterator[Located]:
    """Check the kind of every signature for macOS; in a build tree nothing is signed yet."""
    if subject.target.platform != "darwin" or subject.form == "build":
        return
    for sample in subject.survey.files:
        for image in sample.signature.slices if sample.signature else ():
            if finding := _too_early(image) if subject.state == "unsigned" else _unsigned(image):
                yield Located(sample.entry.path, finding)
            elif subject.state == "codesigned":
                for finding in _not_by_team(image, subject.profile.team):
                    yield Located(sample.entry.path, finding)


def check_signed_for_windows(subject: Subject) -> Iterator[Located]:
    """Check that every program for Windows is signed, or none.

    What the installer unpacks is never signed, only the installer itself: it is made before.
    """
    if subject.target.platform != "windows" or subject.form in ("build", "nsis"):
        return
    for sample in subject.survey.files:
        if sample.image is None or sample.image.format is not ImageFormat.PE:
            continue
        if subject.state == "unsigned" and sample.authenticode:
            message = "has an Authenticode signature, expected none yet"
            yield Located(sample.entry.path, breach(SIGNED_TOO_EARLY, message))
        elif subject.state == "codesigned" and not sample.authenticode:
            message = "no Authenticode signature, expected one"
            yield Located(sample.entry.path, breach(NO_AUTHENTICODE, message))


def _too_early(image: SliceVerdict) -> Finding | None:
    if not image.signed:
        return None
    by = "by its linker" if image.kind == "linker" else f"({image.kind})"
    return breach(SIGNED_TOO_EARLY, f"{image.arch}: signed {by}, expected no signature yet")


def _unsigned(image: SliceVerdict) -> Finding | None:
    if not image.signed:
        return breach(UNSIGNED, f"{image.arch}: no signature, expected one")
    if image.kind == "linker":
        message = f"{image.arch}: signed by its linker, expected the release's signature"
        return breach(LINKER_SIGNED, message)
    return None


def _not_by_team(image: SliceVerdict, team: str | None) -> Iterator[Finding]:
    if image.kind != "cms":
        message = f"{image.arch}: signed {image.kind}, expected a certificate's signature"
        yield breach(NOT_CODESIGNED, message)
    elif team is not None and image.team != team:
        found = f"team {image.team}" if image.team else "no team"
        yield breach(FOREIGN_TEAM, f"{image.arch}: signed by {found}, expected team {team}")
