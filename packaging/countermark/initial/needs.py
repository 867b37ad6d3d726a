"""What a suite needs from elsewhere: libraries, and programs that write code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from countermark.initial.answers import Answers
from countermark.initial.probing import Probe
from countermark.initial.requests import (
    PackageRequest,
    PkgConfigRequest,
    Search,
    package_requests,
    pkg_config_requests,
    searches,
)
from countermark.initial.trace import Call, Place
from countermark.initial.tree import Tree
from counterproof.target import Platform

__all__ = ["Generator", "Package", "find_generators", "find_packages"]

_MOST_USERS: Final = 8
_KEYWORDS: Final = frozenset(
    {"PUBLIC", "PRIVATE", "INTERFACE", "LINK_PUBLIC", "LINK_PRIVATE", "LINK_INTERFACE_LIBRARIES"}
)
_TOOL: Final = re.compile(r"COMMAND\s+\"?\$\{(\w+)\}")
_TOOL_NAME: Final = re.compile(r"_(?:EXECUTABLE|PROGRAM|COMPILER|TOOL|BINARY|BIN)$|^[A-Z0-9]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A library, or a set of them, that a suite looks for."""

    name: str
    version: str
    """The oldest that will do; empty when any will."""
    kind: str
    """How it is looked for: ``package file``, ``find module``, ``module of the suite``,
    ``pkg-config`` or ``library``."""
    needed: bool
    """True when CMake does not come to its end without it."""
    called_required: bool
    """True when the suite says so itself."""
    fate: str
    """What became of it: ``found`` without any prefix, ``answered`` for, or ``missing``."""
    components: tuple[str, ...]
    places: tuple[Place, ...]
    """Where it is looked for."""
    users: tuple[str, ...]
    """Targets that link it themselves, with where."""
    platforms: tuple[Platform, ...]
    """Where it is looked for."""
    generates: tuple[str, ...]
    """CMake commands that it must bring, as code generators do: they run on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """A program that the suite's build runs to make sources."""

    name: str
    variable: str
    """The cache entry that names another; empty when there is none."""
    own: bool
    """True when the suite builds it itself: a cross build cannot run it."""
    places: tuple[Place, ...]


def find_packages(
    studied: Mapping[Platform, tuple[Probe, Answers]], suite: Path
) -> tuple[Package, ...]:
    """Return what the suite looks for on any platform, what it needs first, in order of looking."""
    found: dict[str, Package] = {}
    for platform, (probe, answers) in studied.items():
        for package in _packages(probe, answers, platform, suite):
            known = found.get(package.name)
            found[package.name] = _joined(known, package) if known else package
    return tuple(sorted(found.values(), key=lambda each: not each.needed))


def _packages(probe: Probe, answers: Answers, platform: Platform, suite: Path) -> Iterable[Package]:
    requests: dict[str, list[PackageRequest]] = {}
    for request in package_requests(probe.calls):
        requests.setdefault(request.name, []).append(request)
    for name, asked in requests.items():
        required = any(each.required for each in asked)
        fate = probe.packages.get(name, "missing")
        yield Package(
            name=name,
            version=max(each.version for each in asked),
            kind=_kind(asked, suite),
            needed=fate == "answered" or (required and fate != "found"),
            called_required=required,
            fate=fate,
            components=tuple(dict.fromkeys(word for each in asked for word in each.components)),
            places=tuple(sorted({each.place for each in asked})),
            users=_users(name, probe, answers),
            platforms=(platform,),
            generates=tuple(each.name for each in sorted(answers.commands) if each.package == name),
        )
    yield from _modules(probe, answers, platform)
    yield from _libraries(probe, answers, platform)


def _modules(probe: Probe, answers: Answers, platform: Platform) -> Iterable[Package]:
    for each in pkg_config_requests(probe.calls):
        needed = each.module in answers.modules
        package = _of_one_library("pkg-config", each.module, each, needed, platform)
        yield replace(package, version=each.version)


def _libraries(probe: Probe, answers: Answers, platform: Platform) -> Iterable[Package]:
    answered = {each.name for each in answers.variables}
    for each in searches(probe.calls):
        if each.command == "find_library":
            name = each.names[0] if each.names else each.variable
            yield _of_one_library("library", name, each, each.variable in answered, platform)


