"""The key of a dependency: equal keys mean that the same would be built."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from countermark.configuration import HostBuild
from countermark.dependencies.dependency import Dependency
from countermark.dependencies.planned import Generator
from countermark.files import sha256_of
from countermark.toolchain import Toolchain
from countermark.tools import BuildTools

__all__ = ["key_of", "toolchain_digest"]

_SCHEME: Final = 1
"""Counted up when something else is made from the same settings."""
_ELSEWHERE: Final = ("source", "url", "sha256", "hosts", "native", "needs")
"""Settings that do not change what is made, or that the key holds in another way."""


def key_of(
    dependency: Dependency,
    build: HostBuild,
    tools: BuildTools,
    needs: Iterable[str],
    generators: Iterable[Generator],
) -> str:
    """Return SHA-256 in 64 digits over all that determines a dependency before CMake has run.

    ``needs`` are the keys of what it needs. Not in it are what PATH leads to, the user's name and
    home, and the release's own time.
    """
    settings = msgspec.to_builtins(dependency.settings)
    determinants = {
        "scheme": _SCHEME,
        "settings": {key: value for key, value in settings.items() if key not in _ELSEWHERE},
        "source": dependency.digest,
        "host": build.host.triple,
        "toolchain": build.toolchain_digest,
        "minimum": build.minimum,
        "sdk": str(build.sdk_path),
        "environment": build.environment,
        "needs": sorted(needs),
        "generators": sorted(each.variable for each in generators if each.variable),
        "tools": [tools.cmake.version, tools.ninja.version],
    }
    return hashlib.sha256(json.dumps(determinants, sort_keys=True).encode()).hexdigest()


def toolchain_digest(toolchain: Toolchain) -> str:
    """Return a digest over what CMake reads of a toolchain and over the compiler, if it is zig's.

    Where the toolchain lies does not matter. Raises :class:`OSError`.
    """
    parts = [toolchain.kind.value, toolchain.lld.tool.version if toolchain.lld else ""]
    if toolchain.zig is not None:
        parts += [toolchain.zig.digest, *map(sha256_of, _files(toolchain.file))]
        parts += [f"{name}={value}" for name, value in toolchain.variables if value[:1] != "/"]
    elif toolchain.file is not None:
        parts += [sha256_of(toolchain.file), *map("=".join, toolchain.variables)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _files(file: Path | None) -> list[Path]:
    """Return our own toolchain file and all beside it: what it includes, and the filter."""
    return sorted(each for each in file.parent.iterdir() if each.is_file()) if file else []
