"""Deciding what is built before the suite for one host, and how; nothing is done yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.configuration import Configuration, HostBuild
from countermark.dependencies.dependency import Dependency
from countermark.dependencies.key import key_of
from countermark.dependencies.order import in_order, needed_by
from countermark.dependencies.planned import Generator, PlannedDependency, Site, Supplies
from countermark.dependencies.prefixes import prefix_entries, prefix_environment
from countermark.dependencies.recipes import recipe_commands
from countermark.errors import ConfigurationError
from countermark.settings import DependencySettings, ToolSettings
from countermark.tools import BuildTools

__all__ = ["plan_dependencies"]

_EPOCH: Final = "315532800"
"""1980: the time in what is built, so that no release's own time builds it anew."""

Planned = Mapping[str, PlannedDependency]


def plan_dependencies(
    configuration: Configuration, tools: BuildTools, build: HostBuild
) -> Supplies:
    """Decide what is built before the suite for a host.

    Raises :class:`ConfigurationError` when something must be built for this machine, which is none
    of the known hosts.
    """
    planner = _Planner(configuration, tools)
    native: dict[str, PlannedDependency] = {}
    for each in planner.ordered:
        if each.name in planner.native_names:
            native[each.name] = planner.plan(each, None, native, native)
    own: dict[str, PlannedDependency] = {}
    for each in planner.ordered:
        if each.settings.hosts is None or build.host.triple in each.settings.hosts:
            own[each.name] = planner.plan(each, build, own, native)
    builds = {each.site.prefix: each for each in (*native.values(), *own.values())}
    return Supplies(
        builds=tuple(builds.values()),
        libraries=tuple(own.values()),
        generators=planner.generators(configuration.tools, native),
    )


@dataclass(frozen=True, slots=True)
class _Planner:
    """Plans dependencies, one after another."""

    configuration: Configuration
    tools: BuildTools

    @property
    def settings(self) -> dict[str, DependencySettings]:
        """What the configuration says, by name."""
        return {each.name: each.settings for each in self.configuration.dependencies}

    @property
    def ordered(self) -> tuple[Dependency, ...]:
        """All, each behind what it needs."""
        known = {each.name: each for each in self.configuration.dependencies}
        return tuple(known[each.name] for each in in_order(self.settings.values()))

    @property
    def native_names(self) -> frozenset[str]:
        """Those that are built for this machine, and what these need."""
        settings = self.settings
        asked = [name for name, each in settings.items() if each.native]
        return frozenset(each for name in asked for each in (name, *needed_by(name, settings)))

    def generators(self, names: Iterable[str], native: Planned) -> tuple[Generator, ...]:
        """Return where tools are, and which version they must have."""
        tools = self.configuration.tools
        return tuple(self._generator(name, tools[name], native) for name in names)

    def plan(
        self, dependency: Dependency, build: HostBuild | None, siblings: Planned, native: Planned
    ) -> PlannedDependency:
        """Plan one for a host, or for this machine when that is None.

        ``siblings`` are what is built for the same, ``native`` for this machine.
        """
        own = build or self._machine(dependency)
        needs = needed_by(dependency.name, self.settings)
        libraries = [siblings[name] for name in needs if name in siblings]
        programs = [native[name] for name in needs if name in native]
        tools = (
            name for name, tool in self.configuration.tools.items() if tool.dependency in needs
        )
        generators = self.generators(tools, native)
        site = Site(
            store=self.configuration.cache / "dependencies",
            name=dependency.name,
            triple=own.host.triple,
            key=key_of(
                dependency,
                own,
                self.tools,
                {each.site.key for each in (*libraries, *programs)},
                generators,
            ),
        )
        prefixes = tuple(each.site.prefix for each in libraries)
        entries = {each.variable: str(each.program) for each in generators if each.variable}
        configure, compile_, install = recipe_commands(
            dependency.settings,
            site,
            own.toolchain,
            self.configuration,
            self.tools,
            {**entries, **prefix_entries(prefixes)},
            self._environment(own, prefixes, (each.site.prefix / "bin" for each in programs)),
        )
        return PlannedDependency(
            dependency=dependency,
            site=site,
            toolchain=own.toolchain,
            native=build is None,
            configure=configure,
            compile=compile_,
            install=install,
        )

    def _environment(
        self, build: HostBuild, prefixes: tuple[Path, ...], programs: Iterable[Path]
    ) -> dict[str, str]:
        variables = {
            **self.configuration.environment,
            "SOURCE_DATE_EPOCH": _EPOCH,
            **prefix_environment(build.toolchain.kind, prefixes),
            **dict(build.environment),
        }
        path = (*map(str, programs), variables.get("PATH", ""))
        return {**variables, "PATH": ":".join(path)}

    def _machine(self, dependency: Dependency) -> HostBuild:
        machine = self.configuration.machine
        if machine is None:
            raise ConfigurationError(
                f"dependency '{dependency}' cannot be built for this machine, which is none of "
                "the known hosts",
                hint="Install its programs and name them with [tools.NAME] program = '...'.",
            )
        return machine

    def _generator(self, name: str, tool: ToolSettings, native: Planned) -> Generator:
        program = Path(tool.program or name)
        if tool.dependency is not None:
            program = native[tool.dependency].site.prefix / "bin" / program
        version = tool.version
        if version in self.settings:
            version = self.settings[version].version
        return Generator(name=name, program=program, variable=tool.variable, version=version)
