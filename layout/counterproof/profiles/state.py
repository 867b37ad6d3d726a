"""How far a tree is signed, or is meant to be: its state."""

from __future__ import annotations

from counterproof.profiles.artifact import Artifact
from counterproof.profiles.found import Found
from counterproof.survey import Survey
from counterproof.target import Form, Platform, Standard, State

__all__ = ["detect_state"]


def detect_state(
    seen: Survey,
    *,
    artifact: Artifact | None,
    platform: Platform,
    form: Form,
    standard: Standard,
) -> Found[State]:
    """Give the state and what shows it.

    A name that says ``unsigned`` is believed, so that a signature is noticed. No other name is:
    ``bitcoin-28.1-arm64-apple-darwin.tar.gz`` held unsigned programs, that of 28.2 signed ones.
    """
    if platform == "linux":
        return Found("unsigned", "nothing is signed for Linux")
    if artifact is not None and artifact.unsigned:
        return Found("unsigned", "its name says so")
    kinds = _kinds(seen)
    if "cms" in kinds:
        return Found("codesigned", "it holds a certificate's signature")
    if "ad-hoc" in kinds:
        return Found("ad-hoc", "it holds ad-hoc signatures")
    if standard == "guix-release" and form != "nsis":
        return Found("codesigned", "a release is, unless its name says unsigned")
    if platform == "windows":
        return Found("unsigned", "it holds no signature")
    return Found("ad-hoc", "macOS runs nothing that is not signed")


def _kinds(seen: Survey) -> set[str | None]:
    """Collect the kinds of all signatures; that of Windows is always made by a certificate."""
    kinds: set[str | None] = {"cms" for sample in seen.files if sample.authenticode}
    for sample in seen.files:
        kinds.update(image.kind for image in (sample.signature.slices if sample.signature else ()))
    return kinds
