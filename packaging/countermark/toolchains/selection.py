"""Which toolchain a name stands for, for one host: the table of all that have names."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from countermark.errors import ConfigurationError, UnknownHostError, nearest
from countermark.toolchain import (
    TOOLCHAIN_FILES,
    Machine,
    Toolchain,
    ToolchainKind,
    Wanted,
    Zig,
    find_zig,
)
from countermark.toolchains.clang import find_clang
from countermark.toolchains.lld import Lld, find_lld
from countermark.toolchains.macos_libraries import MacosLibraries, sdk_version
from countermark.toolchains.mingw import find_mingw

__all__ = ["select_toolchain"]


def select_toolchain(wanted: Wanted, machine: Machine) -> Toolchain:
    """Return the toolchain that is asked for.

    Raises :class:`UnknownHostError` when it cannot build for the host,
    :class:`ConfigurationError` when there is no such toolchain or linker, and
    :class:`MissingToolError` when it is not installed.
    """
    if wanted.linker is not None:
        _check_linker(wanted, wanted.linker)
    if wanted.sdk_path is not None and wanted.name != ToolchainKind.CLANG:
        raise ConfigurationError(
            f"hosts.{wanted.host.triple}.sdk_path names an SDK, but the toolchain "
            f"'{wanted.name}' has one of its own",
            hint="Leave it out, or use the toolchain 'clang'.",
        )
    find = _KINDS.get(wanted.name, _from_file)
    return find(wanted, machine)


def _check_linker(wanted: Wanted, linker: str) -> None:
    place = f"hosts.{wanted.host.triple}.linker is '{linker}'"
    if linker not in _LINKERS:
        raise ConfigurationError(
            f"{place}, which is none{nearest(linker, _LINKERS)}",
            hint=f"Known linkers: {', '.join(_LINKERS)}.",
        )
    if wanted.host.platform != "darwin":
        raise ConfigurationError(
            f"{place}, but only programs for macOS can have another than the toolchain's own",
            hint="Leave it out.",
        )
    if wanted.name != ToolchainKind.ZIG:
        raise ConfigurationError(
            f"{place}, but the toolchain '{wanted.name}' chooses its linker itself",
            hint="Leave it out, or use the default toolchain, zig.",
        )


def _from_file(wanted: Wanted, _: Machine) -> Toolchain:
    file = (wanted.base / Path(wanted.name).expanduser()).resolve()
    if not file.is_file():
        raise ConfigurationError(
            f"toolchain '{wanted.name}' for {wanted.host.triple}: there is no file {file}",
            hint=f"Give {', '.join(map(repr, _KINDS))}, or the path of a CMake toolchain file.",
        )
    return Toolchain(kind=ToolchainKind.FILE, file=file)


def _zig_toolchain(wanted: Wanted, machine: Machine) -> Toolchain:
    host = wanted.host
    if host.zig_target is None:
        raise UnknownHostError(
            f"{host.triple} cannot be built with the default toolchain: {host.refusal}",
            hint="Give a CMake toolchain file for it with --toolchain.",
        )
    zig = find_zig()
    lld = _lld(zig, host.zig_target, wanted.sdk, machine) if wanted.linker == "lld" else None
    return Toolchain(
        kind=ToolchainKind.ZIG,
        file=TOOLCHAIN_FILES / "zig.cmake",
        variables=(
            ("COUNTERMARK_ZIG", str(zig.program)),
            ("COUNTERMARK_ZIG_TARGET", host.zig_target),
            ("COUNTERMARK_PYTHON", sys.executable),
            *([("COUNTERMARK_LLD", ";".join(lld.words))] if lld else []),
        ),
        zig=zig,
        lld=lld,
        told_minimum=True,
    )


def _lld(zig: Zig, target: str, sdk: str | None, machine: Machine) -> Lld:
    return Lld(
        tool=find_lld(machine.environment),
        sdk=sdk or sdk_version(zig.program),
        libraries=MacosLibraries.below(machine.cache, zig.program, zig.digest, target),
    )


def _native_toolchain(wanted: Wanted, machine: Machine) -> Toolchain:
    if wanted.host.triple != machine.native:
        raise UnknownHostError(
            f"the native toolchain builds for {machine.native or 'none of the known hosts'}, "
            f"not for {wanted.host.triple}",
            hint="Use the default toolchain, or give a CMake toolchain file with --toolchain.",
        )
    return Toolchain(kind=ToolchainKind.NATIVE, file=None)


def _depends_toolchain(wanted: Wanted, _: Machine) -> Toolchain:
    """Bitcoin Core's own: its ``depends`` writes the file beside the libraries that it builds."""
    triple = wanted.host.triple
    depends = wanted.suite / "depends"
    file = depends / triple / "toolchain.cmake"
    if not file.is_file():
        built = f"Build them first: make -C {shlex.quote(str(depends))} HOST={triple}"
        raise ConfigurationError(
            f"toolchain 'depends' for {triple}: there is no {file}",
            hint=built if depends.is_dir() else "Only Bitcoin Core's source has a depends.",
        )
    return Toolchain(kind=ToolchainKind.DEPENDS, file=file)


_LINKERS: Final = ("zig", "lld")
_KINDS: Final[Mapping[str, Callable[[Wanted, Machine], Toolchain]]] = {
    ToolchainKind.ZIG: _zig_toolchain,
    ToolchainKind.NATIVE: _native_toolchain,
    ToolchainKind.MINGW: find_mingw,
    ToolchainKind.CLANG: find_clang,
    ToolchainKind.DEPENDS: _depends_toolchain,
}
"""What the words mean that are no files."""
