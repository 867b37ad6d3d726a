"""Which profile a set of programs calls for, and which one it comes nearest to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from counterproof.profiles.library import load_profile, profile_names
from counterproof.profiles.placement import listed_program
from counterproof.profiles.profile import Profile
from counterproof.target import Form, Platform, Target

__all__ = ["detect_profile", "fits", "most_specific", "nearest_profile", "objections"]

_FALLBACK = "generic"


def detect_profile(programs: Iterable[str], platform: Platform) -> Profile:
    """Choose the most specific built-in profile that fits the programs present.

    ``programs`` are names of program files, wherever they stand: Bitcoin Core installs
    ``bitcoin-wallet`` to ``bin/``, and only staging moves it to where the profile wants it. On
    Windows a name's ``.exe`` is left out of account. Profiles of a release series are no answer,
    for a stage is not what Guix makes; ``generic`` is the answer when no list fits.
    """
    names = {_program_name(program, platform) for program in programs}
    unreleased = (profile for profile in _listing() if profile.series is None)
    return most_specific(unreleased, names, platform) or load_profile(_FALLBACK)


def most_specific(
    profiles: Iterable[Profile], programs: Collection[str], platform: Platform
) -> Profile | None:
    """Choose among the profiles that fit: None when there is none.

    The one that requires most programs wins, then the one that allows fewest, then the first name.
    """
    fitting = (profile for profile in profiles if fits(profile, programs, platform))
    return min(fitting, key=lambda profile: _rank(profile, platform), default=None)


def fits(profile: Profile, programs: Collection[str], platform: Platform) -> bool:
    """Tell whether every required program is among ``programs``, and no unlisted one."""
    listed = profile.programs_for(platform)
    required = {program.name for program in listed if program.need == "required"}
    allowed = {program.name for program in listed}
    return bool(required) and required <= set(programs) <= allowed


def nearest_profile(
    programs: Collection[PurePosixPath], target: Target, form: Form
) -> tuple[Profile | None, int]:
    """Choose the built-in profile that says least against ``programs`` where they stand.

    Gives it with the number of its objections; None where most of them are unknown to it. Among
    equals the one that requires most wins, then the one that allows fewest, then the newest series.
    """
    profile = min(_listing(), key=lambda each: _rating(each, programs, target, form))
    standing = [path for path in programs if path.parent in profile.homes(form)]
    known = sum(listed_program(profile, path, target, form) is not None for path in standing)
    if 2 * known <= len(standing):
        return None, 0
    return profile, objections(profile, programs, target, form)


def objections(
    profile: Profile, programs: Collection[PurePosixPath], target: Target, form: Form
) -> int:
    """Count the programs that are missing, not listed, or out of place in the eyes of a profile."""
    found = {path: listed_program(profile, path, target, form) for path in programs}
    listed = profile.programs_for(target.platform, form)
    missing = {item for item in listed if item.need == "required"} - set(found.values())
    unlisted = [
        path for path, item in found.items() if not item and path.parent in profile.homes(form)
    ]
    misplaced = [
        path
        for path, item in found.items()
        if item and form != "build" and path != profile.place(item, target, form)
    ]
    return len(missing) + len(unlisted) + len(misplaced)


def _listing() -> list[Profile]:
    """Load the built-in profiles that list something."""
    return [load_profile(name) for name in profile_names() if name != _FALLBACK]


def _rating(
    profile: Profile, programs: Collection[PurePosixPath], target: Target, form: Form
) -> tuple[int, tuple[int, int], int]:
    """Rate a profile: the lowest is the nearest.

    Only install trees and archives show where programs go, and so what sets profiles apart that
    are of no series.
    """
    telling = form in ("install", "archive")
    required, allowed, _ = _rank(profile, target.platform)
    said = objections(profile, programs, target, form)
    return said, (required, allowed) if telling else (0, 0), -int(profile.series or 0)


def _rank(profile: Profile, platform: Platform) -> tuple[int, int, str]:
    listed = profile.programs_for(platform)
    return -sum(program.need == "required" for program in listed), len(listed), profile.name


def _program_name(file_name: str, platform: Platform) -> str:
    return file_name.removesuffix(".exe") if platform == "windows" else file_name
