"""Which system and machine a configured tree builds for, before anything of it is compiled.

CMake has linked one program by then, to find out about the compiler: what that is, is certain.
Where there is none, for a toolchain that cannot link, CMake's own words for the system and the
machine count; they are spelt in many ways, and only those that are known to mean another decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from countermark.errors import ConfigurationError
from countermark.hosts import Host
from countersign.discovery import identify_file
from countersign.escaping import printable

__all__ = ["check_built_for"]

_SET: Final = re.compile(
    r'^set\((CMAKE_SYSTEM_NAME|CMAKE_SYSTEM_PROCESSOR) "(.*)"\)$', re.MULTILINE
)
_SYSTEMS: Final = {"Darwin": "darwin", "Linux": "linux", "Windows": "windows"}
_OTHER_SYSTEMS: Final = frozenset(
    ("Android", "FreeBSD", "iOS", "NetBSD", "OpenBSD", "SunOS", "tvOS")
)
_SPELLINGS: Final = {
    "x86_64": ("x86_64", "x86-64", "amd64", "x64"),
    "aarch64": ("aarch64", "arm64", "arm64e", "armv8", "armv8-a", "armv8a"),
    "arm": ("armhf", "armv6", "armv6l", "armv7", "armv7-a", "armv7a", "armv7l", "armv7hl"),
    "riscv64": ("riscv64", "rv64", "rv64gc", "riscv64gc"),
    "powerpc64": ("powerpc64", "ppc64"),
    "i386": ("i386", "i486", "i586", "i686"),
    "powerpc64le": ("powerpc64le", "ppc64le"),
    "s390x": ("s390x",),
}
"""What CMake's users call a machine. Words of several meanings, such as ``arm``, are left out."""
_MACHINES: Final = {word: name for name, words in _SPELLINGS.items() for word in words}


def check_built_for(tree: Path, host: Host, toolchain: str) -> None:
    """Raise :class:`ConfigurationError` when a configured tree builds for another host.

    ``tree`` is one whose project has enabled a language. Says nothing where it cannot be told.
    """
    found = next(_others(tree, host), None)
    if found is not None:
        raise ConfigurationError(
            f"the toolchain {toolchain} builds for {found}, not for {host.triple}",
            hint=f"Give one for it, as toolchain in [hosts.{host.triple}] or with --toolchain; "
            "or name the host that it is for with --host.",
        )


def _others(tree: Path, host: Host) -> Iterator[str]:
    """Yield what the tree builds for, in words, where that is not the host."""
    system, machine = _words(tree)
    if system in _OTHER_SYSTEMS or _SYSTEMS.get(system, host.platform) != host.platform:
        yield f"{system} on {machine}" if machine else system
    programs = [image for image in map(identify_file, _programs(tree)) if image]
    for image in programs:
        architectures = " and ".join(image.architectures)
        if image.format is not host.image_format or host.architecture not in image.architectures:
            yield f"{system} on {architectures}" if system else architectures
    own = _machine(host.architecture) or host.architecture
    if not programs and _machine(machine) not in (None, own):
        yield f"{system} on {machine}"


def _programs(tree: Path) -> list[Path]:
    return sorted(tree.glob("CMakeFiles/*/CMakeDetermineCompilerABI_*.bin"))


def _words(tree: Path) -> tuple[str, str]:
    """Return what CMake calls the system and the machine; an empty word for what it does not."""
    found: dict[str, str] = {}
    for file in tree.glob("CMakeFiles/*/CMakeSystem.cmake"):
        found.update(_SET.findall(file.read_text(encoding="utf-8", errors="replace")))
    return (
        printable(found.get("CMAKE_SYSTEM_NAME", "")),
        printable(found.get("CMAKE_SYSTEM_PROCESSOR", "")),
    )


def _machine(word: str) -> str | None:
    """Return one name for every spelling of a machine; None for a word that may mean several."""
    return _MACHINES.get(word.lower())
