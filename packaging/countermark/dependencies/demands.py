"""Whether what a configuration says of dependencies and tools makes sense, before any work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from countermark.dependencies.order import in_order
from countermark.errors import ConfigurationError, nearest
from countermark.hosts import find_host
from countermark.settings import DependencySettings, ToolSettings

__all__ = ["check_dependencies", "check_tools"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_TARGET: Final = re.compile(r"[A-Za-z0-9_.+-]+(::[A-Za-z0-9_.+-]+)?")
_DEFINITION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(=[^;\\]*)?")
_PATH: Final = re.compile(r"[A-Za-z0-9_.+@ ,~-]+(/[A-Za-z0-9_.+@ ,~-]+)*")

_NEEDED: Final = {
    "cmake": (),
    "headers": ("headers",),
    "c": ("sources", "headers", "library"),
    "commands": ("commands",),
}
"""The keys without which a recipe is none."""
_TAKEN: Final = {
    "cmake": ("cmake", "directory"),
    "headers": ("headers", "package", "targets"),
    "c": ("sources", "headers", "definitions", "library", "package", "targets"),
    "commands": ("commands",),
}
"""The keys that mean something to a recipe."""
_ANY: Final = tuple(dict.fromkeys(key for keys in _TAKEN.values() for key in keys))

_SHAPES: Final = {
    "directory": (_PATH, "a path below the source"),
    "headers": (_PATH, "a path below the source"),
    "sources": (_PATH, "a path below the source"),
    "definitions": (_DEFINITION, "NAME or NAME=VALUE"),
    "targets": (_TARGET, "the name of a CMake target"),
}


def check_dependencies(dependencies: tuple[DependencySettings, ...]) -> None:
    """Raise :class:`ConfigurationError` for the first thing that does not make sense.

    That is a name that is none or is given twice, an unknown host or recipe's key, a dependency on
    what is not there, and a circle of them.
    """
    names: set[str] = set()
    for each in dependencies:
        if not _NAME.fullmatch(each.name):
            raise ConfigurationError(
                f"dependency '{each.name}': that is no name for a directory",
                hint="Use letters, digits and ._+- only.",
            )
        if each.name in names:
            raise ConfigurationError(
                f"there are two dependencies '{each.name}'",
                hint="Two versions of one library cannot be in one program; take one out.",
            )
        names.add(each.name)
        for triple in each.hosts or ():
            _known_host(each, triple)
        for problem, fix in _problems(each):
            raise ConfigurationError(f"dependency '{each.name}': {problem}", hint=fix)
    in_order(dependencies)
    _check_reach(dependencies)


def check_tools(
    tools: Mapping[str, ToolSettings], dependencies: Iterable[DependencySettings]
) -> None:
    """Raise :class:`ConfigurationError` for a tool that names a dependency which cannot bring it.

    Only one that is built for this machine can.
    """
    known = {each.name: each for each in dependencies}
    for name, tool in tools.items():
        if tool.dependency is None:
            continue
        if tool.dependency not in known:
            raise ConfigurationError(
                f"tool '{name}': there is no dependency '{tool.dependency}'"
                f"{nearest(tool.dependency, known)}",
                hint=f"Dependencies: {', '.join(known) or 'none'}.",
            )
        if not known[tool.dependency].native:
            raise ConfigurationError(
                f"tool '{name}': its dependency '{tool.dependency}' is not built for this machine",
                hint=f"Say native = true for {tool.dependency}.",
            )


def _known_host(dependency: DependencySettings, triple: str) -> None:
    try:
        find_host(triple)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"dependency '{dependency.name}': {error}", hint=error.hint
        ) from error


def _problems(each: DependencySettings) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the keys of one, and what to do about it."""
    yield from _odd_keys(each)
    yield from _odd_words(each)
    if each.targets and not each.package:
        yield "targets belong to a package", "Give package, the name find_package knows it by."


def _odd_keys(each: DependencySettings) -> Iterator[tuple[str, str]]:
    for key in _ANY:
        given = bool(getattr(each, key))
        if given and key not in _TAKEN[each.recipe]:
            yield f"'{key}' means nothing to the recipe '{each.recipe}'", f"Take {key} out."
        if not given and key in _NEEDED[each.recipe]:
            yield f"the recipe '{each.recipe}' needs '{key}'", f"Give {key}."


def _odd_words(each: DependencySettings) -> Iterator[tuple[str, str]]:
    for key, (shape, words) in _SHAPES.items():
        value = getattr(each, key) or ()
        for word in (value,) if isinstance(value, str) else value:
            if not shape.fullmatch(word) or ".." in word.split("/"):
                yield f"{key}: '{word}' is not {words}", "Correct it."
    for key in ("version", "library", "package"):
        word = getattr(each, key)
        if word is not None and not _NAME.fullmatch(word):
            yield f"{key}: '{word}' is none", "Use letters, digits and ._+- only."


def _check_reach(dependencies: tuple[DependencySettings, ...]) -> None:
    """Refuse a need that is met nowhere: built neither for the same host nor for this machine."""
    known = {each.name: each for each in dependencies}
    for each in dependencies:
        for name in each.needs:
            need = known[name]
            if need.native or need.hosts is None:
                continue
            missing = [triple for triple in each.hosts or () if triple not in need.hosts]
            if missing or each.hosts is None:
                where = missing[0] if missing else "every host"
                raise ConfigurationError(
                    f"dependency '{each.name}': it is built for {where}, and '{name}', "
                    "which it needs, is not",
                    hint=f"Add the host to hosts of {name}, or say native = true where only its "
                    "programs are needed.",
                )
