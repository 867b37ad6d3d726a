"""What a tree is meant to be: everything that was not said is found out, and its reason given.

All of it is pure: it looks at a survey, never at a file.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Generic, TypeVar

from counterproof.errors import UndecidedError
from counterproof.profiles.artifact import Artifact, Kind
from counterproof.profiles.fitting import nearest_profile, objections
from counterproof.profiles.form import plain_form, special_form
from counterproof.profiles.library import load_profile
from counterproof.profiles.profile import Profile
from counterproof.profiles.series import (
    profile_of_version,
    series_profiles,
    told_series,
    told_version,
)
from counterproof.profiles.state import detect_state
from counterproof.profiles.table import nearest
from counterproof.profiles.triple import target_for
from counterproof.survey import Survey
from counterproof.target import Form, Standard, State, Target

__all__ = ["Asked", "Detected", "Found", "detect", "refuse_by_name"]

Value = TypeVar("Value")

_SAID: Final = "as asked"
_NAMED: Final = "its name tells the version"
_FALLBACK: Final = "generic"
_OTHER_KINDS: Final[dict[Kind, str]] = {
    "source": "the source",
    "setup": "the installer for Windows",
    "codesigning": "what a codesigner is given",
    "codesignatures": "detached signatures",
}


@dataclass(frozen=True, slots=True)
class Found(Generic[Value]):
    """A value, and in a few words how it was found."""

    value: Value
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user says a tree is; None is to be found out."""

    profile: Profile | None = None
    host: str | None = None
    form: Form | None = None
    state: State | None = None
    standard: Standard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What a tree is measured against."""

    profile: Found[Profile]
    host: Found[str]
    """The triple."""
    target: Target
    form: Found[Form]
    state: Found[State]
    standard: Found[Standard]


def refuse_by_name(name: str, asked: Asked) -> None:
    """Raise :class:`UndecidedError` for a published file that no profile says anything of.

    Whoever says the form of the tree means it.
    """
    artifact = Artifact.parse(name)
    if artifact is None or artifact.kind not in _OTHER_KINDS or asked.form is not None:
        return
    raise UndecidedError(
        f"{name}: by its name this is {_OTHER_KINDS[artifact.kind]}, which no profile describes",
        "Check the archives that users start programs from; --form archive checks it like one.",
    )


def detect(seen: Survey, asked: Asked, *, built: bool = False) -> Detected:
    """Find out what was not asked for; ``built`` is said of a directory that is a build tree.

    Raises :class:`UndecidedError` when the host cannot be found out or is none of the profile's,
    and :class:`UnknownVersionError` when the name tells a version that no profile describes.
    """
    artifact = Artifact.parse(seen.path.name) or Artifact.parse(seen.prefix or "")
    files = [sample.entry.path for sample in seen.files]
    host = _host(seen, asked, artifact)
    target = _target(host.value, asked.profile)
    special = _special_form(files, asked, built=built)
    profile = _profile(seen, asked, artifact, target, special.value if special else "install")
    form = special or _plain_form(seen, files, profile.value, target)
    _refuse(seen, profile.value, host, form.value)
    standard = _standard(seen, asked, profile, form.value)
    state, reason = detect_state(
        seen,
        artifact=artifact,
        platform=target.platform,
        form=form.value,
        standard=standard.value,
    )
    return Detected(
        profile=profile,
        host=host,
        target=target,
        form=form,
        state=Found(asked.state, _SAID) if asked.state else Found(state, reason),
        standard=standard,
    )


def _host(seen: Survey, asked: Asked, artifact: Artifact | None) -> Found[str]:
    """Find the host in what was said, in the name, or in most of the images."""
    if asked.host:
        return Found(asked.host, _SAID)
    known = _hosts(asked.profile)
    named = artifact.triple if artifact else None
    named = named or next((triple for triple in known if triple in seen.path.name), None)
    if named:
        return Found(named, "its name says so")
    images = Counter(
        (sample.image.format, sample.image.architectures)
        for sample in seen.files
        if sample.image is not None
    )
    for image, _ in images.most_common():
        for triple in known:
            target = target_for(triple)
            if target and (target.image_format, (target.architecture,)) == image:
                return Found(triple, "most of its programs are for it")
    raise UndecidedError(
        f"{seen.path}: neither its name nor its programs tell the host",
        f"Give it with --host: {', '.join(known)}.",
    )


def _hosts(profile: Profile | None) -> tuple[str, ...]:
    """Give the hosts of a profile, or those of the newest series, in their order."""
    return (profile.hosts if profile else ()) or series_profiles()[-1].hosts


def _target(triple: str, profile: Profile | None) -> Target:
    target = target_for(triple)
    if target is None:
        known = _hosts(profile)
        likely = nearest(triple, known)
        raise UndecidedError(
            f"unknown host {triple!r}" + (f"; did you mean {likely!r}?" if likely else ""),
            f"Known hosts: {', '.join(known)}; others are spelled like them.",
        )
    return target


def _special_form(files: list[PurePosixPath], asked: Asked, *, built: bool) -> Found[Form] | None:
    if asked.form:
        return Found(asked.form, _SAID)
    if built:
        return Found("build", "it was configured")
    form = special_form(files)
    return Found(form, "its directories show it") if form else None


def _plain_form(
    seen: Survey, files: list[PurePosixPath], profile: Profile, target: Target
) -> Found[Form]:
    if seen.archive:
        return Found("archive", "it is one")
    form = plain_form(files, profile, target.platform)
    if form == "archive":
        return Found(form, "it holds what is not installed")
    return Found(form, "it is a directory")


def _profile(
    seen: Survey, asked: Asked, artifact: Artifact | None, target: Target, form: Form
) -> Found[Profile]:
    if asked.profile:
        return Found(asked.profile, _SAID)
    if artifact is not None:
        series = profile_of_version(artifact.distribution, artifact.version)
        if series is not None:
            return Found(series, _NAMED)
    return _profile_of_programs(seen, target, form)


def _profile_of_programs(seen: Survey, target: Target, form: Form) -> Found[Profile]:
    """Choose by the places of the programs, and among releases by the version that they tell."""
    programs = [sample.entry.path for sample in seen.files if sample.image is not None]
    likely, faults = nearest_profile(programs, target, form)
    if likely is None:
        return Found(load_profile(_FALLBACK), "no profile lists its programs")
    version = told_version(sample.versions for sample in seen.files)
    if version is not None and likely.distribution is not None:
        series = told_series(likely, version)
        if series and (likely.series or objections(series, programs, target, form) <= faults):
            return Found(series, f"its programs tell version {version}")
    return Found(likely, "nearest to its programs" if faults else "its programs show it")


def _refuse(seen: Survey, profile: Profile, host: Found[str], form: Form) -> None:
    """Refuse a host or a form that the profile says nothing of, unless it was asked for."""
    if profile.hosts and host.value not in profile.hosts and host.reason != _SAID:
        raise UndecidedError(
            f"{seen.path}: profile {profile.name} has no host {host.value}",
            f"Its hosts are {', '.join(profile.hosts)}; say --host {host.value} to check it for"
            " that host all the same.",
        )
    if form == "app" and profile.app is None and profile.unlisted == "refused":
        raise UndecidedError(
            f"{seen.path}: profile {profile.name} describes no application bundle",
            "Choose another --profile, or add an [app] to it.",
        )


def _standard(seen: Survey, asked: Asked, profile: Found[Profile], form: Form) -> Found[Standard]:
    """Measure as a release only what is packed, and said or named to be of a release series."""
    if asked.standard:
        return Found(asked.standard, _SAID)
    if profile.value.series is None:
        return Found("local-build", f"profile {profile.value.name} is of no release series")
    if not seen.archive and form not in ("archive", "nsis"):
        return Found("local-build", "it is not packed")
    if profile.reason not in (_SAID, _NAMED):
        return Found("local-build", "nothing says that it is a release")
    return Found("guix-release", f"it is packed, as a release of series {profile.value.series}")
