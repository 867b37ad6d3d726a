"""LLVM's compiler and linker of this machine, with the user's SDK of macOS or root of a Linux.

For macOS the compiler is called as Bitcoin Core's ``depends/hosts/darwin.mk`` does.
"""

from __future__ import annotations

import json
import plistlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from countermark.errors import ConfigurationError, MissingToolError, UnknownHostError
from countermark.toolchain import TOOLCHAIN_FILES, Machine, Toolchain, ToolchainKind, Wanted
from countermark.tools import Tool, find_newest, find_program, numbers, version_of
from countersign.version import pack_version, version_text

__all__ = ["INSTALL_CLANG", "find_clang", "newest_clang"]

INSTALL_CLANG: Final = "apt-get install clang-19 lld-19 llvm-19"
_OLDEST: Final = 16
"""The first whose C++20 suffices for Bitcoin Core."""
_LINKERS: Final = {"darwin": "ld64.lld", "linux": "ld.lld"}


def find_clang(wanted: Wanted, machine: Machine) -> Toolchain:
    """Return the toolchain of the newest Clang on PATH, and of the tools of its version.

    Raises :class:`UnknownHostError` for Windows, :class:`ConfigurationError` for a host that needs
    an SDK where none is named, and :class:`MissingToolError` for a program that is not on PATH.
    """
    host = wanted.host
    if host.platform == "windows":
        raise UnknownHostError(
            f"the toolchain clang does not build for {host.triple}",
            hint="Use the default toolchain, zig, or mingw-w64.",
        )
    clang = newest_clang(machine.environment)
    linker = _companion(_LINKERS[host.platform], clang, machine.environment)
    sdk = _sdk(wanted) if host.platform == "darwin" else None
    if host.platform == "linux":
        _check_root(wanted, machine)
    return Toolchain(
        kind=ToolchainKind.CLANG,
        file=TOOLCHAIN_FILES / "clang.cmake",
        variables=(
            *_compilers(clang, machine.environment),
            ("COUNTERMARK_CLANG_TARGET", host.triple),
            ("COUNTERMARK_CLANG_LINKER", str(linker.program)),
            ("COUNTERMARK_CLANG_SDK", str(wanted.sdk_path or "")),
            ("COUNTERMARK_CLANG_SDK_VERSION", sdk or ""),
            ("COUNTERMARK_CLANG_MINIMUM", host.minimum),
        ),
        programs=(clang, linker),
        told_minimum=host.platform == "darwin",
        sdk=sdk,
    )


def newest_clang(environment: Mapping[str, str]) -> Tool:
    """Find the newest Clang on PATH that serves.

    Raises :class:`MissingToolError` when there is none.
    """
    found = find_newest("clang", _OLDEST, environment)
    if found and numbers(found.version) >= (_OLDEST,):
        return found
    there = f"{found.program} is version {found.version}" if found else "there is none"
    raise MissingToolError(
        f"the toolchain clang is version {_OLDEST} or newer, and {there}",
        hint=f"Install it, for example: {INSTALL_CLANG}; or use the default toolchain, zig.",
    )


def _companion(name: str, clang: Tool, environment: Mapping[str, str]) -> Tool:
    """Find a tool of Clang's version, or else the one without a version in its name."""
    for each in (f"{name}-{numbers(clang.version)[0]}", name):
        program = find_program(each, environment)
        if program is not None:
            version = version_of(program, environment) or "unknown"
            return Tool(name=name, program=program, version=version)
    raise MissingToolError(
        f"{name}, of the toolchain clang, is not installed",
        hint=f"Install it, for example: {INSTALL_CLANG}; or use the default toolchain, zig.",
    )


def _compilers(clang: Tool, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    cxx = clang.program.with_name(clang.program.name.replace("clang", "clang++", 1))
    for language, program in (("C", clang.program), ("OBJC", clang.program), ("CXX", cxx)):
        yield f"CMAKE_{language}_COMPILER", str(program)
    yield "CMAKE_OBJCXX_COMPILER", str(cxx)
    for variable, name in (
        ("AR", "llvm-ar"),
        ("RANLIB", "llvm-ranlib"),
        ("STRIP", "llvm-strip"),
        ("OBJCOPY", "llvm-objcopy"),
        ("INSTALL_NAME_TOOL", "llvm-install-name-tool"),
    ):
        yield f"CMAKE_{variable}", str(_companion(name, clang, environment).program)


def _sdk(wanted: Wanted) -> str:
    """Return the version of the user's SDK of macOS, or the one that images shall name."""
    place = f"hosts.{wanted.host.triple}"
    if wanted.sdk_path is None:
        raise ConfigurationError(
            f"{place}: the toolchain clang needs Apple's SDK, and no sdk_path names one",
            hint="Take one out of Xcode as contrib/macdeploy/README.md of Bitcoin Core tells, and "
            "give its directory as sdk_path; or use the default toolchain, zig, which needs none.",
        )
    if not (wanted.sdk_path / "usr" / "include").is_dir():
        raise ConfigurationError(
            f"{place}.sdk_path is {wanted.sdk_path}, which is no SDK: it holds no usr/include",
            hint="Give the directory that holds usr and System.",
        )
    version = wanted.sdk or _told_version(wanted.sdk_path)
    if version is None:
        raise ConfigurationError(
            f"the SDK {wanted.sdk_path} does not tell its version",
            hint=f"Give it as sdk in [{place}].",
        )
    return version


def _told_version(sdk: Path) -> str | None:
    for name, read in (("SDKSettings.json", json.loads), ("SDKSettings.plist", plistlib.loads)):
        try:
            packed = pack_version(str(read((sdk / name).read_bytes())["Version"]))
        except (OSError, ValueError, LookupError, TypeError, plistlib.InvalidFileException):
            continue
        if packed is not None:
            return version_text(packed, short=True)
    return None


def _check_root(wanted: Wanted, machine: Machine) -> None:
    """Refuse to compile for another Linux with the headers of this one."""
    place = f"hosts.{wanted.host.triple}"
    if wanted.sdk_path is None and wanted.host.triple != machine.native:
        raise ConfigurationError(
            f"{place}: the toolchain clang needs the root of a Linux system for it, and no "
            "sdk_path names one",
            hint="Make one, for example with debootstrap, and give its directory as sdk_path; or "
            "use the default toolchain, zig, which needs none.",
        )
    if wanted.sdk_path is not None and not (wanted.sdk_path / "usr" / "include").is_dir():
        raise ConfigurationError(
            f"{place}.sdk_path is {wanted.sdk_path}, which is no root: it holds no usr/include",
            hint="Give the directory that holds usr.",
        )
