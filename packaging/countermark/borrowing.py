"""Libraries and headers of the building machine in a build that is for somebody else.

Where a library for the host is missing, a search that goes by names finds the machine's own of the
same name, and what is compiled against it may even link. CMake tells what every target is going to
be compiled and linked with, before anything is.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

from countermark.errors import ConfigurationError
from countermark.file_api import TargetUse, read_implicit, read_uses
from countermark.plan import HostPlan
from countersign.escaping import printable

__all__ = ["Borrowed", "Grounds", "borrowed", "read_cache", "refuse_borrowed"]

_MACHINE: Final = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/opt")
"""Where a machine has its own libraries and headers."""
_GENERAL: Final = re.compile(
    r"/|/opt|(?:/usr|/usr/local)?(?:/(?:include|lib|lib32|lib64|libx32|share))?"
)
"""Directories that hold everybody's: naming them does not mean a thing in them."""
_LIBRARY: Final = re.compile(r"[^/]+\.(?:a|lib|dll|dylib|tbd|o|obj|so(?:\.[\w.]+)?)")
_LOADER: Final = re.compile(r"ld(?:-linux|64|-musl|\.so)[\w.-]*")
_INCLUDE_FLAGS: Final = ("-isystem", "-idirafter", "-iquote", "-include", "-imacros", "-I", "-F")
_LINK_FLAGS: Final = ("-L", "-F")
_PACKAGE: Final = re.compile(
    r"(?:pkgcfg_lib_)?(\w+?)_(?:(?:SYSTEM_)?INCLUDE|LIB|LIBRARY|LIBRARIES|DIR|CONFIG|ROOT)(?:_\w+)?"
)
_ENTRY: Final = re.compile(r"([^:=#/]+):([A-Z]+)=(.*)")
_SHOWN: Final = 6
_ROOTS: Final = "COUNTERMARK_ROOTS"
"""The cache entry in which the prefixes of a toolchain file stand; see ``reproducible.cmake``."""


class Borrowed(NamedTuple):
    """A file or a directory of the machine that a target uses."""

    target: str
    verb: str
    """``links`` or ``includes``."""
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What may be used, whatever it stands in."""

    allowed: tuple[str, ...]
    """Paths: files, and directories with all that is in them."""

    def cover(self, path: str) -> bool:
        """Tell whether the path, or what it leads to, may be used."""
        return any(
            place == root or place.startswith(root.rstrip("/") + "/")
            for place in (os.path.normpath(path), os.path.realpath(path))
            for root in self.allowed
        )


def refuse_borrowed(plan: HostPlan) -> None:
    """Refuse a configured build that would use libraries or headers of this machine.

    A build by the machine's own compiler for itself may. Raises :class:`ConfigurationError` with
    the targets and what they use, and :class:`~countermark.errors.WorkError` when CMake left no
    answers.
    """
    if not plan.build.closed:
        return
    build, uses = plan.workspace.build, read_uses(plan.workspace.build)
    cache = read_cache(build)
    found = borrowed(uses, _grounds(plan, uses, cache, read_implicit(build)))
    if found:
        raise ConfigurationError(
            f"{plan.triple} would be built with what belongs to this machine:"
            + "".join(f"\n  {line}" for line in _lines(found, cache)),
            hint=_hint(found, cache),
        )


def borrowed(uses: Iterable[TargetUse], grounds: Grounds) -> tuple[Borrowed, ...]:
    """Find what targets use of the machine's own directories, each once."""
    found = (
        Borrowed(use.name, verb, path)
        for use in uses
        for verb, path in (
            *(("links", path) for path in _linked(use.links)),
            *(("includes", path) for path in (*use.includes, *_included(use.flags))),
        )
        if _is_of_machine(path) and not grounds.cover(path)
    )
    return tuple(dict.fromkeys(found))


