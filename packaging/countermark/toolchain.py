"""Which compiler builds for a host: ziglang's, the machine's own, or a file of the user's."""

from __future__ import annotations

import enum
import hashlib
import importlib.metadata
import importlib.util
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.errors import ConfigurationError, MissingToolError, UnknownHostError
from countermark.hosts import Host

__all__ = ["Toolchain", "ToolchainKind", "Zig", "find_zig", "select_toolchain"]

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

    def __str__(self) -> str:
        if self.zig is not None:
            return f"zig {self.zig.version}"
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


def select_toolchain(host: Host, name: str, *, native: str | None, base: Path) -> Toolchain:
    """Return the toolchain that ``name`` means for ``host``.

    ``name`` is ``zig``, ``native``, or the path of a CMake toolchain file, relative to ``base``.
    ``native`` is the triple of this machine. Raises :class:`UnknownHostError` when the toolchain
    cannot build for the host, :class:`ConfigurationError` when the file does not exist.
    """
    if name == ToolchainKind.ZIG:
        return _zig_toolchain(host)
    if name == ToolchainKind.NATIVE:
        return _native_toolchain(host, native)
    file = (base / Path(name).expanduser()).resolve()
    if not file.is_file():
        raise ConfigurationError(
            f"toolchain '{name}' for {host.triple}: there is no file {file}",
            hint="Give 'zig', 'native', or the path of a CMake toolchain file.",
        )
    return Toolchain(kind=ToolchainKind.FILE, file=file)


def _zig_toolchain(host: Host) -> Toolchain:
    if host.zig_target is None:
        raise UnknownHostError(
            f"{host.triple} cannot be built with the default toolchain: {host.refusal}",
            hint="Give a CMake toolchain file for it with --toolchain.",
        )
    zig = find_zig()
    return Toolchain(
        kind=ToolchainKind.ZIG,
        file=_FILES / "zig.cmake",
        variables=(
            ("COUNTERMARK_ZIG", str(zig.program)),
            ("COUNTERMARK_ZIG_TARGET", host.zig_target),
            ("COUNTERMARK_PYTHON", sys.executable),
        ),
        zig=zig,
    )


def _native_toolchain(host: Host, native: str | None) -> Toolchain:
    if host.triple != native:
        raise UnknownHostError(
            f"the native toolchain builds for {native or 'none of the known hosts'}, "
            f"not for {host.triple}",
            hint="Use the default toolchain, or give a CMake toolchain file with --toolchain.",
        )
    return Toolchain(kind=ToolchainKind.NATIVE, file=None)
