"""What a release is made from: the file, the options and the variables, resolved to one value.

Options win over ``COUNTERMARK_*`` variables (the command line merges these two), which win over
``countermark.toml``, which wins over what is found out from the suite.
"""

from __future__ import annotations

import contextlib
import math
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from countermark.capacity import look
from countermark.configuration import LINKS, Configuration, HostBuild
from countermark.dependencies.demands import check_dependencies, check_tools
from countermark.dependencies.dependency import describe_dependency
from countermark.dependencies.key import toolchain_digest
from countermark.dependencies.prefixes import check_prefix
from countermark.errors import ConfigurationError, nearest
from countermark.hosts import Host, buildable_hosts, default_triples, find_host, native_triple
from countermark.packing.artifacts import FULL, ArtifactKind
from countermark.settings import (
    FILE_NAME,
    CMakeValue,
    DependencySettings,
    HostSettings,
    Settings,
    ToolSettings,
    read_settings,
)
from countermark.source import Source, describe_source
from countermark.stamping import settled_minimum, settled_sdk
from countermark.toolchain import Machine, Wanted
from countermark.toolchains.selection import select_toolchain
from countermark.tools import find_program
from countersign.style import Style

if TYPE_CHECKING:
    from counterproof.profiles.profile import Profile

__all__ = ["Options", "embedded_suite", "named_dependencies", "resolve"]

_KEPT_VARIABLES: Final = ("HOME", "LOGNAME", "PATH", "TEMP", "TMP", "TMPDIR", "USER")
"""All that a build sees of the caller's environment: CFLAGS, DESTDIR and the like would change
what is built without a trace in the configuration."""

_EVERYTHING: Final = "full"
"""All kinds that a release of Bitcoin Core has, in one word."""

_AMOUNTS: Final[Mapping[str, tuple[type[float], str]]] = {
    "jobs": (int, "a whole number"),
    "load": (float, "a number"),
}

_LATEST_TIME: Final = 4354819198
"""The last moment of 2107, in seconds since 1970: a zip file knows no later time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line and the environment say; None and empty mean: not said."""

    config: Path | None = None
    suite: Path | None = None
    name: str | None = None
    version: str | None = None
    out: Path | None = None
    hosts: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    profile: str | None = None
    style: str | None = None
    toolchain: str | None = None
    preset: str | None = None
    cmake: tuple[tuple[str, str], ...] = ()
    jobs: int | None = None
    load: float | None = None


def resolve(options: Options, environment: Mapping[str, str], directory: Path) -> Configuration:
    """Put together what is to be released; ``directory`` is where relative options start.

    Raises :class:`ConfigurationError` for anything that does not make sense, before any work.
    """
    file = _settings_file(options, directory)
    settings = read_settings(file) if file else Settings()
    base = file.parent if file else directory
    suite = _suite(options, settings, base, directory)
    out = _out(options, settings, base, directory)
    _refuse_odd_path("suite", suite)
    _refuse_odd_path("output directory", out)
    if out == suite:
        raise ConfigurationError(
            f"the output directory is the suite itself, {suite}",
            hint="Give another one with --out, such as the default, dist.",
        )
    check_dependencies(settings.dependencies)
    check_tools(settings.tools, settings.dependencies)
    kept = {name: environment[name] for name in _KEPT_VARIABLES if name in environment}
    source = describe_source(suite, out=out, environment=kept)
    epoch = _epoch(environment, settings, source)
    cache = _cache(environment, out, directory)
    capacity = look()
    machine = _machine(kept, cache)
    return Configuration(
        suite=suite,
        source=source,
        name=_checked("name", options.name or settings.name or suite.name),
        version=_version(options, settings, source),
        source_date_epoch=epoch,
        out=out,
        cache=cache,
        components=options.components or settings.components,
        artifacts=_artifacts(options.artifacts or settings.artifacts),
        style=_style(options.style or settings.style),
        record=settings.record,
        source_uri=settings.source_uri,
        builder=settings.builder,
        hosts=_hosts(options, settings, _Places(suite, base, directory, machine)),
        dependencies=tuple(
            describe_dependency(_dependency(each, base), out=out, environment=kept)
            for each in settings.dependencies
        ),
        machine=_machine_build(settings, machine),
        tools={name: _tool(name, each, base, kept) for name, each in settings.tools.items()},
        jobs=int(_amount("jobs", options.jobs, environment) or capacity.jobs),
        load=_amount("load", options.load, environment),
        environment={
            **kept,
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "SOURCE_DATE_EPOCH": str(epoch),
            "ZERO_AR_DATE": "1",
            "ZIG_GLOBAL_CACHE_DIR": str(cache / "zig"),
            "ZIG_LOCAL_CACHE_DIR": str(cache / "zig"),
            LINKS: str(capacity.links),
        },
    )


