"""Which compiler builds for a host, as CMake is told about it."""

from __future__ import annotations

import enum
import hashlib
import importlib.metadata
import importlib.util
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.errors import MissingToolError
from countermark.hosts import Host
from countermark.process import Runner
from countermark.toolchains.lld import Lld
from countermark.tools import Tool

__all__ = [
    "TOOLCHAIN_FILES",
    "Machine",
    "Toolchain",
    "ToolchainKind",
    "Wanted",
    "Zig",
    "find_zig",
]

TOOLCHAIN_FILES: Final = Path(__file__).parent / "toolchains"
"""Where our own CMake toolchain files are."""
REPRODUCIBLE_CMAKE: Final = TOOLCHAIN_FILES / "reproducible.cmake"
"""Included by every suite's first ``project()``: prefix maps and no time in the output."""


class ToolchainKind(enum.StrEnum):
    """The ways to get a compiler; all but the last are called by these names."""

    ZIG = "zig"
    NATIVE = "native"
    MINGW = "mingw-w64"
    CLANG = "clang"
    DEPENDS = "depends"
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
    programs: tuple[Tool, ...] = ()
    """The compilers and tools of this machine that were looked for, the compiler first."""
    told_minimum: bool = False
    """Whether it is told the oldest system that programs start on, and sees to it."""
    sdk: str | None = None
    """The version of the SDK of the user's that it compiles with."""

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
        if self.programs:
            return f"{self.kind}, {self.programs[0].name} {self.programs[0].version}"
        return str(self.file) if self.file is not None else "native"

    @property
    def tools(self) -> tuple[Tool, ...]:
        """All that was looked for and that the bytes depend on, besides zig."""
        return (*self.programs, *([self.lld.tool] if self.lld else []))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The toolchain that is asked for, for one host."""

    host: Host
    name: str
    """That of a kind, or the path of a CMake toolchain file."""
    base: Path
    """What a relative path starts from."""
    suite: Path
    linker: str | None = None
    sdk: str | None = None
    """The version of the SDK that images shall name, where the linker is told it."""
    sdk_path: Path | None = None
    """Where an SDK, or the root of another system, is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where a toolchain is looked for."""

    native: str | None
    """The triple of this machine."""
    cache: Path
    environment: Mapping[str, str]


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
    listing = tomllib.loads((TOOLCHAIN_FILES / "ziglang-wheels.toml").read_text(encoding="utf-8"))
    return {wheel["content"]: wheel["sha256"] for wheel in listing["wheel"]}


def _record_lines(record: str) -> list[str]:
    return sorted(
        line
        for line in record.splitlines()
        if line.startswith("ziglang/") and "sha256=" in line and "__pycache__" not in line
    )


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
