"""Which compiler builds for a host: ziglang's, the machine's own, or a file of the user's."""

from __future__ import annotations

import enum
import hashlib
import importlib.metadata
import importlib.util
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.errors import (
    ConfigurationError,
    MissingToolError,
    UnknownHostError,
    nearest,
)
from countermark.hosts import Host
from countermark.process import Runner
from countermark.toolchains.lld import Lld, find_lld
from countermark.toolchains.macos_libraries import MacosLibraries, sdk_version

__all__ = [
    "Machine",
    "Toolchain",
    "ToolchainKind",
    "Wanted",
    "Zig",
    "find_zig",
    "select_toolchain",
]

_FILES: Final = Path(__file__).parent / "toolchains"
REPRODUCIBLE_CMAKE: Final = _FILES / "reproducible.cmake"
"""Included by every suite's first ``project()``: prefix maps and no time in the output."""


class ToolchainKind(enum.StrEnum):
    """The three ways to get a compiler."""

    ZIG = "zig"
    NATIVE = "native"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zig:
    """The ``ziglang`` package of this Python, a build input."""

    program: Path
    version: str
    digest: str
    """SHA-256 over the sorted ``path,hash,size`` lines of the wheel's RECORD for ``ziglang/``.

    pip does not keep the hash of a wheel it installed; these lines name every file in it with its
    SHA-256, stand in the wheel as published, and are the same wherever it is installed.
    """
    common: str
    """The same without the compiler's own program: only that differs between the wheels for
    different machines, which all compile to the same bytes."""
    wheel_sha256: str | None
    """SHA-256 of the published wheel with that content; None for one that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """A compiler for one host, as CMake is told about it."""

    kind: ToolchainKind
    file: Path | None
    """The CMake toolchain file; None for the machine's own compiler."""
    variables: tuple[tuple[str, str], ...] = ()
    """Cache variables that the file needs."""
    zig: Zig | None = None
    lld: Lld | None = None
    """What links in place of zig's own linker."""

    def make_ready(self, environment: Mapping[str, str], runner: Runner) -> None:
        """Have zig build, once, what another linker takes from it.

        ``environment`` is that of every program of the build. Raises :class:`WorkError`.
        """
        if self.lld is not None:
            self.lld.libraries.fill(environment, runner)

    def __str__(self) -> str:
        if self.zig is not None:
            linker = f", ld64.lld {self.lld.tool.version}" if self.lld else ""
            return f"zig {self.zig.version}{linker}"
        return str(self.file) if self.file is not None else "native"


def find_zig() -> Zig:
    """Find the ``ziglang`` package without importing it.

    Raises :class:`MissingToolError` when it is not installed.
    """
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise MissingToolError(
            "ziglang, the default toolchain, is not installed",
            hint="Install it with: python -m pip install 'countermark[build]', "
            "or name another with --toolchain.",
        )
    distribution = importlib.metadata.distribution("ziglang")
    lines = _record_lines(distribution.read_text("RECORD") or "")
    digest = _digest(lines)
    return Zig(
        program=Path(spec.origin).parent / "zig",
        version=distribution.version,
        digest=digest,
        common=_digest(line for line in lines if not line.startswith("ziglang/zig,")),
        wheel_sha256=_published_wheels().get(digest),
    )


def _published_wheels() -> dict[str, str]:
    """Return the SHA-256 of every known wheel by the digest of its content."""
    listing = tomllib.loads((_FILES / "ziglang-wheels.toml").read_text(encoding="utf-8"))
    return {wheel["content"]: wheel["sha256"] for wheel in listing["wheel"]}


def _record_lines(record: str) -> list[str]:
    return sorted(
        line
        for line in record.splitlines()
        if line.startswith("ziglang/") and "sha256=" in line and "__pycache__" not in line
    )


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The toolchain that is asked for, for one host."""

    host: Host
    name: str
    """``zig``, ``native``, or the path of a CMake toolchain file."""
    base: Path
    """What a relative path starts from."""
    linker: str | None = None
    sdk: str | None = None
    """The version of the SDK that images shall name, where the linker is told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where a toolchain is looked for."""

    native: str | None
    """The triple of this machine."""
    cache: Path
    environment: Mapping[str, str]


def select_toolchain(wanted: Wanted, machine: Machine) -> Toolchain:
    """Return the toolchain that is asked for.

    Raises :class:`UnknownHostError` when it cannot build for the host,
    :class:`ConfigurationError` when there is no such toolchain or linker, and
    :class:`MissingToolError` when it is not installed.
    """
    kind = _KINDS.get(wanted.name)
    if wanted.linker is not None:
        _check_linker(wanted, wanted.linker)
    return kind(wanted, machine) if kind else _from_file(wanted)


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


def _from_file(wanted: Wanted) -> Toolchain:
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
        file=_FILES / "zig.cmake",
        variables=(
            ("COUNTERMARK_ZIG", str(zig.program)),
            ("COUNTERMARK_ZIG_TARGET", host.zig_target),
            ("COUNTERMARK_PYTHON", sys.executable),
            *([("COUNTERMARK_LLD", ";".join(lld.words))] if lld else []),
        ),
        zig=zig,
        lld=lld,
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


_LINKERS: Final = ("zig", "lld")
_KINDS: Final[Mapping[str, Callable[[Wanted, Machine], Toolchain]]] = {
    ToolchainKind.ZIG: _zig_toolchain,
    ToolchainKind.NATIVE: _native_toolchain,
}
"""What the words mean that are no files."""