def named_dependencies(options: Options, directory: Path) -> tuple[DependencySettings, ...]:
    """Return the dependencies of the configuration that the options lead to.

    Raises :class:`ConfigurationError` for a file, or for dependencies, that do not make sense.
    """
    file = _settings_file(options, directory)
    settings = read_settings(file) if file else Settings()
    check_dependencies(settings.dependencies)
    return tuple(
        _dependency(each, file.parent if file else directory) for each in settings.dependencies
    )


def embedded_suite() -> Path:
    """Return the directory of the suite that countermark brings, with its configuration file."""
    installed = Path(__file__).parent / "suite"
    return installed if installed.is_dir() else Path(__file__).parents[2]


def _settings_file(options: Options, directory: Path) -> Path | None:
    """Return the file named by an option, the suite's, the current one, or the embedded one."""
    if options.config is not None:
        return directory / options.config
    if options.suite is not None:
        file = directory / options.suite / FILE_NAME
        return file if file.is_file() else None
    if (directory / FILE_NAME).is_file():
        return directory / FILE_NAME
    if (directory / "CMakeLists.txt").is_file():
        return None
    return embedded_suite() / FILE_NAME


def _suite(options: Options, settings: Settings, base: Path, directory: Path) -> Path:
    """Return the source tree.

    A tree named on the command line is the suite itself, unless its own file points elsewhere.
    """
    suite = (base / settings.suite) if settings.suite else base
    if options.suite is not None and (options.config is not None or not settings.suite):
        suite = directory / options.suite
    suite = suite.resolve()
    if not suite.is_dir():
        raise ConfigurationError(f"there is no suite at {suite}", hint="Name a CMake source tree.")
    if not (suite / "CMakeLists.txt").is_file():
        raise ConfigurationError(
            f"{suite} is not a CMake source tree: it holds no CMakeLists.txt",
            hint="Name the directory that holds the suite's top CMakeLists.txt.",
        )
    return suite


def _refuse_odd_path(what: str, path: Path) -> None:
    """Refuse what compilers and CMake would take for something else than a path.

    ``=`` separates the halves of a prefix map, ``;`` the items of a CMake list; a backslash is
    an escape to both.
    """
    for letter in str(path):
        if letter in "=;\\" or not (letter.isprintable() or letter == " "):
            raise ConfigurationError(
                f"the {what} {str(path)!r} has {letter!r} in its path",
                hint="Rename the directory, or give another.",
            )


def _out(options: Options, settings: Settings, base: Path, directory: Path) -> Path:
    if options.out is None and settings.out is not None:
        return (base / settings.out).resolve()
    return (directory / (options.out or "dist")).resolve()


def _checked(what: str, word: str) -> str:
    """Refuse a word that would not make a file name: a release is named by it."""
    if not word or not all(c.isalnum() or c in "._+-" for c in word) or not word[0].isalnum():
        raise ConfigurationError(
            f"{what} '{word}' cannot be part of a file name",
            hint=f"Use letters, digits and ._+- only; give it with --{what}.",
        )
    return word


def _version(options: Options, settings: Settings, source: Source) -> str:
    version = options.version or settings.version or source.version
    if version is None:
        raise ConfigurationError(
            "the release has no version: the suite is not under git",
            hint=f"Give it with --version, or as version = '...' in {FILE_NAME}.",
        )
    return _checked("version", version)


def _epoch(environment: Mapping[str, str], settings: Settings, source: Source) -> int:
    epoch = _given_epoch(environment, settings, source)
    if epoch > _LATEST_TIME:
        raise ConfigurationError(
            f"the release's time {epoch} is after the year 2107",
            hint="Set SOURCE_DATE_EPOCH in seconds, not in milliseconds, since 1970.",
        )
    return epoch


