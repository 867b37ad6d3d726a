"""From the values of a profile's file to the profile, strictly: every key must be known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final, get_args

from counterproof.profiles.pattern import Pattern, plain_path_problem
from counterproof.profiles.profile import (
    App,
    Directory,
    ListedFile,
    Need,
    Profile,
    Program,
    Unlisted,
)
from counterproof.profiles.table import Table, nearest
from counterproof.profiles.triple import target_for
from counterproof.profiles.wrapper import Command, Spawn, Wrapper
from counterproof.target import FORMS, PLATFORMS, STATES, Form

__all__ = ["KEYS", "profile_of"]

KEYS: Final = (
    "schema",
    "name",
    "title",
    "description",
    "extends",
    "series",
    "distribution",
    "hosts",
    "team",
    "hardening",
    "libexec",
    "unlisted",
    "programs",
    "files",
    "app",
    "wrapper",
)
"""Every key at the top of a profile's file."""

_DIRECTORIES: Final[tuple[Directory, ...]] = get_args(Directory)
_UNLISTED: Final[tuple[Unlisted, ...]] = get_args(Unlisted)
_TREES: Final[tuple[Form, ...]] = ("install", "build", "archive")
"""The forms of trees in which a program may stand by its directory."""
_KEPT: Final[tuple[Form, ...]] = ("install", "archive")
"""The forms of trees that hold a file which does not say where it belongs."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_TABLE: Final = re.compile(rf"{_NAME.pattern}|[^\0]+\.toml")
_SERIES: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_TEAM: Final = re.compile(r"[A-Z0-9]{10}")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_BUNDLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]*\.app")


def profile_of(table: Table) -> Profile:
    """Make the profile that ``table`` describes, with what it extends already in it.

    Raises :class:`ProfileError` with the key's path.
    """
    table.allow(*KEYS)
    programs = tuple(_program(name, inner) for name, inner in table.tables("programs"))
    profile = Profile(
        name=_name(table, "name", table.text("name")),
        title=table.text("title"),
        description=" ".join(table.text("description").split()),
        extends=table.optional("extends"),
        series=_matching(table, "series", _SERIES, "a number such as 30"),
        distribution=_matching(table, "distribution", _NAME, "a name such as bitcoin"),
        hosts=_hosts(table),
        team=_matching(table, "team", _TEAM, "ten capital letters and digits"),
        hardening=_matching(table, "hardening", _TABLE, "the name of a table of versions"),
        libexec=_path(table, "libexec", "libexec"),
        unlisted=table.choice("unlisted", _UNLISTED, "refused"),
        programs=programs,
        files=tuple(_listed_file(text, inner, _KEPT) for text, inner in table.tables("files")),
        app=_app(table.inner("app")) if "app" in table.values else None,
        wrapper=_wrapper(table.inner("wrapper"), programs) if "wrapper" in table.values else None,
    )
    if profile.unlisted == "refused" and not profile.programs:
        raise table.error("programs", "is missing, and unlisted files are refused")
    return profile


def _program(name: str, table: Table) -> Program:
    table.allow("directory", "required", "platforms", "forms", "nsis")
    nsis = _path(table, "nsis", None) if "nsis" in table.values else None
    forms = table.some("forms", _TREES)
    return Program(
        name=_name(table, "", name),
        directory=table.choice("directory", _DIRECTORIES),
        need=_need(table),
        platforms=table.some("platforms", PLATFORMS),
        forms=forms if nsis is None else (*forms, "nsis"),
        nsis=nsis,
    )


def _listed_file(text: str, table: Table, forms: tuple[Form, ...]) -> ListedFile:
    table.allow("required", "platforms", "forms", "states", "empty")
    try:
        pattern = Pattern.parse(text)
    except ValueError as error:
        raise table.error("", str(error)) from error
    return ListedFile(
        pattern=pattern,
        need=_need(table),
        platforms=table.some("platforms", PLATFORMS),
        forms=table.some("forms", FORMS, forms),
        states=table.some("states", STATES),
        empty=table.truth("empty", default=False),
    )


def _app(table: Table) -> App:
    table.allow("bundle", "identifier", "program", "files")
    program = Program(
        name=_name(table, "program", table.text("program")),
        directory="bin",
        need="required",
        platforms=("darwin",),
        forms=("app",),
    )
    return App(
        bundle=_matched(table, "bundle", _BUNDLE, "the name of a directory that ends in .app"),
        identifier=_matched(table, "identifier", _IDENTIFIER, "a name such as org.example.Wallet"),
        program=program,
        files=tuple(_app_file(text, inner) for text, inner in table.tables("files")),
    )


def _app_file(text: str, table: Table) -> ListedFile:
    for key in ("platforms", "forms"):
        if key in table.values:
            raise table.error(key, "is not said of the files of an app: it is for macOS alone")
    return _listed_file(text, table, ("app",))


def _wrapper(table: Table, programs: Iterable[Program]) -> Wrapper:
    table.allow("program", "commands", "spawns")
    spawns = table.inner("spawns") if "spawns" in table.values else None
    commands, listed = table.inner("commands"), [program.name for program in programs]
    name = table.text("program")
    if name not in listed:
        problem = f"{name!r} is none of the profile's programs"
        raise table.error("program", problem, nearest=nearest(name, listed))
    return Wrapper(
        program=name,
        commands=tuple(_command(commands, name) for name in commands.values),
        spawns=tuple(_spawn(spawns, name) for name in spawns.values) if spawns else (),
    )


def _spawn(spawns: Table, spawner: str) -> Spawn:
    return Spawn(_name(spawns, spawner, spawner), _name(spawns, spawner, spawns.text(spawner)))


def _command(commands: Table, name: str) -> Command:
    """Read one command: the program that it starts, or one of each kind.

    A wrapper may know programs that a profile does not have: it says that they are not there.
    """
    _name(commands, name, name)
    if isinstance(commands.values[name], str):
        program = _name(commands, name, commands.text(name))
        return Command(name=name, monolithic=program, multiprocess=program)
    table = commands.inner(name)
    table.allow("monolithic", "multiprocess")
    return Command(
        name=name,
        monolithic=_name(table, "monolithic", table.text("monolithic")),
        multiprocess=_name(table, "multiprocess", table.text("multiprocess")),
    )


def _hosts(table: Table) -> tuple[str, ...]:
    hosts = table.texts("hosts")
    for triple in hosts:
        if target_for(triple) is None:
            problem = f"{triple!r} is no host's triple such as x86_64-linux-gnu"
            raise table.error("hosts", problem)
    return hosts


def _need(table: Table) -> Need:
    if table.values.get("required") == "release":
        return "release"
    return "required" if table.truth("required", default=False, other="release") else "optional"


def _name(table: Table, key: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise table.error(key, f"{name!r} is not a name: use letters, digits and . _ + -")
    if name.endswith(".exe"):
        raise table.error(key, "programs are named without .exe; Windows adds it")
    return name


def _matching(table: Table, key: str, pattern: re.Pattern[str], meant: str) -> str | None:
    return _matched(table, key, pattern, meant) if key in table.values else None


def _matched(table: Table, key: str, pattern: re.Pattern[str], meant: str) -> str:
    text = table.text(key)
    if not pattern.fullmatch(text):
        raise table.error(key, f"{text!r} is not {meant}")
    return text


def _path(table: Table, key: str, default: str | None) -> PurePosixPath:
    text = table.text(key, default)
    problem = plain_path_problem(text) if text != "." else None
    if problem or "*" in text:
        raise table.error(key, problem or "must be one path, without '*'")
    return PurePosixPath(text)
