"""From a version to the profile of its release series."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from counterproof.errors import UnknownVersionError
from counterproof.profiles.library import load_profile, profile_names
from counterproof.profiles.profile import Profile
from counterproof.versions import Version

__all__ = ["profile_of_version", "series_profiles", "told_series", "told_version"]

_COMMIT: Final = re.compile(r"[0-9a-f]{12}")
_NUMBERS: Final = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,4}))?.*", re.DOTALL)
_DEVELOPMENT: Final = 99
"""The minor number of what will be the next series: 31.99 becomes 32."""
_NEVER_RELEASED: Final = range(1, 22)
"""Bitcoin Core went from 0.21 to 22: these are numbers of something else."""


def series_profiles() -> tuple[Profile, ...]:
    """Load the built-in profiles of release series, the oldest first."""
    profiles = [load_profile(name) for name in profile_names() if name.isdecimal()]
    return tuple(sorted(profiles, key=_number))


def profile_of_version(distribution: str, version: str) -> Profile | None:
    """Give the profile of a release; None when its name is none that a series has.

    A commit is one of the newest series. Raises :class:`UnknownVersionError` for a version of
    the distribution which no profile describes: the nearest is proposed, never taken.
    """
    profiles = [each for each in series_profiles() if each.distribution == distribution]
    if not profiles:
        return None
    if _COMMIT.fullmatch(version):
        return profiles[-1]
    series = _series(version)
    if series is None:
        return None
    for profile in profiles:
        if _number(profile) == series:
            return profile
    raise UnknownVersionError(f"{distribution} {version}", _nearest(profiles, series).name)


def told_version(told: Iterable[Iterable[str]]) -> str | None:
    """Give the version that most programs tell; None when none tells one, but perhaps a commit."""
    versions = (Version.parse(text) for texts in told for text in texts)
    numbered = Counter(
        ".".join(map(str, version.numbers)) + version.candidate
        for version in versions
        if version and version.numbers
    )
    return min(numbered, key=lambda text: (-numbered[text], text), default=None)


def told_series(likely: Profile, version: str) -> Profile | None:
    """Give the profile of the series of a version that programs tell.

    Where ``likely``, to which the programs come nearest, is of no series, an unknown version is no
    error, as :func:`profile_of_version` has it: the programs may be of anything.
    """
    try:
        return profile_of_version(likely.distribution or "", version)
    except UnknownVersionError:
        if likely.series is None:
            return None
        raise


def _series(version: str) -> int | None:
    match = _NUMBERS.fullmatch(version)
    if match is None or int(match[1]) in _NEVER_RELEASED:
        return None
    return int(match[1]) + (int(match[2] or 0) == _DEVELOPMENT)


def _nearest(profiles: Sequence[Profile], series: int) -> Profile:
    return min(profiles, key=lambda profile: abs(_number(profile) - series))


def _number(profile: Profile) -> int:
    return int(profile.series or 0)
