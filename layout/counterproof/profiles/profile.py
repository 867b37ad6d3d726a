"""Profiles: what a stage or an archive must hold, for each platform.

A profile is a TOML file: ``schema``, ``name``, ``title`` and ``description``; ``[programs]`` by
name, each with its ``directory``; other ``[files]`` by pattern. A program or a pattern may be
``required``, and may apply to some ``platforms`` only. ``libexec`` is the path of that directory;
``unlisted`` says whether other files are ``refused``, which is the default, or ``allowed``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal, TypeAlias

from counterproof.profiles.pattern import Pattern
from counterproof.target import Platform, Target

__all__ = ["BIN", "SCHEMA", "Directory", "ListedFile", "Profile", "Program", "Unlisted"]

SCHEMA: Final = "countermark.profile/1"
"""The only version of the format so far."""

BIN: Final = PurePosixPath("bin")
"""Where the programs of the directory ``bin`` stand: the wrapper looks for this very name."""

Directory: TypeAlias = Literal["bin", "libexec"]
"""What users start, and what other programs start."""
Unlisted: TypeAlias = Literal["refused", "allowed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program by its name, without any ``.exe``."""

    name: str
    directory: Directory
    required: bool
    platforms: tuple[Platform, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """Files that are not programs: one path, or all that match a pattern."""

    pattern: Pattern
    required: bool
    """True when at least one file must match."""
    platforms: tuple[Platform, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a tree must hold and may hold."""

    name: str
    title: str
    """One line, for lists."""
    description: str
    libexec: PurePosixPath
    """Where the programs of the directory ``libexec`` really stand."""
    unlisted: Unlisted
    """Whether a file that the profile does not list may be in the tree."""
    programs: tuple[Program, ...] = ()
    files: tuple[ListedFile, ...] = ()

    def programs_for(self, platform: Platform) -> tuple[Program, ...]:
        """Give the programs that may stand in a tree for ``platform``."""
        return tuple(program for program in self.programs if platform in program.platforms)

    def files_for(self, platform: Platform) -> tuple[ListedFile, ...]:
        """Give the other files that may stand in a tree for ``platform``."""
        return tuple(file for file in self.files if platform in file.platforms)

    def place(self, program: Program, target: Target) -> PurePosixPath:
        """Give the path of the program's file, from the top of the tree."""
        directory = BIN if program.directory == "bin" else self.libexec
        return directory / target.file_name(program.name)