def _of_one_library(
    kind: str, name: str, request: PkgConfigRequest | Search, needed: bool, platform: Platform
) -> Package:
    return Package(
        name=name,
        version="",
        kind=kind,
        needed=needed,
        called_required=request.required,
        fate="answered" if needed else "missing",
        components=(),
        places=(request.place,),
        users=(),
        platforms=(platform,),
        generates=(),
    )


def _joined(known: Package, other: Package) -> Package:
    return Package(
        name=known.name,
        version=max(known.version, other.version),
        kind=known.kind,
        needed=known.needed or other.needed,
        called_required=known.called_required or other.called_required,
        fate=min(known.fate, other.fate),  # answered, found, missing: by what it needs most
        components=tuple(dict.fromkeys((*known.components, *other.components))),
        places=tuple(sorted({*known.places, *other.places})),
        users=tuple(dict.fromkeys((*known.users, *other.users))),
        platforms=tuple(dict.fromkeys((*known.platforms, *other.platforms))),
        generates=tuple(dict.fromkeys((*known.generates, *other.generates))),
    )


def _kind(asked: list[PackageRequest], suite: Path) -> str:
    if any(each.config for each in asked):
        return "package file"
    own = next(iter(sorted(suite.rglob(f"Find{asked[0].name}.cmake"))), None)
    return "module of the suite" if own else "find module"


def _users(package: str, probe: Probe, answers: Answers) -> tuple[str, ...]:
    """Name the targets that link a package themselves, and where they say so."""
    bound = {each.name for each in answers.targets if each.package == package}
    users: dict[str, str] = {}
    for call in probe.calls:
        if call.command == "target_link_libraries":
            target, *words = call.arguments or ("",)
            if any(_belongs(word, package, bound) for word in words if word not in _KEYWORDS):
                users.setdefault(target, f"{target} ({call.place})")
    return tuple(list(users.values())[:_MOST_USERS])


def _belongs(word: str, package: str, bound: set[str]) -> bool:
    """Tell whether a linked name is one of a package: what it brought, or what begins with it."""
    if word in bound:
        return True
    space, colons, _ = word.lower().partition("::")
    name = package.lower()
    return bool(colons) and (space.startswith(name) or name.startswith(space))


def find_generators(probe: Probe, tree: Tree, suite: Path) -> tuple[Generator, ...]:
    """Return the programs that make sources: those of the suite, and those looked for."""
    aliases = {
        call.arguments[0]: call.arguments[2]
        for call in probe.calls
        if call.command == "add_executable" and call.arguments[1:2] == ("ALIAS",)
        if len(call.arguments) > 2
    }
    own = {each.name for each in tree.targets if each.kind == "EXECUTABLE"}
    looked = {each.variable: each.names for each in searches(probe.calls)}
    found: dict[str, Generator] = {}
    for call in probe.calls:
        if call.command != "add_custom_command" or "OUTPUT" not in call.arguments:
            continue
        for word in _commands(call):
            name = aliases.get(word, word)
            if name in own:
                _note(found, name, _variable(name, probe.calls), call.place, own=True)
        for variable in _TOOL.findall(_text(call.place, suite)):
            if variable in looked:
                _note(found, (looked[variable] or (variable,))[0], variable, call.place, own=False)
    return tuple(found.values())


def _note(
    found: dict[str, Generator], name: str, variable: str, place: Place, *, own: bool
) -> None:
    before = found[name].places if name in found else ()
    found[name] = Generator(
        name=name, variable=variable, own=own, places=tuple(sorted({*before, place}))
    )


def _commands(call: Call) -> Iterable[str]:
    """Yield the program of each COMMAND, a target out of its generator expression."""
    for word, program in zip(call.arguments, call.arguments[1:], strict=False):
        if word == "COMMAND":
            match = re.fullmatch(r"\$<TARGET_FILE:([^>]+)>", program)
            yield match[1] if match else program


def _variable(target: str, calls: Iterable[Call]) -> str:
    """Return the cache entry by which the suite can be given another program for its own."""
    plain = re.sub(r"\W", "_", target).upper()
    for call in calls:
        words = call.arguments
        if call.command == "set" and words[2:4] == ("CACHE", "FILEPATH"):
            name = words[0]
            if name.upper().startswith(plain) and _TOOL_NAME.search(name):
                return name
    return ""


def _text(place: Place, suite: Path) -> str:
    """Return the text of a command of several lines, from its first one on."""
    try:
        lines = (suite / place.file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    text = "\n".join(lines[place.line - 1 : place.line + 40])
    return text.partition("\n)")[0]
