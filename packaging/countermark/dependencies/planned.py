"""What will be built before the suite for one host: every path and every command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from countermark.dependencies.dependency import Dependency
from countermark.process import Command
from countermark.toolchain import Toolchain

__all__ = ["Generator", "PlannedDependency", "Site", "Supplies"]

_KEY_DIGITS = 16
"""As many of a key as stand in the name of a directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where one dependency is built for one host, and where it is when that is done."""

    store: Path
    """The directory of all that is built before suites."""
    name: str
    triple: str
    key: str
    """SHA-256 in 64 digits over everything that determines it."""

    @property
    def prefix(self) -> Path:
        """Where it is installed, alone."""
        return self.store / f"{self.name}-{self.triple}-{self.key[:_KEY_DIGITS]}"

    @property
    def log(self) -> Path:
        """What its build printed."""
        return self.prefix.with_name(f"{self.prefix.name}.log")

    @property
    def work(self) -> Path:
        """Where it is built."""
        return self.store / "unfinished" / self.prefix.name

    @property
    def source(self) -> Path:
        """A copy of its source."""
        return self.work / "source"

    @property
    def tree(self) -> Path:
        """Its build tree."""
        return self.work / "build"

    @property
    def staged(self) -> Path:
        """What stands for the root directory while it is installed."""
        return self.work / "staged"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDependency:
    """A dependency that is built for one host."""

    dependency: Dependency
    site: Site
    toolchain: Toolchain
    native: bool
    """Whether it is built for its programs, which run on this machine."""
    configure: Command
    compile: Command
    install: Command | None
    """None for commands that install by themselves."""

    def __str__(self) -> str:
        where = "this machine" if self.native else self.site.triple
        return f"{self.dependency} for {where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """A program of this machine that the build runs."""

    name: str
    program: Path
    variable: str | None
    """The cache entry that is given its path."""
    version: str | None
    """What it must say of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """All that is there before the suite is configured for one host."""

    builds: tuple[PlannedDependency, ...] = ()
    """In the order in which they are built."""
    libraries: tuple[PlannedDependency, ...] = ()
    """Those of them that the suite finds its packages in."""
    generators: tuple[Generator, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.builds or self.generators)