def read_cache(build: Path) -> dict[str, str]:
    """Return the entries of a build tree's CMake cache; none when there is none to read."""
    try:
        text = (build / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    entries = (_ENTRY.fullmatch(line) for line in text.splitlines())
    return {entry[1].strip('"'): entry[3] for entry in entries if entry is not None}


def _grounds(
    plan: HostPlan, uses: Iterable[TargetUse], cache: Mapping[str, str], implicit: Iterable[str]
) -> Grounds:
    """Gather what somebody has named, and what belongs to the suite, the compiler and the build."""
    build, toolchain = plan.build, plan.build.toolchain
    named = [
        *_paths(argument.partition("=")[2] for argument in plan.configure.argv if "=" in argument),
        *_paths([cache.get(_ROOTS, "")]),
        *(root for value in dict(build.environment).values() for root in _searched(value)),
        *implicit,
        *(root for use in uses for root in use.sysroots),
        *([str(toolchain.file.parent)] if toolchain.file else ()),
    ]
    own = (plan.suite, plan.workspace.root.parent, *build.prefixes)
    allowed = [path for path in map(os.path.normpath, named) if not _GENERAL.fullmatch(path)]
    allowed += [os.path.normpath(path) for path in own]
    allowed += [str(build.sdk_path)] if build.sdk_path else []
    return Grounds(allowed=tuple(dict.fromkeys(allowed)))


def _paths(values: Iterable[str]) -> list[str]:
    return [path for value in values for path in value.split(";") if path.startswith("/")]


def _searched(value: str) -> Iterator[str]:
    """Give the directories in a variable such as PKG_CONFIG_PATH, and the prefixes they mean."""
    for path in re.split("[:;]", value):
        if path.startswith("/"):
            yield path
        if Path(path).name == "pkgconfig":
            yield str(Path(path).parents[1])


def _is_of_machine(path: str) -> bool:
    place = os.path.normpath(path)
    return any(place == root or place.startswith(f"{root}/") for root in _MACHINE)


def _linked(fragments: Iterable[str]) -> Iterator[str]:
    """Give the libraries, and the directories of libraries, of a linker's command line."""
    for word, following in _words(fragments):
        parts = word.split(",") if word.startswith("-Wl,") else [word]
        for part in parts:
            name = part.rpartition("/")[2]
            if part.startswith("/") and _LIBRARY.fullmatch(name) and not _LOADER.fullmatch(name):
                yield part
        yield from _behind(word, following, _LINK_FLAGS)


def _included(fragments: Iterable[str]) -> Iterator[str]:
    """Give the directories of headers among a compiler's flags."""
    for word, following in _words(fragments):
        yield from _behind(word, following, _INCLUDE_FLAGS)


def _behind(word: str, following: str, flags: Iterable[str]) -> Iterator[str]:
    """Give the path that stands behind a flag, in the same word or in the next one."""
    flag = next((each for each in flags if word.startswith(each)), None)
    if flag is not None:
        path = word.removeprefix(flag) or following
        if path.startswith("/"):
            yield path


def _words(fragments: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give every word of a command line with the one behind it."""
    words = [word for fragment in fragments for word in _split(fragment)]
    return zip_longest(words, words[1:], fillvalue="")


def _split(fragment: str) -> list[str]:
    try:
        return shlex.split(fragment)
    except ValueError:  # a quote that is none
        return fragment.split()


def _lines(found: tuple[Borrowed, ...], cache: Mapping[str, str]) -> Iterator[str]:
    for each in found[:_SHOWN]:
        entries = _entries(each.path, cache)
        by = f" ({', '.join(entries)})" if entries else ""
        yield printable(f"target {each.target} {each.verb} {each.path}{by}")
    if len(found) > _SHOWN:
        yield f"and {len(found) - _SHOWN} more"


def _entries(path: str, cache: Mapping[str, str]) -> list[str]:
    """Name the cache entries in which a search has left the path."""
    return sorted(name for name, value in cache.items() if path in value.split(";"))[:2]


def _hint(found: tuple[Borrowed, ...], cache: Mapping[str, str]) -> str:
    entries = [name for each in found for name in _entries(each.path, cache)] or [
        name
        for name, value in sorted(cache.items())
        if name.endswith("_DIR") and _is_of_machine(value)
    ]
    packages = dict.fromkeys(match[1] for match in map(_PACKAGE.fullmatch, entries) if match)
    switches = [f"CMAKE_DISABLE_FIND_PACKAGE_{each} = true" for each in packages] or [
        "CMAKE_DISABLE_FIND_PACKAGE_<name> = true"
    ]
    return (
        "Name the host's own libraries by prefix or [[dependencies]]; or build without, by "
        f"cmake = {{ {', '.join(map(printable, switches[:3]))} }}."
    )
