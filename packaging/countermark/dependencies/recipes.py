"""How a dependency is built: the commands of each recipe."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from countermark.configuration import Configuration, build_arguments
from countermark.dependencies.planned import Site
from countermark.dependencies.prefixes import TOP_INCLUDES
from countermark.process import Command
from countermark.settings import DependencySettings, cmake_word
from countermark.toolchain import Toolchain
from countermark.tools import BuildTools

__all__ = ["Commands", "recipe_commands"]

_OWN: Final = Path(__file__).parent
_SINGLE: Final = _OWN / "single"
"""A CMake project that builds what has no build system."""
_COMPILERS: Final = _OWN / "compilers"
"""A CMake project that tells which compilers a toolchain means."""

Commands = tuple[Command, Command, Command | None]
"""Configure, compile, install."""


def recipe_commands(
    settings: DependencySettings,
    site: Site,
    toolchain: Toolchain,
    configuration: Configuration,
    tools: BuildTools,
    entries: Mapping[str, str],
    environment: Mapping[str, str],
) -> Commands:
    """Return what is run to build a dependency; ``entries`` are its cache entries besides ours.

    Everything is installed below ``site.staged``, by ``DESTDIR``.
    """
    cmake = str(tools.cmake.program)
    project, own = _project(settings, site)
    file = ("--toolchain", str(toolchain.file)) if toolchain.file else ()
    cache = {
        "CMAKE_MAKE_PROGRAM": str(tools.ninja.program),
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_INSTALL_PREFIX": str(site.prefix),
        "CMAKE_INSTALL_LIBDIR": "lib",
        "CMAKE_POSITION_INDEPENDENT_CODE": "ON",
        "BUILD_SHARED_LIBS": "OFF",
        "BUILD_TESTING": "OFF",
        **dict(toolchain.variables),
        **entries,
        **own,
        "CMAKE_PROJECT_TOP_LEVEL_INCLUDES": TOP_INCLUDES,
    }
    words = (f"-D{name}={value}" for name, value in cache.items())
    variables = {**environment, "DESTDIR": str(site.staged)}
    configure = Command(
        argv=(cmake, "-S", str(project), "-B", str(site.tree), "-G", "Ninja", *file, *words),
        environment=variables,
    )
    if settings.recipe == "commands":
        jobs = {"JOBS": str(configuration.jobs)}
        return configure, _script(settings, site, {**variables, **jobs}), None
    return (
        configure,
        Command(
            argv=(cmake, "--build", str(site.tree), *build_arguments(configuration)),
            environment=variables,
        ),
        Command(argv=(cmake, "--install", str(site.tree)), environment=variables),
    )


def _project(settings: DependencySettings, site: Site) -> tuple[Path, dict[str, str]]:
    """Return the CMake project that builds it, and its own cache entries."""
    if settings.recipe == "cmake":
        project = site.source / (settings.directory or "")
        return project, {name: cmake_word(value) for name, value in settings.cmake.items()}
    if settings.recipe == "commands":
        return _COMPILERS, {}
    return _SINGLE, {
        "COUNTERMARK_SOURCE": str(site.source),
        "COUNTERMARK_NAME": settings.name,
        "COUNTERMARK_VERSION": settings.version or "",
        "COUNTERMARK_HEADERS": ";".join(settings.headers),
        "COUNTERMARK_C_SOURCES": ";".join(settings.sources),
        "COUNTERMARK_DEFINITIONS": ";".join(settings.definitions),
        "COUNTERMARK_LIBRARY": settings.library or "",
        "COUNTERMARK_PACKAGE": settings.package or "",
        "COUNTERMARK_TARGETS": ";".join(settings.targets),
    }


def _script(settings: DependencySettings, site: Site, variables: Mapping[str, str]) -> Command:
    """Return the user's lines as one script, which ends at the first that fails."""
    compilers = shlex.quote(str(site.tree / "compilers.sh"))
    return Command(
        argv=(
            "sh",
            "-e",
            "-c",
            "\n".join((f". {compilers}", *settings.commands)),
        ),
        environment={
            **variables,
            "PREFIX": str(site.prefix),
            "HOST": site.triple,
        },
        directory=site.source,
    )
