"""How a build is led to the libraries of its host, and never to those of this machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from countermark.errors import ConfigurationError
from countermark.toolchain import REPRODUCIBLE_CMAKE, ToolchainKind

__all__ = ["TOP_INCLUDES", "check_prefix", "prefix_entries", "prefix_environment"]

TOP_INCLUDES: Final = f"{REPRODUCIBLE_CMAKE};{Path(__file__).parent / 'prefixes.cmake'}"
"""What the first ``project()`` of every build includes, behind the toolchain file."""

_OURS: Final = (ToolchainKind.ZIG, ToolchainKind.MINGW, ToolchainKind.CLANG)
_MACHINE: Final = ("/", "/usr", "/usr/local", "/opt/homebrew", "/opt/local")
"""Where the libraries of a machine itself are."""


def check_prefix(prefix: Path, triple: str, *, cross: bool) -> None:
    """Raise :class:`ConfigurationError` for a prefix that is none, or is the machine's own.

    ``cross`` tells that what is in ``/usr`` was not made for the host.
    """
    if not prefix.is_dir():
        raise ConfigurationError(
            f"{triple}: there is no prefix {prefix}",
            hint="Install its libraries there, or correct prefix in the configuration.",
        )
    if cross and str(prefix.resolve()) in _MACHINE:
        raise ConfigurationError(
            f"{triple}: the prefix {prefix} holds the libraries of this machine",
            hint=f"Name a directory that holds libraries for {triple}, or build them: see "
            "[[dependencies]].",
        )


def prefix_entries(prefixes: Iterable[Path]) -> dict[str, str]:
    """Return the cache entries that ``prefixes.cmake`` reads."""
    words = ";".join(map(str, prefixes))
    return {"COUNTERMARK_PREFIXES": words} if words else {}


def prefix_environment(kind: ToolchainKind, prefixes: Iterable[Path]) -> dict[str, str]:
    """Return the variables that lead pkg-config to the prefixes.

    With the machine's own compiler they come before its own libraries; with ours they are all that
    there is; others may say so themselves, so nothing is said where there are none.
    """
    places = [
        str(prefix / directory / "pkgconfig")
        for prefix in prefixes
        for directory in ("lib", "share")
    ]
    if kind is ToolchainKind.NATIVE:
        return {"PKG_CONFIG_PATH": ":".join(places)} if places else {}
    if kind in _OURS or places:
        return {"PKG_CONFIG_LIBDIR": ":".join(places)}
    return {}
