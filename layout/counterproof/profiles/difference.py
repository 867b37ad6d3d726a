"""What one profile says and another does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from counterproof.profiles.listing import Item, items_for
from counterproof.profiles.profile import Profile
from counterproof.target import PLATFORMS, Platform

__all__ = ["Difference", "differences"]

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that two profiles say differently."""

    platforms: tuple[Platform, ...]
    """Where they do; empty for what is said of no platform, such as the team."""
    what: str
    """A path, or a key of the profile."""
    old: str | None
    """What the first one says; None when it says nothing."""
    new: str | None


def differences(old: Profile, new: Profile) -> tuple[Difference, ...]:
    """Compare all that two profiles demand; names and descriptions do not count.

    What is said of no platform comes first, then the paths, sorted; what differs in the same way
    on several platforms is given once.
    """
    keys = [
        Difference(platforms=(), what=key, old=before, new=after)
        for key, (before, after) in _pairs(_keys(old), _keys(new)).items()
    ]
    found: dict[tuple[str, str | None, str | None], list[Platform]] = {}
    for platform in PLATFORMS:
        pairs = _pairs(_paths(old, platform), _paths(new, platform))
        for path, items in pairs.items():
            found.setdefault((path, *_said(*items)), []).append(platform)
    paths = [
        Difference(platforms=tuple(platforms), what=path, old=before, new=after)
        for (path, before, after), platforms in sorted(found.items(), key=lambda pair: pair[0][0])
    ]
    return (*keys, *paths)


def _pairs(
    old: Mapping[str, Value], new: Mapping[str, Value]
) -> dict[str, tuple[Value | None, Value | None]]:
    """Give what differs, by key: first what the new one kept or lost, then what it gained."""
    return {
        key: (old.get(key), new.get(key))
        for key in (*old, *(key for key in new if key not in old))
        if old.get(key) != new.get(key)
    }


def _keys(profile: Profile) -> dict[str, str]:
    app, wrapper = profile.app, profile.wrapper
    values = {
        "series": profile.series,
        "distribution": profile.distribution,
        "team": profile.team,
        "hardening": profile.hardening,
        "libexec": str(profile.libexec),
        "unlisted": profile.unlisted,
        "app": app.bundle if app else None,
        "identifier": app.identifier if app else None,
        "wrapper": wrapper.program if wrapper else None,
        **{f"host {triple}": "released" for triple in profile.hosts},
    }
    for command in wrapper.commands if wrapper else ():
        both = dict.fromkeys((command.monolithic, command.multiprocess))
        values[f"command {command.name}"] = " or ".join(both)
    return {key: value for key, value in values.items() if value is not None}


def _paths(profile: Profile, platform: Platform) -> dict[str, Item]:
    return {item.path: item for item in items_for(profile, platform)}


def _said(old: Item | None, new: Item | None) -> tuple[str | None, str | None]:
    """Put what is said of a path into words: the need alone where only that differs."""
    if old and new and old._replace(need=new.need) == new:
        return old.need, new.need
    return _text(old), _text(new)


def _text(item: Item | None) -> str | None:
    return f"{item.need} {item.limits}".rstrip() if item else None
