"""What the hardening rules ask of an image; small values that travel between processes.

A fact that the file does not give away, because it was stripped or is built in a way that is not
known, is :class:`Undecided` and says why. Nothing undecided ever passes for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

__all__ = [
    "BuildPath",
    "ElfFacts",
    "Facts",
    "Leftovers",
    "MachOFacts",
    "MachOSlice",
    "Names",
    "PeFacts",
    "SymbolVersion",
    "Undecided",
    "Unreadable",
]


class Undecided(NamedTuple):
    """A fact that cannot be told from this file."""

    why: str


class Unreadable(NamedTuple):
    """An image of which no fact could be read."""

    why: str


class Names(NamedTuple):
    """The first of many names, in file order."""

    first: tuple[str, ...]
    total: int
    """How many there are in all."""


class SymbolVersion(NamedTuple):
    """A version of a library's symbols that an ELF image asks for."""

    name: str
    """As the library calls it, such as ``GLIBC_2.34``."""
    symbol: str
    """One of the symbols that are asked for in this version."""
    symbols: int
    """How many are."""


class BuildPath(NamedTuple):
    """A path of the machine that built an image."""

    offset: int
    """From the start of the file."""
    text: str


class Leftovers(NamedTuple):
    """What stripping takes away."""

    debug: tuple[str, ...]
    """The sections or segments with debug information."""
    symbols: int
    """Entries of the table of symbols that nothing needs at run time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfFacts:
    """An ELF image."""

    architecture: str
    """As :mod:`countersign.image` names it."""
    program: bool
    """True when it can be started; a shared library cannot."""
    static: bool
    """True when no library is loaded with it, so that imports tell nothing."""
    pie: bool
    nx: bool
    """True when its stack is not executable."""
    relro: bool
    """True when there is a PT_GNU_RELRO."""
    bind_now: bool
    """True when every symbol is bound before the program starts, which makes RELRO complete."""
    canary: bool | Undecided
    fortified: tuple[str, ...] | Undecided
    """Some of the checking functions that it calls, such as ``__memcpy_chk``."""
    wrapper: bool
    """True when it has the option of Bitcoin Core's wrapper, which calls nothing to fortify."""
    misplaced: tuple[str, ...] | Undecided
    """Sections in memory of the wrong rights, each with both, such as ``.rodata is r-x, not r--``.
    """
    main: bytes | Undecided
    """The first four bytes of ``main``; of x86-64 only."""
    versions: tuple[SymbolVersion, ...]
    exports: Names
    needed: tuple[str, ...]
    interpreter: str | None
    abi: str | None
    """The system and its oldest version that the ABI note names, such as ``linux 3.2.0``."""
    runpaths: tuple[str, ...]
    """The values of DT_RPATH and DT_RUNPATH."""
    leftovers: Leftovers
    paths: tuple[BuildPath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeFacts:
    """A PE image."""

    architecture: str
    program: bool
    """False for a DLL."""
    dynamic_base: bool
    high_entropy: bool
    nx: bool
    relocations: bool
    canary: bool | Undecided
    main: bytes | Undecided
    """The first four bytes of ``main``; of x86-64 only."""
    libraries: tuple[str, ...]
    subsystem_version: str
    """The oldest version of Windows that may start it, such as ``6.2``."""
    manifest: bool
    checksum: int
    """The one that the header has; 0 when it has none."""
    true_checksum: int
    leftovers: Leftovers
    paths: tuple[BuildPath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachOSlice:
    """One architecture of a Mach-O."""

    architecture: str
    program: bool
    pie: bool
    nx_stack: bool
    nx_heap: bool
    """True for 64 bits: the kernel lets only 32-bit programs run their data."""
    no_undefined: bool
    chained_fixups: bool
    canary: bool
    entry: bytes | Undecided
    """The first four bytes of what LC_MAIN starts, which is ``main``."""
    libraries: tuple[str, ...]
    """The paths of the libraries that dyld loads with it."""
    rpaths: tuple[str, ...]
    """Where it looks for libraries whose paths begin with ``@rpath``: LC_RPATH."""
    minimum: str | None
    """The oldest macOS, such as ``14.0.0``."""
    sdk: str | None
    linker: str | None
    """The version of the first tool that LC_BUILD_VERSION names."""
    uuid: bool
    misaligned: tuple[str, ...]
    """Segments that do not begin at a page of Apple silicon, 16 KiB."""
    leftovers: Leftovers


@dataclass(frozen=True, slots=True, kw_only=True)
class MachOFacts:
    """A Mach-O, thin or universal."""

    slices: tuple[MachOSlice, ...]
    paths: tuple[BuildPath, ...]


Facts: TypeAlias = ElfFacts | PeFacts | MachOFacts | Unreadable
