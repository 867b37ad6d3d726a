"""GCC for Windows, as Debian and others package it: mingw-w64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from countermark.errors import MissingToolError, UnknownHostError
from countermark.process import answer
from countermark.toolchain import TOOLCHAIN_FILES, Machine, Toolchain, ToolchainKind, Wanted
from countermark.tools import Tool, find_program, version_of

__all__ = ["INSTALL_MINGW", "find_mingw"]

INSTALL_MINGW: Final = "apt-get install g++-mingw-w64-x86-64-posix"
_POSIX: Final = "-posix"
"""The compilers whose libraries have C++'s threads; another packager has no other."""


def find_mingw(wanted: Wanted, machine: Machine) -> Toolchain:
    """Return the toolchain of GCC and GNU's tools.

    Raises :class:`UnknownHostError` for a host that is not Windows, and
    :class:`MissingToolError` for a program that is not on PATH.
    """
    triple, environment = wanted.host.triple, machine.environment
    if wanted.host.platform != "windows":
        raise UnknownHostError(
            f"the toolchain mingw-w64 builds for Windows, not for {triple}",
            hint="Use the default toolchain, zig.",
        )
    c = _compiler(f"{triple}-gcc", environment)
    cxx = _compiler(f"{triple}-g++", environment)
    names = ("ld", "ar", "ranlib", "strip", "objcopy", "windres")
    tools = {name: _found(f"{triple}-{name}", environment) for name in names}
    return Toolchain(
        kind=ToolchainKind.MINGW,
        file=TOOLCHAIN_FILES / "mingw-w64.cmake",
        variables=(
            ("CMAKE_C_COMPILER", str(c.program)),
            ("CMAKE_CXX_COMPILER", str(cxx.program)),
            ("CMAKE_AR", str(tools["ar"].program)),
            ("CMAKE_RANLIB", str(tools["ranlib"].program)),
            ("CMAKE_STRIP", str(tools["strip"].program)),
            ("CMAKE_OBJCOPY", str(tools["objcopy"].program)),
            ("CMAKE_RC_COMPILER", str(tools["windres"].program)),
        ),
        programs=(cxx, tools["ld"]),
    )


def _compiler(name: str, environment: Mapping[str, str]) -> Tool:
    program = find_program(f"{name}{_POSIX}", environment) or find_program(name, environment)
    if program is None:
        raise _missing(name)
    version = answer((str(program), "-dumpfullversion"), environment, seconds=20)
    return Tool(name=name, program=program, version=version.removesuffix(_POSIX) or "unknown")


def _found(name: str, environment: Mapping[str, str]) -> Tool:
    program = find_program(name, environment)
    if program is None:
        raise _missing(name)
    return Tool(name=name, program=program, version=version_of(program, environment) or "unknown")


def _missing(name: str) -> MissingToolError:
    return MissingToolError(
        f"{name}, of the toolchain mingw-w64, is not installed",
        hint=f"Install it, for example: {INSTALL_MINGW}; or use the default toolchain, zig.",
    )
