"""What a configured build tree makes and installs: CMake's File API, read for a first look.

Format: cmake-file-api(7), object ``codemodel`` version 2; CMakeCache.txt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from countermark.file_api import installed_directories

__all__ = ["Installed", "Target", "Tree", "read_cache", "read_tree"]

_REPLY: Final = Path(".cmake", "api", "v1", "reply")
_ENTRY: Final = re.compile(r"([^\s:=#/][^:=]*):([A-Z]+)=(.*)")
_FRAMEWORK: Final = re.compile(r"-framework\s+\"?(\w+)|/?(\w+)\.framework")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A program or a library of the suite."""

    name: str
    kind: str
    """``EXECUTABLE``, ``STATIC_LIBRARY``, ..."""
    file: str
    """The name of what is built; empty when it is only a name."""
    frameworks: tuple[str, ...]
    """Of Apple's, that it is linked with."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Installed:
    """One thing that is installed."""

    component: str
    path: str
    """From the prefix, or an absolute one; a directory that is installed whole ends in a slash."""
    program: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What a suite is for one host."""

    targets: tuple[Target, ...] = ()
    installed: tuple[Installed, ...] = ()
    scripted: tuple[str, ...] = ()
    """Components that are installed by a script, which tells nothing before it runs."""

    @property
    def programs(self) -> tuple[PurePosixPath, ...]:
        """The programs where they are installed, without any ``.exe``."""
        return tuple(
            PurePosixPath(each.path.removesuffix(".exe")) for each in self.installed if each.program
        )


def read_tree(build: Path) -> Tree:
    """Read what CMake answered about ``build``; nothing, when it did not come to its end."""
    replies = build / _REPLY
    try:
        model = _read(max(replies.glob("codemodel-v2-*.json")))
        configuration = model["configurations"][0]
        described = [_read(replies / each["jsonFile"]) for each in configuration["targets"]]
        installed = set(installed_directories(build, Path(model["paths"]["build"])))
        installers = [
            installer
            for directory in configuration["directories"]
            if directory["build"] in installed
            for installer in _read(replies / directory["jsonFile"]).get("installers", ())
            if not installer.get("isExcludeFromAll", False)
        ]
        programs = {each["id"] for each in described if each["type"] == "EXECUTABLE"}
        return Tree(
            targets=tuple(sorted(map(_target, described), key=lambda target: target.name)),
            installed=tuple(
                sorted({each for item in installers for each in _installed(item, programs)})
            ),
            scripted=tuple(
                sorted({each["component"] for each in installers if each["type"] in _SCRIPTS})
            ),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return Tree()


def read_cache(build: Path) -> dict[str, str]:
    """Return the entries of a build tree's cache by name; none when there is no cache."""
    try:
        text = (build / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return {match[1]: match[3] for match in map(_ENTRY.fullmatch, text.splitlines()) if match}


_SCRIPTS: Final = ("script", "code")


def _target(described: dict[str, Any]) -> Target:
    fragments = described.get("link", {}).get("commandFragments", ())
    text = " ".join(each["fragment"] for each in fragments)
    frameworks = {name for pair in _FRAMEWORK.findall(text) for name in pair if name}
    return Target(
        name=described["name"],
        kind=described["type"],
        file=described.get("nameOnDisk", ""),
        frameworks=tuple(sorted(frameworks)),
    )


def _installed(installer: dict[str, Any], programs: set[str]) -> Iterator[Installed]:
    """Yield what an installer installs; a library's name for the linker is one of it, too."""
    place = installer.get("destination", "")
    for item in installer.get("paths", ()):
        name = item["to"] if isinstance(item, dict) else item
        if installer["type"] == "directory" and isinstance(item, str):
            name = f"{Path(item).name}/"
        elif not isinstance(item, dict):
            name = Path(item).name
        yield Installed(
            component=installer["component"],
            path=f"{place}/{name}".removeprefix("./"),
            program=installer["type"] == "target" and installer.get("targetId") in programs,
        )
    if installer["type"] == "export":
        yield Installed(
            component=installer["component"],
            path=f"{place}/{installer['exportName']}.cmake",
            program=False,
        )


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content
