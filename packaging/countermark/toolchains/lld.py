"""LLVM's linker for macOS, ``ld64.lld``, which the default toolchain can have in place of zig's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from countermark.errors import MissingToolError
from countermark.toolchains.macos_libraries import MacosLibraries
from countermark.tools import Tool, find_newest, numbers

__all__ = ["INSTALL_LLD", "OLDEST_LLD", "Lld", "find_lld"]

OLDEST_LLD: Final = 19
"""The first with which it was tried: older ones know neither all the options nor zig's stub."""
INSTALL_LLD: Final = "apt-get install lld-19, or a newer one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lld:
    """The linker and what it links with."""

    tool: Tool
    sdk: str
    """The version of the SDK that programs name."""
    libraries: MacosLibraries

    @property
    def words(self) -> tuple[str, str, str]:
        """What a compiler's wrapper is told of it."""
        return str(self.tool.program), self.sdk, str(self.libraries.directory)


def find_lld(environment: Mapping[str, str]) -> Tool:
    """Find the newest ``ld64.lld`` on PATH that serves.

    Raises :class:`MissingToolError` when there is none.
    """
    found = find_newest("ld64.lld", OLDEST_LLD, environment)
    if found and numbers(found.version) >= (OLDEST_LLD,):
        return found
    there = f"{found.program} is version {found.version}" if found else "there is none"
    raise MissingToolError(
        f"the linker lld is ld64.lld {OLDEST_LLD} or newer, and {there}",
        hint=f"Install it, for example: {INSTALL_LLD}; or leave out linker = 'lld'.",
    )
