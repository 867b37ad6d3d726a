"""Profiles as text: what each lists and demands, and what sets two of them apart."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from countermark.render.table import table
from counterproof.profiles.difference import Difference
from counterproof.profiles.listing import Item, items_for
from counterproof.profiles.profile import Profile
from counterproof.profiles.wrapper import Wrapper
from counterproof.target import PLATFORMS, Form, Platform

__all__ = ["describe_differences", "describe_profile", "describe_profiles"]

_WIDTH: Final = 100
_TREES: Final[dict[Form, str]] = {
    "install": "install trees",
    "build": "build trees",
    "archive": "archives",
}
_USUAL: Final = (("install", "build", "archive"), ("install", "archive"))
"""The forms of what is a program, and of what is none."""
_KEY: Final = (
    "required: always; release: when measured as a release; optional: never; -: not listed"
)


def describe_profiles(profiles: Sequence[Profile]) -> str:
    """Return one line for each profile."""
    width = max(len(profile.name) for profile in profiles)
    return "\n".join(f"{profile.name:{width}}  {profile.title}" for profile in profiles)


def describe_profile(profile: Profile) -> str:
    """Return what the profile says of itself, every path by form and platform, and its wrapper."""
    lines = [f"{profile.name}: {profile.title}", ""]
    lines += [*textwrap.wrap(profile.description, _WIDTH), "", *_facts(profile), ""]
    lines += _trees(profile)
    lines += _other(profile, "darwin", "app", "the application bundle")
    lines += _other(profile, "windows", "nsis", "what the installer for Windows unpacks")
    lines += _wrapper(profile.wrapper) if profile.wrapper else ()
    return "\n".join(lines)


def describe_differences(old: Profile, new: Profile, found: Sequence[Difference]) -> str:
    """Return what sets two profiles apart: ``-`` only in the first, ``+`` only in the second."""
    lines = [f"{old.name} -> {new.name}"]
    ordered = sorted(found, key=lambda each: _rank(each.platforms))
    for platforms, group in groupby(ordered, key=lambda each: each.platforms):
        lines += ["", _platforms(platforms) if platforms else "the profile itself"]
        lines += _changes(list(group))
    return "\n".join(lines if found else [*lines, "", "no difference"])


def _facts(profile: Profile) -> list[str]:
    archives = f"{profile.distribution}-VERSION" if profile.distribution else ""
    app = f"{profile.app.bundle}, {profile.app.identifier}" if profile.app else ""
    facts = (
        ("extends", profile.extends),
        ("series", profile.series),
        ("archives", archives),
        ("hosts", ", ".join(profile.hosts)),
        ("team", profile.team),
        ("app", app),
        ("hardening", profile.hardening),
        ("unlisted", f"{profile.unlisted}: what is not listed below"),
    )
    wrapped = (
        textwrap.wrap(text, _WIDTH, initial_indent=f"{name:10}", subsequent_indent=" " * 10)
        for name, text in facts
        if text
    )
    return [line for lines in wrapped for line in lines]


def _trees(profile: Profile) -> Iterator[str]:
    """Give a table of what install trees, build trees and archives hold."""
    items = {platform: _among(profile, platform, *_TREES) for platform in PLATFORMS}
    rows = []
    for path in dict.fromkeys(path for listed in items.values() for path in listed):
        found = [items[platform].get(path) for platform in PLATFORMS]
        limits = next(item.limits for item in found if item)
        rows.append((path, *(item.need if item else "-" for item in found), limits))
    if rows:
        yield from table(("path", *PLATFORMS, ""), rows).splitlines()
        yield from ("", _KEY)


def _other(profile: Profile, platform: Platform, form: Form, title: str) -> Iterator[str]:
    """Give a table of what trees of another form hold, on the one platform that has them."""
    items = _among(profile, platform, form).values()
    if items:
        rows = [(item.path, item.need, item.limits) for item in items]
        yield from ("", *table((title, "", ""), rows).splitlines())


def _among(profile: Profile, platform: Platform, *forms: Form) -> dict[str, Item]:
    items = (item.among(*forms) for item in items_for(profile, platform))
    return {item.path: item for item in items if item}


def _wrapper(wrapper: Wrapper) -> Iterator[str]:
    rows = [
        (f"{wrapper.program} {command.name}", command.monolithic, command.multiprocess)
        for command in wrapper.commands
    ]
    yield from ("", *table(("command", "starts", "with -m"), rows).splitlines())


def _changes(found: Sequence[Difference]) -> Iterator[str]:
    width = max(len(each.what) for each in found)
    for each in found:
        sign = "+" if each.old is None else "-" if each.new is None else "~"
        said = " -> ".join(text for text in (each.old, each.new) if text is not None)
        yield f"  {sign} {each.what:{width}}  {said}"


def _platforms(platforms: Sequence[Platform]) -> str:
    return "all platforms" if len(platforms) == len(PLATFORMS) else " and ".join(platforms)


def _rank(platforms: Sequence[Platform]) -> tuple[bool, int, list[int]]:
    """Put what is said of no platform first, then what is said of most."""
    return bool(platforms), -len(platforms), [PLATFORMS.index(each) for each in platforms]
