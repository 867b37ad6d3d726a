"""Profiles: what a tree must hold, for each platform, form and state.

``docs/reference/profiles.md`` tells the format of the file, :mod:`counterproof.profiles.parsing`
reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal, TypeAlias

from counterproof.profiles.pattern import Pattern
from counterproof.profiles.wrapper import Wrapper
from counterproof.target import STATES, Form, Platform, Standard, State, Target

__all__ = [
    "BIN",
    "BUILD_HOMES",
    "BUILD_RECORD",
    "MACOS",
    "SCHEMA",
    "App",
    "Directory",
    "ListedFile",
    "Need",
    "Profile",
    "Program",
    "Unlisted",
    "is_needed",
]

SCHEMA: Final = "countermark.profile/1"
"""The only version of the format so far."""

BIN: Final = PurePosixPath("bin")
"""Where the programs of the directory ``bin`` stand: the wrapper looks for this very name."""

BUILD_HOMES: Final = frozenset(
    map(PurePosixPath, ("bin", "src", "src/bench", "src/qt", "src/qt/test", "src/test"))
)
"""Where a build puts programs: all in ``bin``, or as Bitcoin Core did before its version 29."""

MACOS: Final = PurePosixPath("Contents/MacOS")
"""Where the program of an application bundle stands."""

BUILD_RECORD: Final = PurePosixPath("share/countermark/build.json")
"""What ``countermark release`` puts into its archives, for ``rebuild`` to read. Every profile
allows it: which tool packed a tree is no matter of the list of its files."""

Directory: TypeAlias = Literal["bin", "libexec"]
"""What users start, and what other programs start."""
Unlisted: TypeAlias = Literal["refused", "allowed"]
Need: TypeAlias = Literal["required", "release", "optional"]
"""Whether something must be there: always, when it is measured as a release, or never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program by its name, without any ``.exe``."""

    name: str
    directory: Directory
    need: Need
    platforms: tuple[Platform, ...]
    forms: tuple[Form, ...]
    """The forms of trees that may hold it."""
    nsis: PurePosixPath | None = None
    """Its directory below the one that the Windows installer makes; None when not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """Files that are not programs: one path, or all that match a pattern."""

    pattern: Pattern
    need: Need
    """When needed, at least one file must match."""
    platforms: tuple[Platform, ...]
    forms: tuple[Form, ...]
    states: tuple[State, ...] = STATES
    empty: bool = False
    """True when the file may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The application bundle for macOS."""

    bundle: str
    """The name of its directory, such as ``Bitcoin-Qt.app``."""
    identifier: str
    """``CFBundleIdentifier``."""
    program: Program
    """What it starts, in ``Contents/MacOS``."""
    files: tuple[ListedFile, ...]
    """Everything else, from the bundle's own directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a tree must hold and may hold."""

    name: str
    title: str
    """One line, for lists."""
    description: str
    extends: str | None = None
    """The profile that this one is a change of, as it names it."""
    series: str | None = None
    """The release series that it describes, such as ``30``; None when it is none of a release."""
    distribution: str | None = None
    """The name of the archives: they hold one directory, ``DISTRIBUTION-VERSION``."""
    hosts: tuple[str, ...] = ()
    """The triples that it is released for; empty when it does not say."""
    team: str | None = None
    """Apple's identifier of the team whose certificate signs for macOS."""
    hardening: str | None = None
    """The name of the table of versions and symbols that programs may ask for."""
    libexec: PurePosixPath
    """Where the programs of the directory ``libexec`` really stand."""
    unlisted: Unlisted
    """Whether a file that the profile does not list may be in the tree."""
    programs: tuple[Program, ...] = ()
    files: tuple[ListedFile, ...] = ()
    app: App | None = None
    wrapper: Wrapper | None = None

    @property
    def listed_files(self) -> tuple[ListedFile, ...]:
        """Everything that is listed and no program, wherever it may stand."""
        return (*self.files, *(self.app.files if self.app else ()))

    def programs_for(self, platform: Platform, form: Form = "install") -> tuple[Program, ...]:
        """Give the programs that may stand in a tree of this form for ``platform``."""
        return tuple(
            program
            for program in self._programs(form)
            if platform in program.platforms and form in program.forms
        )

    def files_for(
        self, platform: Platform, form: Form = "install", state: State | None = None
    ) -> tuple[ListedFile, ...]:
        """Give the other files that may stand in such a tree; without a state, in any."""
        return tuple(
            file
            for file in self._files(form)
            if platform in file.platforms
            and form in file.forms
            and (state is None or state in file.states)
        )

    def place(self, program: Program, target: Target, form: Form = "install") -> PurePosixPath:
        """Give the path of the program's file, from the top of the tree."""
        return self.directory(program, form) / target.file_name(program.name)

    def directory(self, program: Program, form: Form = "install") -> PurePosixPath:
        """Give the directory of a program: a build tree has but one, an installer its own."""
        if form == "app":
            return MACOS
        if form == "nsis" and program.nsis is not None:
            return program.nsis
        return BIN if form == "build" or program.directory == "bin" else self.libexec

    def homes(self, form: Form = "install") -> frozenset[PurePosixPath]:
        """Give the directories that programs belong in, listed or not."""
        if form == "build":
            return BUILD_HOMES
        if form in ("app", "nsis"):
            return frozenset(self.directory(item, form) for item in self._programs(form))
        return frozenset({BIN, self.libexec})

    def _programs(self, form: Form) -> tuple[Program, ...]:
        if form != "app":
            return self.programs
        return (self.app.program,) if self.app else ()

    def _files(self, form: Form) -> tuple[ListedFile, ...]:
        if form != "app":
            return self.files
        return self.app.files if self.app else ()


def is_needed(item: Program | ListedFile, standard: Standard) -> bool:
    """Tell whether something must be in a tree that is measured by ``standard``."""
    return item.need == "required" or (item.need == "release" and standard == "guix-release")
