"""Well-known suites: what their own release process sets, as data beside this module.

A suite is known by the options that it declares, whatever it and its directory are called, so that
a fork is known, too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from countermark.settings import CMakeValue
from counterproof.target import Platform

__all__ = ["Known", "KnownDependency", "KnownEntry", "KnownTool", "Pinned", "known_suite", "pinned"]

_HERE: Final = Path(__file__).parent
_MOST_BYTES: Final = 1 << 16

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class KnownEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cache entry of a release."""

    name: _Text
    value: CMakeValue
    why: _Text
    platforms: tuple[Platform, ...] = ()
    """Where it is set; everywhere when not given."""


class KnownDependency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A package that a suite needs, under the name that ``countermark.toml`` gives it."""

    name: _Text
    why: _Text
    package: str = ""
    """As ``find_package`` names it; empty when only a tool or another dependency needs it."""
    commands: tuple[_Text, ...] = ()
    """CMake commands that the package brings."""
    pinned: str = ""
    """A file of the suite that tells version, address and digest, in the words of ``depends``."""
    within: str = ""
    """The directory of the suite that is its source."""
    settings: dict[str, Any] = {}
    """What else ``countermark.toml`` says of it."""


class KnownTool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code generator that a suite runs while it is built."""

    name: _Text
    variable: _Text
    dependency: _Text
    why: _Text
    settings: dict[str, Any] = {}
    """What else ``countermark.toml`` says of it."""


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one suite and its forks."""

    schema: Literal["countermark.initial/1"]
    title: _Text
    options: tuple[_Text, ...]
    """Options that all of these suites declare, and no others together."""
    cmake: tuple[KnownEntry, ...] = ()
    dependencies: tuple[KnownDependency, ...] = ()
    tools: tuple[KnownTool, ...] = ()

    def entries(self, platform: Platform, declared: Collection[str]) -> dict[str, CMakeValue]:
        """Return the cache entries for a platform that mean something to the suite."""
        return {
            each.name: each.value
            for each in self.cmake
            if platform in (each.platforms or (platform,))
            if each.name in declared or each.name.startswith("CMAKE_")
        }


class Pinned(msgspec.Struct, frozen=True):
    """What a suite says of a dependency of its own."""

    version: str = ""
    url: str = ""
    sha256: str = ""


def known_suite(options: Collection[str]) -> Known | None:
    """Return what is known of the suite that declares ``options``."""
    for path in sorted(_HERE.glob("*.toml")):
        known = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Known)
        if set(known.options) <= set(options):
            return known
    return None


def pinned(file: Path) -> Pinned:
    """Read version, address and digest from a recipe of Bitcoin Core's ``depends``, as far as told.

    Only plain assignments count, and what they refer to among themselves.
    """
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            text = stream.read(_MOST_BYTES)
    except OSError:
        return Pinned()
    values = {
        name: value.strip()
        for name, value in re.findall(r"(?m)^\$\(package\)_(\w+)\s*:?=(.*)$", text)
    }
    package = re.search(r"(?m)^package\s*:?=\s*(\S+)", text)

    def told(name: str) -> str:
        word = values.get(name, "")
        for _ in range(4):
            word = re.sub(r"\$\(\$\(package\)_(\w+)\)", lambda m: values.get(m[1], ""), word)
            word = word.replace("$(package)", package[1] if package else "")
        return "" if "$" in word else word

    folder, name = told("download_path").rstrip("/"), told("download_file") or told("file_name")
    digest = told("sha256_hash")
    return Pinned(
        version=told("version"),
        url=f"{folder}/{name}" if folder.startswith("https://") and name else "",
        sha256=digest if re.fullmatch(r"[0-9a-f]{64}", digest) else "",
    )
