"""What the calls of a suite ask for: packages, modules of pkg-config, programs, downloads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from countermark.initial.trace import Call, Place

__all__ = [
    "SEARCHES",
    "Download",
    "PackageRequest",
    "PkgConfigRequest",
    "Search",
    "downloads",
    "package_requests",
    "pkg_config_requests",
    "searches",
]

SEARCHES: Final = ("find_library", "find_path", "find_file", "find_program")
_ORIGINS: Final = ("URL", "URL_HASH", "GIT_REPOSITORY", "GIT_TAG", "SVN_REPOSITORY")
_PKG_CONFIG: Final = ("pkg_check_modules", "pkg_search_module")
_PKG_CONFIG_WORDS: Final = frozenset(
    {"REQUIRED", "QUIET", "NO_CMAKE_PATH", "NO_CMAKE_ENVIRONMENT_PATH", "IMPORTED_TARGET", "GLOBAL"}
)
_PACKAGE_WORDS: Final = frozenset(
    {
        *("EXACT", "QUIET", "MODULE", "CONFIG", "NO_MODULE", "GLOBAL", "REQUIRED", "COMPONENTS"),
        *("OPTIONAL_COMPONENTS", "NO_POLICY_SCOPE", "BYPASS_PROVIDER", "UNWIND_INCLUDE"),
        *("NAMES", "CONFIGS", "HINTS", "PATHS", "PATH_SUFFIXES", "REGISTRY_VIEW"),
    }
)
_LISTS: Final = ("COMPONENTS", "OPTIONAL_COMPONENTS", "REQUIRED")
_SEARCH_WORDS: Final = frozenset(
    {
        *("NAMES", "NAMES_PER_DIR", "HINTS", "PATHS", "PATH_SUFFIXES", "DOC", "REQUIRED", "ENV"),
        *("VALIDATOR", "OPTIONAL", "NO_CACHE", "REGISTRY_VIEW", "CMAKE_FIND_ROOT_PATH_BOTH"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRequest:
    """A ``find_package``."""

    name: str
    version: str
    """The oldest that will do, or a range; empty when any will."""
    required: bool
    config: bool
    """True when only the package's own file will do, and no module of CMake or the suite."""
    components: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PkgConfigRequest:
    """One module that ``pkg-config`` is asked for."""

    module: str
    version: str
    """With its sign: ``>=1.2``."""
    required: bool
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A ``find_program``, ``find_library``, ``find_path`` or ``find_file``."""

    command: str
    variable: str
    names: tuple[str, ...]
    required: bool
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Something that the suite would get from the network."""

    name: str
    what: str
    """Its address, and its tag or digest."""
    place: Place


def package_requests(calls: Iterable[Call]) -> Iterator[PackageRequest]:
    """Yield every package that is looked for, each as often as it is."""
    for call in calls:
        if call.command == "find_package" and call.arguments:
            yield _package(call)


def _package(call: Call) -> PackageRequest:
    name, *words = call.arguments
    version = words[0] if words and words[0][:1].isdigit() else ""
    return PackageRequest(
        name=name,
        version=version,
        required="REQUIRED" in words,
        config=bool({"CONFIG", "NO_MODULE"}.intersection(words)),
        components=tuple(_after(words, _LISTS, _PACKAGE_WORDS)),
        place=call.place,
    )


def pkg_config_requests(calls: Iterable[Call]) -> Iterator[PkgConfigRequest]:
    """Yield every module of pkg-config that is looked for."""
    for call in calls:
        if call.command in _PKG_CONFIG:
            for word in call.arguments[1:]:
                match = re.fullmatch(r"([\w.+-]+)\s*((?:[<>]=?|=)\s*[\w.]+)?", word)
                if match and word not in _PKG_CONFIG_WORDS:
                    yield PkgConfigRequest(
                        module=match[1],
                        version=match[2] or "",
                        required="REQUIRED" in call.arguments,
                        place=call.place,
                    )


def searches(calls: Iterable[Call]) -> Iterator[Search]:
    """Yield every search for a program, a library or a file."""
    for call in calls:
        if call.command in SEARCHES and call.arguments:
            variable, *words = call.arguments
            first = [] if not words or words[0] in _SEARCH_WORDS else _until(words, _SEARCH_WORDS)
            names = (*first, *_after(words, ("NAMES",), _SEARCH_WORDS))
            yield Search(
                command=call.command,
                variable=variable,
                names=tuple(dict.fromkeys(names)),
                required="REQUIRED" in words,
                place=call.place,
            )


def downloads(calls: Iterable[Call]) -> Iterator[Download]:
    """Yield what FetchContent, ExternalProject and ``file(DOWNLOAD)`` would download."""
    for call in calls:
        words = call.arguments
        if call.command in ("fetchcontent_declare", "externalproject_add") and words:
            given = [value for key, value in pairwise(words) if key in _ORIGINS]
            if given:
                yield Download(name=words[0], what=" ".join(given), place=call.place)
        elif call.command == "file" and words[:1] == ("DOWNLOAD",) and len(words) > 1:
            yield Download(name=words[1].rpartition("/")[2], what=words[1], place=call.place)


def _until(words: Iterable[str], ends: frozenset[str]) -> list[str]:
    taken = []
    for word in words:
        if word in ends or word.startswith("NO_"):
            break
        taken.append(word)
    return taken


def _after(words: list[str], keys: tuple[str, ...], ends: frozenset[str]) -> Iterator[str]:
    """Yield the words that follow one of ``keys``, as far as the next of ``ends``."""
    for at, word in enumerate(words):
        if word in keys:
            yield from _until(words[at + 1 :], ends)
