"""The build record: what an archive was made from, for others to make the same again.

It stands in every archive, at :data:`~counterproof.profiles.profile.BUILD_RECORD`, so it holds all
that determines the bytes and nothing that differs between two builders of the same: no time, no
path of a machine, no name of a user.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from countermark.settings import CMakeValue

__all__ = [
    "LARGEST",
    "SCHEMA",
    "BuildRecord",
    "CompilerRow",
    "DependencyRow",
    "FileRow",
    "GeneratorRow",
    "ToolchainRow",
]

SCHEMA: Final = "countermark.build-record/1"
LARGEST: Final = 1 << 20
"""Bytes of the largest record that is read."""

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
_Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
_Word = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,255}$")]


class FileRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that somebody wrote for the release, such as a toolchain file."""

    digest: _Digest
    path: _Text | None = None
    """From the top of the suite; null for a file that is no part of it."""


class ToolchainRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What compiled it."""

    kind: Literal["zig", "native", "mingw-w64", "clang", "file"]
    version: _Text | None = None
    digest: _Digest | None = None
    """Of zig's headers and libraries, which are the same in its packages for all machines."""
    file: FileRow | None = None
    """The CMake toolchain file, when that is the user's own."""
    sdk: _Text | None = None
    """The version of the user's SDK that clang compiled with."""


class CompilerRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One language's compiler, as CMake found it."""

    language: _Text
    id: _Text
    version: Annotated[str, msgspec.Meta(max_length=4096)]


class DependencyRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was built before the suite: its source, and how, in the words of the configuration."""

    name: _Word
    version: _Text | None = None
    source: _Text
    """The name of its archive or directory; its path from the top of the suite, if it is in it."""
    inside: bool
    """Whether the source is a part of the suite."""
    archive: bool
    digest: _Digest
    """Of the archive, or over the files of the directory."""
    url: _Text | None = None
    """Where the archive was to be had."""
    linked: bool
    """Whether it was built for the host, and not only for its programs."""
    native: bool
    recipe: Literal["cmake", "headers", "c", "commands"]
    needs: tuple[_Word, ...] = ()
    cmake: dict[_Text, CMakeValue] = {}
    directory: _Text | None = None
    headers: tuple[_Text, ...] = ()
    sources: tuple[_Text, ...] = ()
    definitions: tuple[_Text, ...] = ()
    library: _Text | None = None
    package: _Text | None = None
    targets: tuple[_Text, ...] = ()
    commands: tuple[_Text, ...] = ()


class GeneratorRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that the build ran."""

    name: _Word
    variable: _Text | None = None
    """The cache entry that led to it."""
    dependency: _Word | None = None
    """What brought it; null for one that was there."""
    program: _Word | None = None
    """Its name in there, where that is another."""
    version: _Text | None = None
    """What it had to say of itself."""
    digest: _Digest | None = None
    """Of one that was there."""


class BuildRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole document."""

    schema: Literal["countermark.build-record/1"] = SCHEMA
    made_by: _Text
    """countermark with its version."""
    name: _Word
    version: _Word
    source_date_epoch: Annotated[int, msgspec.Meta(ge=0)]
    source: _Digest
    """Over the names and contents of the suite's files, as :mod:`countermark.source` makes it. Not
    the commit: a copy of the files that is not under git makes the same release."""
    host: _Word
    toolchain: ToolchainRow
    compilers: tuple[CompilerRow, ...]
    tools: dict[_Word, _Text]
    """The versions of CMake and Ninja by name; of ld64.lld where it linked the programs, and of
    objcopy where it split them."""
    cmake: dict[_Text, CMakeValue]
    preset: _Text | None = None
    minimum: _Text | None = None
    """The oldest macOS, glibc or Windows NT that it was made for, where that was settled."""
    linker: _Text | None = None
    """Which of the default toolchain's linkers for macOS was asked for."""
    sdk: _Text | None = None
    """The SDK that the images were made to name."""
    environment: dict[_Text, str] = {}
    """Variables that the programs which built it were given, besides those of every build."""
    dependencies: tuple[DependencyRow, ...] = ()
    """What was built before it, in that order."""
    generators: tuple[GeneratorRow, ...] = ()
    prefixes: tuple[_Digest, ...] = ()
    """Over the files of each directory of libraries that was given."""
    splits_debug: bool = False
    """Whether debug information was split from the programs, which leaves a link to it in them."""
    components: tuple[_Text, ...] = ()
    profile: _Text
    profile_file: FileRow | None = None
    """The profile's file, when that is the user's own."""
    style: _Text
