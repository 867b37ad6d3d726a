"""Which profile a set of programs calls for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from counterproof.profiles.library import load_profile, profile_names
from counterproof.profiles.profile import Profile
from counterproof.target import Platform

__all__ = ["detect_profile", "fits", "most_specific"]

_FALLBACK = "generic"


def detect_profile(programs: Iterable[str], platform: Platform) -> Profile:
    """Choose the most specific built-in profile that fits the programs present.

    ``programs`` are names of program files, wherever they stand: Bitcoin Core installs
    ``bitcoin-wallet`` to ``bin/``, and only staging moves it to where the profile wants it. On
    Windows a name's ``.exe`` is left out of account. Profiles of a release series are no answer,
    for a stage is not what Guix makes; ``generic`` is the answer when no list fits.
    """
    names = {_program_name(program, platform) for program in programs}
    profiles = map(load_profile, profile_names())
    listing = [each for each in profiles if each.name != _FALLBACK and each.series is None]
    return most_specific(listing, names, platform) or load_profile(_FALLBACK)


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


def _rank(profile: Profile, platform: Platform) -> tuple[int, int, str]:
    listed = profile.programs_for(platform)
    return -sum(program.need == "required" for program in listed), len(listed), profile.name


def _program_name(file_name: str, platform: Platform) -> str:
    return file_name.removesuffix(".exe") if platform == "windows" else file_name
