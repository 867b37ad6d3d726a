"""What a release must look like: profiles, trees and archives, and the checks between them.

``check(stage, load_profile("multiprocess"), target).accepted`` is the whole of it. No module has
the name of a front door, which it would hide as soon as somebody imported it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterproof.judging import check
    from counterproof.profiles.fitting import detect_profile
    from counterproof.profiles.library import load_profile, profile_names
    from counterproof.profiles.placement import placements
    from counterproof.target import Target

__all__ = [
    "Target",
    "check",
    "detect_profile",
    "load_profile",
    "placements",
    "profile_names",
]

_HOMES = {
    "Target": "target",
    "check": "judging",
    "detect_profile": "profiles.fitting",
    "load_profile": "profiles.library",
    "placements": "profiles.placement",
    "profile_names": "profiles.library",
}


def __getattr__(name: str) -> object:
    """Import a front door's module when it is first used, for start-up is part of the speed."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