def _given_epoch(environment: Mapping[str, str], settings: Settings, source: Source) -> int:
    given = environment.get("SOURCE_DATE_EPOCH")
    if given:
        if not (given.isascii() and given.isdecimal()):
            raise ConfigurationError(f"SOURCE_DATE_EPOCH is '{given}', not a number of seconds")
        return int(given)
    epoch = settings.source_date_epoch if settings.source_date_epoch is not None else source.epoch
    if epoch is None:
        raise ConfigurationError(
            "the release has no time: the suite is not under git",
            hint="Set SOURCE_DATE_EPOCH to its time in seconds since 1970, "
            f"or source_date_epoch in {FILE_NAME}.",
        )
    return epoch


def _cache(environment: Mapping[str, str], out: Path, directory: Path) -> Path:
    """A relative path in a variable of the XDG specification counts as none."""
    given = environment.get("COUNTERMARK_CACHE_DIR")
    if given:
        return (directory / given).resolve()
    home = environment.get("HOME", "")
    for parent in (environment.get("XDG_CACHE_HOME", ""), f"{home}/.cache" if home else ""):
        if Path(parent).is_absolute():
            return Path(parent, "countermark")
    return out / ".countermark" / "cache"


def _amount(name: str, option: float | None, environment: Mapping[str, str]) -> float | None:
    """Return how much of the machine a build is to use, if the user says so."""
    variable = f"COUNTERMARK_{name.upper()}"
    given = environment.get(variable)
    if option is not None or not given:
        return option
    kind, noun = _AMOUNTS[name]
    with contextlib.suppress(ValueError):
        amount = kind(given)
        if 0 < amount < math.inf:
            return amount
    raise ConfigurationError(
        f"{variable} is '{given}', not {noun} above 0", hint=f"Correct it, or give --{name}."
    )


def _artifacts(words: tuple[str, ...]) -> tuple[ArtifactKind, ...]:
    """Return the kinds that the words of the configuration mean, in the order of the kinds."""
    known = (_EVERYTHING, *ArtifactKind)
    for word in words:
        if word not in known:
            raise ConfigurationError(
                f"unknown kind of artifact '{word}'{nearest(word, known)}",
                hint=f"Known kinds: {', '.join(known)}.",
            )
    named = {*words, *(FULL if _EVERYTHING in words else ())} or {ArtifactKind.BINARIES}
    return tuple(kind for kind in ArtifactKind if kind in named)


def _style(name: str | None) -> Style:
    try:
        return Style(name) if name else Style.MACOS26
    except ValueError:
        raise ConfigurationError(
            f"unknown style '{name}'{nearest(name or '', list(Style))}",
            hint=f"Known styles: {', '.join(Style)}.",
        ) from None


class _Places(NamedTuple):
    """Where what the configuration of a host names is looked for."""

    suite: Path
    base: Path
    """The directory of the configuration file."""
    directory: Path
    """The current one, from which options start."""
    machine: Machine


def _machine(environment: Mapping[str, str], cache: Path) -> Machine:
    native = native_triple(platform.system(), platform.machine())
    return Machine(native=native, cache=cache, environment=environment)


def _hosts(options: Options, settings: Settings, places: _Places) -> tuple[HostBuild, ...]:
    named = options.hosts or tuple(settings.hosts) or default_triples(places.machine.native)
    everything = tuple(host.triple for host in buildable_hosts())
    triples = tuple(each for name in named for each in (everything if name == "all" else (name,)))
    return tuple(
        _host_build(find_host(triple), options, settings, places)
        for triple in dict.fromkeys(triples)
    )


def _cache_entries(entries: Mapping[str, CMakeValue]) -> tuple[tuple[str, CMakeValue], ...]:
    """Sort the entries; one that would replace the toolchain behind our back is refused."""
    if "CMAKE_TOOLCHAIN_FILE" in entries:
        raise ConfigurationError(
            "CMAKE_TOOLCHAIN_FILE cannot be a cache entry",
            hint="Give the file with --toolchain, or as toolchain = '...' for its host.",
        )
    return tuple(sorted(entries.items()))


