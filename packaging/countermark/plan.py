"""What will be done for a release, decided before anything is done.

The plan holds every command and every path; the executor that works and the one that only
describes (:mod:`countermark.pipeline`) are both given it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.configuration import Configuration, HostBuild, build_arguments
from countermark.dependencies.planned import Supplies
from countermark.dependencies.planning import plan_dependencies
from countermark.dependencies.prefixes import TOP_INCLUDES, prefix_entries, prefix_environment
from countermark.packing.artifacts import EVERY_HOST_KIND, ArtifactKind, host_artifacts, source
from countermark.process import Command
from countermark.settings import cmake_word
from countermark.toolchains.wrappers import Wrappers
from countermark.tools import BuildTools
from countermark.workspace import HostWorkspace, Workspace

__all__ = ["HostPlan", "PlannedArchive", "ReleasePlan", "plan_release"]

_INCLUDES: Final = "CMAKE_PROJECT_TOP_LEVEL_INCLUDES"
_BUILD_TYPE: Final = "CMAKE_BUILD_TYPE"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedArchive:
    """An archive that is to be made."""

    kind: ArtifactKind
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """All that is done for one host."""

    suite: Path
    source_digest: str
    """SHA-256 over the suite's files; another one means another build tree."""
    build: HostBuild
    workspace: HostWorkspace
    wrappers: Wrappers | None
    """What stands for a compiler's tools, where the default toolchain builds."""
    configure: Command
    compile: Command
    install: tuple[Command, ...]
    """One command for each component, or one for all."""
    components: tuple[str, ...]
    stage: Path
    """The top directory of the stage: ``NAME-VERSION``."""
    archives: tuple[PlannedArchive, ...]
    """What is packed of it."""
    others: tuple[Path, ...]
    """Where archives of the host would be that are not asked for, but may be from another run."""
    supplies: Supplies
    """What is built before it."""
    splits_debug: bool
    """Whether debug information is split from the programs before they are packed."""
    left_out: tuple[str, ...]
    """Why something that is asked for is not made, in words."""

    @property
    def minimum(self) -> str | None:
        """The oldest system the programs start on, in words, where somebody sees to it."""
        return self.build.host.oldest_system if self.build.minimum else None

    @property
    def unsigned(self) -> Path:
        """The stage once more, without any signature."""
        return self.workspace.unsigned / self.stage.name

    @property
    def debug(self) -> Path:
        """The debug information of the programs, in files beside which they would stand."""
        return self.workspace.debug / self.stage.name

    @property
    def triple(self) -> str:
        """The host's name."""
        return self.build.host.triple


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """All that is done for a release."""

    configuration: Configuration
    tools: BuildTools
    workspace: Workspace
    hosts: tuple[HostPlan, ...]

    @property
    def packs_source(self) -> bool:
        """True when the source archive is asked for."""
        return ArtifactKind.SOURCE in self.configuration.artifacts

    @property
    def source(self) -> Path:
        """Where the source archive is, when it is asked for."""
        configuration = self.configuration
        return configuration.out / str(source(configuration.name, configuration.version))


def plan_release(configuration: Configuration, tools: BuildTools) -> ReleasePlan:
    """Decide every command and every path; nothing is read, written or run."""
    workspace = Workspace(out=configuration.out)
    return ReleasePlan(
        configuration=configuration,
        tools=tools,
        workspace=workspace,
        hosts=tuple(
            _plan_host(configuration, tools, build, workspace) for build in configuration.hosts
        ),
    )


