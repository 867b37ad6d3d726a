"""Everything that determines a release, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from countermark.dependencies.dependency import Dependency
from countermark.hosts import Host
from countermark.packing.artifacts import ArtifactKind
from countermark.settings import (
    CMakeValue,
    HostSettings,
    Settings,
    ToolSettings,
)
from countermark.source import Source
from countermark.toolchain import Toolchain, ToolchainKind
from countersign.style import Style

if TYPE_CHECKING:
    from counterproof.profiles.profile import Profile

__all__ = ["LINKS", "Configuration", "HostBuild", "build_arguments", "effective_settings"]

LINKS: Final = "COUNTERMARK_LINKS"
"""The variable that tells CMake how many linkers may run at a time; it shapes no byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostBuild:
    """One host of a release and how it is built."""

    host: Host
    toolchain: Toolchain
    preset: str | None
    profile: Profile | None
    """What its stage must hold; None when that is found out from the staged programs."""
    profile_name: str | None
    """What leads to the profile: its name, or the absolute path of its file."""
    cmake: tuple[tuple[str, CMakeValue], ...]
    """Cache entries, the common and its own, sorted by name."""
    closed: bool = False
    """True when nothing of this machine may get into it: all but builds by its own compiler."""
    minimum: str | None = None
    """The oldest system the programs shall start on; None where only the toolchain knows."""
    linker: str | None = None
    sdk: str | None = None
    """The version of the SDK that images shall name; the linker's when None."""
    sdk_path: Path | None = None
    prefixes: tuple[Path, ...] = ()
    """Where the suite's libraries for the host are installed."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables for the programs that build for this host, sorted by name."""
    toolchain_digest: str = ""
    """Over the toolchain, for what is built with it and kept; empty where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that determines a release. All paths are absolute."""

    suite: Path
    source: Source
    name: str
    version: str
    source_date_epoch: int
    """Seconds since 1970 that stand for every time in the artifacts."""
    out: Path
    cache: Path
    """Where compilers keep what they build for themselves, between releases."""
    components: tuple[str, ...]
    artifacts: tuple[ArtifactKind, ...]
    """What is made for every host that has it, in the order of the kinds."""
    style: Style
    record: bool = True
    """Whether archives hold a build record."""
    source_uri: str | None = None
    """Where the suite's repository is; nobody else knows."""
    builder: str | None = None
    """A URI that stands for who builds."""
    hosts: tuple[HostBuild, ...]
    dependencies: tuple[Dependency, ...] = ()
    """What is built before the suite."""
    machine: HostBuild | None = None
    """How programs for this machine are built; None where none are, or it is no known host."""
    tools: Mapping[str, ToolSettings]
    """Programs of this machine that the build runs; theirs are absolute paths or names."""
    jobs: int
    """How many commands of a build run at a time. It is the machine's matter, as the load is: it
    shapes no byte, so nothing that is built is judged by it."""
    load: float | None = None
    """No command of a build begins while the machine's load is above this, if any other runs."""
    environment: Mapping[str, str]
    """The whole environment of every program that is run."""

    @property
    def label(self) -> str:
        """``NAME-VERSION``: the top directory in every archive."""
        return f"{self.name}-{self.version}"


def build_arguments(configuration: Configuration) -> tuple[str, ...]:
    """Return what bounds ``cmake --build``, for the suite and for its dependencies."""
    load = () if configuration.load is None else ("--", "-l", f"{configuration.load:g}")
    return ("--parallel", str(configuration.jobs), *load)


def effective_settings(configuration: Configuration) -> Settings:
    """Return the settings that give ``configuration`` again, with nothing left to be found out."""
    return Settings(
        suite=str(configuration.suite),
        name=configuration.name,
        version=configuration.version,
        source_date_epoch=configuration.source_date_epoch,
        out=str(configuration.out),
        components=configuration.components,
        artifacts=tuple(kind.value for kind in configuration.artifacts),
        style=configuration.style.value,
        record=configuration.record,
        source_uri=configuration.source_uri,
        builder=configuration.builder,
        hosts={build.host.triple: _host_settings(build) for build in configuration.hosts},
        tools=dict(configuration.tools),
        dependencies=tuple(each.settings for each in configuration.dependencies),
    )


def _host_settings(build: HostBuild) -> HostSettings:
    toolchain = build.toolchain
    return HostSettings(
        toolchain=str(toolchain.file)
        if toolchain.kind is ToolchainKind.FILE
        else toolchain.kind.value,
        preset=build.preset,
        profile=build.profile_name,
        cmake=dict(build.cmake),
        minimum=build.minimum,
        linker=build.linker,
        sdk=build.sdk,
        sdk_path=str(build.sdk_path) if build.sdk_path else None,
        prefix=tuple(map(str, build.prefixes)),
        environment=dict(build.environment),
    )
