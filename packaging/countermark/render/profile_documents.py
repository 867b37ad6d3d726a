"""The JSON documents of ``layout list``, ``layout show`` and ``layout diff``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from counterproof.profiles.difference import Difference
from counterproof.profiles.listing import Item, items_for
from counterproof.profiles.profile import App, Profile
from counterproof.profiles.wrapper import Wrapper
from counterproof.target import PLATFORMS

__all__ = [
    "DiffDocument",
    "ListDocument",
    "ShowDocument",
    "diff_document",
    "list_document",
    "show_document",
]

_Platform: TypeAlias = Literal["linux", "darwin", "windows"]


class ProfileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One built-in profile."""

    name: str
    title: str
    series: str | None


class ListDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``layout list`` prints."""

    schema: Literal["countermark.layout-list/1"] = "countermark.layout-list/1"
    profiles: tuple[ProfileEntry, ...]


class PathEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A path, or the pattern of several, on one platform; programs stand without ``.exe``."""

    path: str
    platform: _Platform
    need: Literal["required", "release", "optional"]
    forms: tuple[Literal["install", "build", "archive", "app", "nsis"], ...]
    states: tuple[Literal["unsigned", "ad-hoc", "codesigned"], ...]


class AppEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The application bundle."""

    bundle: str
    identifier: str
    program: str


class CommandEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One command of the wrapper, and what it starts."""

    name: str
    monolithic: str
    multiprocess: str


class WrapperEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The wrapper."""

    program: str
    commands: tuple[CommandEntry, ...]


class ShowDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``layout show`` prints."""

    schema: Literal["countermark.layout-show/1"] = "countermark.layout-show/1"
    name: str
    title: str
    description: str
    extends: str | None
    series: str | None
    distribution: str | None
    hosts: tuple[str, ...]
    team: str | None
    hardening: str | None
    libexec: str
    unlisted: Literal["refused", "allowed"]
    app: AppEntry | None
    wrapper: WrapperEntry | None
    paths: tuple[PathEntry, ...]


class DifferenceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that two profiles say differently; null where one says nothing."""

    platforms: tuple[_Platform, ...]
    what: str
    old: str | None
    new: str | None


class DiffDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``layout diff`` prints."""

    schema: Literal["countermark.layout-diff/1"] = "countermark.layout-diff/1"
    old: str
    new: str
    differences: tuple[DifferenceEntry, ...]


def list_document(profiles: Sequence[Profile]) -> ListDocument:
    """Return what ``layout list`` prints."""
    return ListDocument(
        profiles=tuple(
            ProfileEntry(name=each.name, title=each.title, series=each.series) for each in profiles
        )
    )


def show_document(profile: Profile) -> ShowDocument:
    """Return what ``layout show`` prints."""
    return ShowDocument(
        name=profile.name,
        title=profile.title,
        description=profile.description,
        extends=profile.extends,
        series=profile.series,
        distribution=profile.distribution,
        hosts=profile.hosts,
        team=profile.team,
        hardening=profile.hardening,
        libexec=str(profile.libexec),
        unlisted=profile.unlisted,
        app=_app(profile.app) if profile.app else None,
        wrapper=_wrapper(profile.wrapper) if profile.wrapper else None,
        paths=tuple(
            _path(item, platform) for platform in PLATFORMS for item in items_for(profile, platform)
        ),
    )


def diff_document(old: Profile, new: Profile, found: Sequence[Difference]) -> DiffDocument:
    """Return what ``layout diff`` prints."""
    return DiffDocument(
        old=old.name,
        new=new.name,
        differences=tuple(
            DifferenceEntry(platforms=each.platforms, what=each.what, old=each.old, new=each.new)
            for each in found
        ),
    )


def _app(app: App) -> AppEntry:
    return AppEntry(bundle=app.bundle, identifier=app.identifier, program=app.program.name)


def _wrapper(wrapper: Wrapper) -> WrapperEntry:
    return WrapperEntry(
        program=wrapper.program,
        commands=tuple(
            CommandEntry(name=each.name, monolithic=each.monolithic, multiprocess=each.multiprocess)
            for each in wrapper.commands
        ),
    )


def _path(item: Item, platform: _Platform) -> PathEntry:
    return PathEntry(
        path=item.path, platform=platform, need=item.need, forms=item.forms, states=item.states
    )