def _plan_host(
    configuration: Configuration, tools: BuildTools, build: HostBuild, workspace: Workspace
) -> HostPlan:
    own = workspace.host(build.host.triple)
    stage = own.stage / configuration.label
    cmake = str(tools.cmake.program)
    asked = [kind for kind in configuration.artifacts if kind in EVERY_HOST_KIND]
    left_out = _left_out(asked, build)
    made = [kind for kind in asked if kind not in left_out]
    everything = _archives(configuration, build, EVERY_HOST_KIND)
    splits_debug = bool(_archives(configuration, build, [ArtifactKind.DEBUG]))
    splits_debug &= ArtifactKind.DEBUG in made

    supplies = plan_dependencies(configuration, tools, build)
    prefixes = (*build.prefixes, *(each.site.prefix for each in supplies.libraries))
    environment = {
        **configuration.environment,
        **prefix_environment(build.toolchain.kind, prefixes),
        **dict(build.environment),
    }

    def command(*arguments: str) -> Command:
        return Command(argv=(cmake, *arguments), environment=environment)

    strip = () if splits_debug else ("--strip",)
    wrappers = _wrappers(build, own)
    entries = _cache_entries(tools, build, wrappers, supplies, prefixes)
    return HostPlan(
        suite=configuration.suite,
        source_digest=configuration.source.digest,
        build=build,
        workspace=own,
        wrappers=wrappers,
        configure=command(*_configure_arguments(configuration, build, own, entries)),
        compile=command("--build", str(own.build), *build_arguments(configuration)),
        install=tuple(
            command("--install", str(own.build), "--prefix", str(stage), *strip, *component)
            for component in _component_arguments(configuration)
        ),
        components=configuration.components,
        stage=stage,
        supplies=supplies,
        archives=tuple(each for each in everything if each.kind in made),
        others=tuple(each.path for each in everything if each.kind not in made),
        splits_debug=splits_debug,
        left_out=tuple(left_out.values()),
    )


def _archives(
    configuration: Configuration, build: HostBuild, kinds: Iterable[ArtifactKind]
) -> tuple[PlannedArchive, ...]:
    return tuple(
        PlannedArchive(kind=kind, path=configuration.out / str(artifact))
        for kind in kinds
        for artifact in host_artifacts(kind, build.host, configuration.name, configuration.version)
    )


def _left_out(kinds: Iterable[ArtifactKind], build: HostBuild) -> dict[ArtifactKind, str]:
    """Say which kinds cannot be made, and why."""
    split = build.host.platform != "darwin"
    if ArtifactKind.DEBUG in kinds and split and build.toolchain.zig:
        return {ArtifactKind.DEBUG: "no debug archive: zig leaves no debug information"}
    return {}


def _component_arguments(configuration: Configuration) -> tuple[tuple[str, ...], ...]:
    return tuple(("--component", name) for name in configuration.components) or ((),)


def _configure_arguments(
    configuration: Configuration, build: HostBuild, own: HostWorkspace, entries: Mapping[str, str]
) -> tuple[str, ...]:
    toolchain = build.toolchain
    preset = ("--preset", build.preset) if build.preset else ()
    file = ("--toolchain", str(toolchain.file)) if toolchain.file else ()
    return (
        *preset,
        *("-S", str(configuration.suite), "-B", str(own.build), "-G", "Ninja"),
        *file,
        *(f"-D{name}={value}" for name, value in entries.items()),
    )


def _wrappers(build: HostBuild, own: HostWorkspace) -> Wrappers | None:
    toolchain, target = build.toolchain, build.host.zig_target
    if toolchain.zig is None or target is None:
        return None
    return Wrappers(
        directory=own.toolchain,
        python=Path(sys.executable),
        zig=toolchain.zig.program,
        target=target,
        lld=toolchain.lld.words if toolchain.lld else (),
    )


def _cache_entries(
    tools: BuildTools,
    build: HostBuild,
    wrappers: Wrappers | None,
    supplies: Supplies,
    prefixes: Iterable[Path],
) -> Mapping[str, str]:
    """The suite's own entries win over ours, but for the includes, which are put in front."""
    emulator = tools.emulators.get(build.host.triple)
    entries = {
        "CMAKE_MAKE_PROGRAM": str(tools.ninja.program),
        **({} if build.preset else {_BUILD_TYPE: "Release"}),
        **dict(build.toolchain.variables),
        **({"COUNTERMARK_WRAPPERS": str(wrappers.directory)} if wrappers else {}),
        **({"COUNTERMARK_EMULATOR": ";".join(emulator)} if wrappers and emulator else {}),
        **{each.variable: str(each.program) for each in supplies.generators if each.variable},
        **prefix_entries(prefixes),
        **{name: cmake_word(value) for name, value in build.cmake},
    }
    others = entries.get(_INCLUDES)
    entries[_INCLUDES] = f"{TOP_INCLUDES};{others}" if others else TOP_INCLUDES
    return entries
