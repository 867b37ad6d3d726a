"""Which host a tree is for: as its name says, or as most of its programs are."""

from __future__ import annotations

from collections import Counter

from counterproof.errors import UndecidedError
from counterproof.profiles.artifact import Artifact
from counterproof.profiles.found import SAID, Found
from counterproof.profiles.profile import Profile
from counterproof.profiles.series import series_profiles
from counterproof.profiles.table import nearest
from counterproof.profiles.triple import target_for
from counterproof.survey import Survey
from counterproof.target import Target

__all__ = ["detect_host", "target_of"]


def detect_host(
    seen: Survey, said: str | None, artifact: Artifact | None, profile: Profile | None
) -> Found[str]:
    """Give the triple: what was said, else what the name says, else what most images are for.

    ``profile`` is the one that was said. Raises :class:`UndecidedError` when nothing tells it.
    """
    if said:
        return Found(said, SAID)
    known = _hosts(profile)
    named = artifact.triple if artifact else None
    named = named or next((triple for triple in known if triple in seen.path.name), None)
    if named:
        return Found(named, "its name says so")
    if triple := _of_most_images(seen, known):
        return Found(triple, "most of its programs are for it")
    raise UndecidedError(
        f"{seen.path}: neither its name nor its programs tell the host",
        f"Give it with --host: {', '.join(known)}.",
    )


def target_of(triple: str, profile: Profile | None) -> Target:
    """Give what images for a host must be; raise :class:`UndecidedError` for no such host."""
    target = target_for(triple)
    if target is None:
        known = _hosts(profile)
        likely = nearest(triple, known)
        raise UndecidedError(
            f"unknown host {triple!r}" + (f"; did you mean {likely!r}?" if likely else ""),
            f"Known hosts: {', '.join(known)}; others are spelled like them.",
        )
    return target


def _hosts(profile: Profile | None) -> tuple[str, ...]:
    """Give the hosts of a profile, or those of the newest series, in their order."""
    return (profile.hosts if profile else ()) or series_profiles()[-1].hosts


def _of_most_images(seen: Survey, known: tuple[str, ...]) -> str | None:
    images = Counter(
        (sample.image.format, sample.image.architectures)
        for sample in seen.files
        if sample.image is not None
    )
    for image, _ in images.most_common():
        for triple in known:
            target = target_for(triple)
            if target and (target.image_format, (target.architecture,)) == image:
                return triple
    return None
