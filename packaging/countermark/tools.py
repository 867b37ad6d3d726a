"""The programs that a build needs: where they are and which version they have."""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from countermark.errors import MissingToolError
from countermark.hosts import HOSTS, Host, native_triple
from countermark.process import answer
from counterproof.smoke.emulators import EMULATORS

__all__ = [
    "OLDEST_CMAKE",
    "BuildTools",
    "Tool",
    "find_build_tools",
    "find_emulators",
    "find_newest",
    "find_program",
    "numbers",
    "version_of",
]

OLDEST_CMAKE: Final = (3, 25)
"""The first that reads CMAKE_PROJECT_TOP_LEVEL_INCLUDES and installs what the suites need."""

_NEWEST_NAME: Final = 29
"""The last version that a program is looked for under a name of its own, as Debian has them."""

_INSTALL: Final = "Install it with: python -m pip install 'countermark[build]'."


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program and the version that it gives itself."""

    name: str
    program: Path
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTools:
    """CMake and the build program that it drives."""

    cmake: Tool
    ninja: Tool
    emulators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What stands before a program of another host, by the host's triple."""


def find_build_tools(environment: Mapping[str, str]) -> BuildTools:
    """Find CMake and Ninja: those of this Python first, then those on PATH.

    Raises :class:`MissingToolError` when one is missing or too old.
    """
    cmake = _find("cmake", _packaged_cmake(), environment)
    if numbers(cmake.version) < OLDEST_CMAKE:
        oldest = ".".join(map(str, OLDEST_CMAKE))
        raise MissingToolError(
            f"{cmake.program} is version {cmake.version}; {oldest} or newer is needed",
            hint=_INSTALL,
        )
    return BuildTools(
        cmake=cmake,
        ninja=_find("ninja", _beside_python("ninja"), environment),
        emulators=find_emulators(environment),
    )


def find_emulators(environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Find what runs programs of other hosts here: qemu and wine, as far as they are installed."""
    system, machine = platform.system(), platform.machine()
    found = {}
    for host in HOSTS.values():
        names: tuple[str, ...] = ()
        if host.platform == "windows" and system != "Windows":
            names = ("wine", "wine64")
        elif host.platform == "linux" == system.lower() and host.architecture in EMULATORS:
            qemu = f"qemu-{EMULATORS[host.architecture].qemu}"
            names = (f"{qemu}-static", qemu)
        programs = [program for name in names if (program := find_program(name, environment))]
        if programs and host.triple != native_triple(system, machine):
            found[host.triple] = (str(programs[0]), *_libraries(host))
    return found


def _libraries(host: Host) -> tuple[str, ...]:
    """Return how qemu is told where the C library of a host is, if it is installed."""
    place = Path("/usr", host.triple)
    return ("-L", str(place)) if host.platform == "linux" and place.is_dir() else ()


def find_program(name: str, environment: Mapping[str, str]) -> Path | None:
    """Return the program ``name`` that PATH leads to, or None."""
    found = shutil.which(name, path=environment.get("PATH", ""))
    return Path(found) if found else None


def find_newest(name: str, oldest: int, environment: Mapping[str, str]) -> Tool | None:
    """Return the newest of the programs ``name``, ``name-OLDEST`` and so on that PATH leads to.

    That called ``name`` may be older. None when no one says its version.
    """
    found = []
    for each in (name, *(f"{name}-{number}" for number in range(oldest, _NEWEST_NAME + 1))):
        program = find_program(each, environment)
        version = version_of(program, environment) if program else ""
        if program and version:
            found.append(Tool(name=name, program=program, version=version))
    return max(found, key=lambda tool: numbers(tool.version), default=None)


def numbers(version: str) -> tuple[int, ...]:
    """Return a version such as ``19.1.7`` as what it is compared by."""
    return tuple(int(part) for part in version.split("."))


def version_of(program: Path, environment: Mapping[str, str]) -> str:
    """Return the first version number in what ``program --version`` prints, or nothing."""
    found = re.search(r"\d+(\.\d+)+", answer((str(program), "--version"), environment, seconds=20))
    return found[0] if found else ""


def _find(name: str, packaged: Path | None, environment: Mapping[str, str]) -> Tool:
    program = packaged or find_program(name, environment)
    if program is None:
        raise MissingToolError(f"{name} is not installed", hint=_INSTALL)
    version = version_of(program, environment)
    if not version:
        raise MissingToolError(f"{program} does not run", hint=_INSTALL)
    return Tool(name=name, program=program, version=version)


def _packaged_cmake() -> Path | None:
    """The program inside PyPI's package: its console script would start a Python first."""
    spec = importlib.util.find_spec("cmake")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "data" / "bin" / "cmake"
    return program if program.is_file() else None


def _beside_python(name: str) -> Path | None:
    program = Path(sys.executable).parent / name
    return program if program.is_file() else None
