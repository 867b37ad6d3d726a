"""CMake's File API: what a configured build tree says of itself.

Format: cmake-file-api(7), objects ``codemodel`` version 2, ``toolchains`` version 1 and
``cmakeFiles`` version 1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from countermark.errors import WorkError
from countermark.process import hint_for

__all__ = [
    "BuildModel",
    "Compiler",
    "TargetUse",
    "ask",
    "installed_directories",
    "read_implicit",
    "read_installed",
    "read_model",
    "read_uses",
]

_API: Final = Path(".cmake", "api", "v1")
_CLIENT: Final = "client-countermark"
_INCLUDE: Final = re.compile(r'(?m)^\s*include\("([^"]+)/cmake_install\.cmake"\)')
"""How a directory's script of installation runs that of another."""
_QUERIES: Final = ("codemodel-v2", "toolchains-v1", "cmakeFiles-v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """One language's compiler, a build input."""

    language: str
    id: str
    """CMake's name of its maker: ``GNU``, ``Clang``, ``AppleClang``."""
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildModel:
    """What a release needs to know of a configured suite."""

    components: tuple[str, ...]
    """Install components that have something to install, sorted."""
    absolute: tuple[tuple[str, str], ...]
    """Component and destination of what would be installed outside any prefix, sorted."""
    compilers: tuple[Compiler, ...]
    inputs: tuple[str, ...]
    """Files from outside the suite that shaped the tree: toolchain files and what they include,
    package files, compilers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetUse:
    """What one target of a suite is compiled and linked with."""

    name: str
    flags: tuple[str, ...]
    """Fragments of the command lines of its compilers."""
    includes: tuple[str, ...]
    """Directories of headers."""
    links: tuple[str, ...]
    """Fragments of the command line of its linker: libraries, their directories, flags."""
    sysroots: tuple[str, ...]


def ask(build: Path) -> None:
    """Leave the questions in ``build`` that the next run of CMake there answers."""
    query = build / _API / "query" / _CLIENT
    query.mkdir(parents=True, exist_ok=True)
    for name in _QUERIES:
        (query / name).touch()


def read_model(build: Path, suite: Path) -> BuildModel:
    """Read CMake's answers about ``suite``, which was configured in ``build``.

    Raises :class:`WorkError` when there are none: the suite was not configured, or by something
    else.
    """
    replies = build / _API / "reply"
    try:
        index = _read(max(replies.glob("index-*.json")))
        answers = index["reply"][_CLIENT]
        codemodel, toolchains, files = (
            _read(replies / answers[name]["jsonFile"]) for name in _QUERIES
        )
        configuration = codemodel["configurations"][0]
        installed = set(installed_directories(build, Path(codemodel["paths"]["build"])))
        directories = [
            _read(replies / item["jsonFile"])
            for item in configuration["directories"]
            if item["build"] in installed
        ]
        return BuildModel(
            components=tuple(sorted({each["component"] for each in _installers(directories)})),
            absolute=_absolute(_installers(directories)),
            compilers=_compilers(toolchains["toolchains"]),
            inputs=_inputs(files["inputs"], toolchains["toolchains"], suite),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _no_answers(build, error) from error


def read_uses(build: Path) -> tuple[TargetUse, ...]:
    """Return what is used by the targets that are installed and by those they are made from.

    By all, where none is installed as a target. Raises :class:`WorkError` when CMake left no
    answers.
    """
    replies = build / _API / "reply"
    try:
        index = _read(max(replies.glob("index-*.json")))
        model = _read(replies / index["reply"][_CLIENT][_QUERIES[0]]["jsonFile"])
        targets = {
            target["id"]: target
            for item in model["configurations"][0]["targets"]
            for target in (_read(replies / item["jsonFile"]),)
        }
        return tuple(_use(targets[each]) for each in _reaching(targets))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _no_answers(build, error) from error


def installed_directories(build: Path, top: Path) -> Iterator[str]:
    """Yield the directories, below the build tree, whose installers run when all is installed.

    The File API does not tell those that were added with EXCLUDE_FROM_ALL; CMake's own scripts do,
    for each includes those of its subdirectories.
    """
    left, seen = ["."], set[str]()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        yield name
        script = build / name / "cmake_install.cmake"
        if script.is_file():
            text = script.read_text(encoding="utf-8", errors="replace")
            inner = (Path(each) for each in _INCLUDE.findall(text))
            left += [each.relative_to(top).as_posix() for each in inner if each.is_relative_to(top)]


def read_implicit(build: Path) -> tuple[str, ...]:
    """Return the directories in which compilers look by themselves for headers and libraries.

    Raises :class:`WorkError` when CMake left no answers.
    """
    replies = build / _API / "reply"
    try:
        index = _read(max(replies.glob("index-*.json")))
        answer = _read(replies / index["reply"][_CLIENT][_QUERIES[1]]["jsonFile"])
        found = [each["compiler"].get("implicit", {}) for each in answer["toolchains"]]
        keys = ("includeDirectories", "linkDirectories")
        return tuple(path for each in found for key in keys for path in each.get(key, ()))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _no_answers(build, error) from error


def _reaching(targets: dict[str, dict[str, Any]]) -> list[str]:
    """Sort the targets that a release is made of by their names; walk along what they need."""
    waiting = [name for name, target in targets.items() if "install" in target] or list(targets)
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in targets and name not in reached:
            reached.add(name)
            waiting += [each["id"] for each in targets[name].get("dependencies", ())]
    return sorted(reached)


def _use(target: dict[str, Any]) -> TargetUse:
    groups, link = target.get("compileGroups", ()), target.get("link", {})
    fragments = [each["fragment"] for group in groups for each in _flags(group)]
    includes = [each["path"] for group in groups for each in group.get("includes", ())]
    sysroots = [each["sysroot"]["path"] for each in (*groups, link) if "sysroot" in each]
    return TargetUse(
        name=target["name"],
        flags=tuple(dict.fromkeys(fragments)),
        includes=tuple(dict.fromkeys(includes)),
        links=tuple(each["fragment"] for each in link.get("commandFragments", ())),
        sysroots=tuple(dict.fromkeys(sysroots)),
    )


def _flags(group: dict[str, Any]) -> list[dict[str, str]]:
    fragments: list[dict[str, str]] = group.get("compileCommandFragments", [])
    return fragments


def _no_answers(build: Path, error: Exception) -> WorkError:
    return WorkError(
        f"{build} holds no answers of CMake's File API ({error})",
        hint=hint_for(build, "Delete the directory and run it again."),
    )


def read_installed(build: Path) -> tuple[tuple[str, str], ...]:
    """Return what is installed from a build tree: its path there, and its place below the prefix.

    The tree may have been moved since it was configured. What CMake installs by directories or by
    scripts is left out. Returns nothing when there are no answers to read.
    """
    replies = build / _API / "reply"
    try:
        model = _read(max(replies.glob("codemodel-v2-*.json")))
        top = Path(model["paths"]["build"])
        directories = [
            _read(replies / item["jsonFile"]) for item in model["configurations"][0]["directories"]
        ]
        return tuple(
            _installed(item, installer["destination"], top)
            for installer in _installers(directories)
            if installer["type"] in ("file", "target")
            for item in installer["paths"]
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ()


def _installed(item: str | dict[str, str], destination: str, top: Path) -> tuple[str, str]:
    source, name = (item["from"], item["to"]) if isinstance(item, dict) else (item, item)
    path = Path(source)
    inside = path.relative_to(top) if path.is_relative_to(top) else path
    return inside.as_posix(), f"{destination}/{Path(name).name}"


def _installers(directories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        installer
        for directory in directories
        for installer in directory.get("installers", ())
        if not installer.get("isExcludeFromAll", False)
    ]


def _absolute(installers: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    places = {(each["component"], each.get("destination", "")) for each in installers}
    return tuple(sorted(place for place in places if place[1].startswith("/")))


def _inputs(
    files: list[dict[str, Any]], toolchains: list[dict[str, Any]], suite: Path
) -> tuple[str, ...]:
    """CMake's own files and those of the suite, which are known by other means, are left out."""
    paths = {
        file["path"]
        for file in files
        if file.get("isExternal") and not file.get("isCMake") and not file.get("isGenerated")
    }
    paths |= {each["compiler"]["path"] for each in toolchains if "path" in each["compiler"]}
    return tuple(sorted(path for path in paths if not Path(path).is_relative_to(suite)))


def _compilers(toolchains: list[dict[str, Any]]) -> tuple[Compiler, ...]:
    """Leave out a language that only a part of the suite enabled: CMake tells no more than that."""
    return tuple(
        Compiler(
            language=toolchain["language"],
            id=toolchain["compiler"]["id"],
            version=toolchain["compiler"].get("version", ""),
        )
        for toolchain in toolchains
        if toolchain["compiler"].get("id")
    )


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content