def _host_build(host: Host, options: Options, settings: Settings, places: _Places) -> HostBuild:
    suite, base, directory, machine = places
    own = settings.hosts.get(host.triple, HostSettings())
    host = host.starting_at(own.minimum) if own.minimum else host
    name = own.toolchain or settings.toolchain or "zig"
    sdk = settled_sdk(host, own.sdk)
    sdk_path = _sdk_path(own, base)
    wanted = Wanted(
        host=host,
        name=options.toolchain or name,
        base=directory if options.toolchain else base,
        suite=suite,
        linker=own.linker,
        sdk=sdk,
        sdk_path=sdk_path,
    )
    toolchain = select_toolchain(wanted, machine)
    profile = _profile_name(
        options.profile or own.profile or settings.profile, directory if options.profile else base
    )
    prefixes = tuple(_from_file(each, base) for each in _listed(own.prefix))
    closed = host.triple != machine.native or toolchain.zig is not None
    for prefix in prefixes:
        _refuse_odd_path("prefix", prefix)
        check_prefix(prefix, host.triple, cross=closed)
    return HostBuild(
        host=host,
        toolchain=toolchain,
        preset=options.preset or own.preset or settings.preset,
        profile=_profile(profile),
        profile_name=profile,
        cmake=_cache_entries({**settings.cmake, **own.cmake, **dict(options.cmake)}),
        closed=closed,
        minimum=settled_minimum(host, own.minimum, toolchain),
        linker=own.linker,
        sdk=sdk,
        sdk_path=sdk_path,
        prefixes=prefixes,
        environment=tuple(sorted(own.environment.items())),
        toolchain_digest=toolchain_digest(toolchain) if settings.dependencies else "",
    )


def _sdk_path(settings: HostSettings, base: Path) -> Path | None:
    if settings.sdk_path is None:
        return None
    path = _from_file(settings.sdk_path, base).absolute()
    _refuse_odd_path("SDK", path)
    return path


def _listed(words: str | tuple[str, ...]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else words


def _from_file(path: str, base: Path) -> Path:
    """Return where a path of the configuration file leads; ``~`` is the user's home.

    Symbolic links stay: some programs, ``capnpc`` for one, go by the name they are called by.
    """
    return Path(os.path.normpath(base / Path(path).expanduser()))


def _dependency(dependency: DependencySettings, base: Path) -> DependencySettings:
    source = str(_from_file(dependency.source, base))
    return msgspec.structs.replace(dependency, source=source)


def _tool(
    name: str, tool: ToolSettings, base: Path, environment: Mapping[str, str]
) -> ToolSettings:
    """A program that is only a name is one that PATH leads to; a dependency's is in its bin."""
    if tool.dependency is not None:
        return tool
    program = tool.program or name
    if "/" in program:
        return msgspec.structs.replace(tool, program=str(_from_file(program, base)))
    found = find_program(program, environment)
    if found is None:
        raise ConfigurationError(
            f"tool '{name}': PATH leads to no program '{program}'",
            hint="Install it, or give its path with program, or the dependency that brings it.",
        )
    return msgspec.structs.replace(tool, program=str(found))


def _machine_build(settings: Settings, machine: Machine) -> HostBuild | None:
    """Return how programs for this machine are built, if any are."""
    if machine.native is None or not any(each.native for each in settings.dependencies):
        return None
    host = find_host(machine.native)
    toolchain = select_toolchain(Wanted(host=host, name="zig", base=Path(), suite=Path()), machine)
    return HostBuild(
        host=host,
        toolchain=toolchain,
        preset=None,
        profile=None,
        profile_name=None,
        cmake=(),
        minimum=settled_minimum(host, None, toolchain),
        toolchain_digest=toolchain_digest(toolchain),
    )


def _profile_name(name: str | None, base: Path) -> str | None:
    """Return the name of a built-in profile as it is, and the path of a file from the root."""
    if name is not None and ("/" in name or name.endswith(".toml")):
        return str((base / name).resolve())
    return name


def _profile(name: str | None) -> Profile | None:
    if name is None:
        return None
    from counterproof import load_profile

    return load_profile(name)
