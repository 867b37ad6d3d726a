"""What a tree is meant to be: everything that was not said is found out, and its reason given.

All of it is pure: it looks at a survey, never at a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from counterproof.errors import UndecidedError
from counterproof.profiles.artifact import Artifact, Kind
from counterproof.profiles.fitting import nearest_profile, objections
from counterproof.profiles.form import plain_form, special_form
from counterproof.profiles.found import SAID, Found
from counterproof.profiles.host import detect_host, target_of
from counterproof.profiles.library import load_profile
from counterproof.profiles.profile import Profile
from counterproof.profiles.series import (
    profile_of_version,
    told_series,
    told_version,
)
from counterproof.profiles.state import detect_state
from counterproof.survey import Survey
from counterproof.target import Form, Standard, State, Target

__all__ = ["Asked", "Detected", "detect", "refuse_by_name"]

_NAMED: Final = "its name tells the version"
_FALLBACK: Final = "generic"
_OTHER_KINDS: Final[dict[Kind, str]] = {
    "source": "the source",
    "setup": "the installer for Windows",
    "codesigning": "what a codesigner is given",
    "codesignatures": "detached signatures",
}


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
    host = detect_host(seen, asked.host, artifact, asked.profile)
    target = target_of(host.value, asked.profile)
    special = _special_form(files, asked, built=built)
    profile = _profile(seen, asked, artifact, target, special.value if special else "install")
    form = special or _plain_form(seen, files, profile.value, target)
    _refuse(seen, profile.value, host, form.value)
    standard = _standard(seen, asked, profile, form.value)
    state = detect_state(
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
        state=Found(asked.state, SAID) if asked.state else state,
        standard=standard,
    )


def _special_form(files: list[PurePosixPath], asked: Asked, *, built: bool) -> Found[Form] | None:
    if asked.form:
        return Found(asked.form, SAID)
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
        return Found(asked.profile, SAID)
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
    if profile.hosts and host.value not in profile.hosts and host.reason != SAID:
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
        return Found(asked.standard, SAID)
    if profile.value.series is None:
        return Found("local-build", f"profile {profile.value.name} is of no release series")
    if not seen.archive and form not in ("archive", "nsis"):
        return Found("local-build", "it is not packed")
    if profile.reason not in (SAID, _NAMED):
        return Found("local-build", "nothing says that it is a release")
    return Found("guix-release", f"it is packed, as a release of series {profile.value.series}")
