"""Where a wrapper looks for a program, in which order, and how that ends.

Bitcoin Core's (``ExecCommand`` in ``src/bitcoin.cpp``) asks the system to run one place after the
other, and goes on only from what is not there. The C library hands a file that the kernel does not
know to ``/bin/sh``. The reference wrapper looks before it runs, and hands nothing to a shell.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final, NamedTuple

from counterproof.target import Platform, Target
from counterproof.wrapper.dialect import Dialect
from counterproof.wrapper.lookup import Found, Lookup, Sight

__all__ = ["Effect", "Place", "Searcher", "shown"]

ABOVE: Final = "..."
"""What stands in messages for where the user has unpacked the tree."""


class Effect(enum.StrEnum):
    """What comes of one place."""

    RUNS = "runs"
    SHELL = "shell"
    """The C library hands it to ``/bin/sh``."""
    NEXT = "next"
    """The search goes on."""
    FAILS = "fails"
    """The search ends here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place that was tried."""

    path: PurePosixPath
    """From the top of the tree; begins with ``..`` outside of it."""
    sight: Sight
    effect: Effect
    reason: str = ""
    """What the system, or the reference wrapper, says of it where nothing runs."""


class _Answer(NamedTuple):
    effect: Effect
    reason: str = ""


_RUNS: Final = _Answer(Effect.RUNS)
_SHELL: Final = _Answer(Effect.SHELL)
_DENIED: Final = _Answer(Effect.FAILS, "Permission denied")
_MISSING: Final = _Answer(Effect.NEXT, "No such file or directory")

_LINUX: Final[Mapping[Found, _Answer]] = MappingProxyType(
    {
        Found.PROGRAM: _RUNS,
        Found.COMPATIBLE: _RUNS,
        Found.OTHER_MACHINE: _SHELL,
        Found.OTHER_SYSTEM: _SHELL,
        Found.NO_PROGRAM: _SHELL,
        Found.SCRIPT: _RUNS,
        Found.EMPTY: _SHELL,
        Found.NO_IMAGE: _SHELL,
        Found.NOT_EXECUTABLE: _DENIED,
        Found.DIRECTORY: _DENIED,
        Found.SPECIAL: _DENIED,
        Found.ABSENT: _MISSING,
        Found.DANGLING: _MISSING,
        Found.OUTSIDE: _MISSING,
        Found.CIRCLE: _Answer(Effect.FAILS, "Too many levels of symbolic links"),
        Found.BELOW_FILE: _Answer(Effect.FAILS, "Not a directory"),
        Found.UNSEARCHABLE: _DENIED,
    }
)
"""``execvp`` of glibc. musl has no shell for what is no program: "Exec format error", rc 1."""

_DARWIN: Final = MappingProxyType(
    {**_LINUX, Found.OTHER_MACHINE: _Answer(Effect.FAILS, "Bad CPU type in executable")}
)
"""``execvPe`` of Apple's Libc; ``exec_mach_imgact`` of xnu refuses other machines by EBADARCH."""

# libstdc++ takes errno for a Windows error code, so that 13 (EACCES), 8 (ENOEXEC) and 22 (EINVAL)
# become what Windows means by these numbers.
_GONE: Final = _Answer(Effect.NEXT, "The system cannot find the file specified")
_IN_THE_WAY: Final = _Answer(Effect.FAILS, "The data is invalid")
_BAD_FORMAT: Final = _Answer(
    Effect.FAILS, "Not enough memory resources are available to process this command"
)
_UNKNOWN_ERROR: Final = _Answer(Effect.FAILS, "The device does not recognize the command")
_WINDOWS: Final[Mapping[Found, _Answer]] = MappingProxyType(
    {
        **_LINUX,
        **dict.fromkeys((Found.ABSENT, Found.DANGLING, Found.OUTSIDE, Found.BELOW_FILE), _GONE),
        **dict.fromkeys(
            (
                Found.OTHER_SYSTEM,
                Found.NO_PROGRAM,
                Found.SCRIPT,
                Found.EMPTY,
                Found.NO_IMAGE,
            ),
            _BAD_FORMAT,
        ),
        **dict.fromkeys((Found.DIRECTORY, Found.SPECIAL), _IN_THE_WAY),
        Found.OTHER_MACHINE: _UNKNOWN_ERROR,
    }
)
"""``_execvp`` of the Universal C Runtime, which asks CreateProcess and knows few of its errors."""

_FOREIGN: Final = "not a program for this machine"
_REFERENCE: Final[Mapping[Found, _Answer]] = MappingProxyType(
    {
        Found.PROGRAM: _RUNS,
        Found.COMPATIBLE: _Answer(Effect.FAILS, _FOREIGN),
        Found.OTHER_MACHINE: _Answer(Effect.FAILS, _FOREIGN),
        Found.OTHER_SYSTEM: _Answer(Effect.FAILS, _FOREIGN),
        Found.NO_PROGRAM: _Answer(Effect.FAILS, _FOREIGN),
        Found.SCRIPT: _Answer(Effect.FAILS, f"{_FOREIGN}: a script"),
        Found.EMPTY: _Answer(Effect.FAILS, f"{_FOREIGN}: the file is empty"),
        Found.NO_IMAGE: _Answer(Effect.FAILS, _FOREIGN),
        Found.NOT_EXECUTABLE: _Answer(Effect.FAILS, "not executable"),
        Found.DIRECTORY: _Answer(Effect.FAILS, "a directory"),
        Found.SPECIAL: _Answer(Effect.FAILS, "not a regular file"),
        Found.ABSENT: _Answer(Effect.NEXT, "not found"),
        Found.DANGLING: _Answer(Effect.NEXT, "a symbolic link to nothing"),
        Found.OUTSIDE: _Answer(Effect.NEXT, "not found"),
        Found.CIRCLE: _Answer(Effect.FAILS, "cannot be reached: Too many levels of symbolic links"),
        Found.BELOW_FILE: _Answer(Effect.FAILS, "cannot be reached: Not a directory"),
        Found.UNSEARCHABLE: _Answer(Effect.FAILS, "cannot be reached: Permission denied"),
    }
)
"""``locate.c`` and ``image.c`` of the reference suite."""

_ANSWERS: Final[Mapping[tuple[str, Platform], Mapping[Found, _Answer]]] = MappingProxyType(
    {
        ("bitcoin-core", "linux"): _LINUX,
        ("bitcoin-core", "darwin"): _DARWIN,
        ("bitcoin-core", "windows"): _WINDOWS,
        ("reference", "linux"): _REFERENCE,
        ("reference", "darwin"): _REFERENCE,
        ("reference", "windows"): MappingProxyType(
            {**_REFERENCE, Found.BELOW_FILE: _REFERENCE[Found.ABSENT]}
        ),
    }
)


class Searcher:
    """A wrapper at its place in a tree."""

    def __init__(
        self, lookup: Lookup, target: Target, dialect: Dialect, directory: PurePosixPath
    ) -> None:
        """``directory`` is where the wrapper's file really stands, behind all links."""
        self._lookup = lookup
        self._target = target
        self._dialect = dialect
        self._directory = directory
        self._answers = _ANSWERS[dialect.name, target.platform]

    def search(self, program: str) -> tuple[Place, ...]:
        """Give the places in the order in which they are tried, as far as the search goes."""
        places = []
        for directory in self._directories():
            place = self._try(directory / self._target.file_name(program))
            places.append(place)
            if place.effect is not Effect.NEXT:
                break
        return tuple(places)

    def everywhere(self, program: str) -> tuple[Sight, ...]:
        """See what stands at all places, also where no search would come."""
        name = self._target.file_name(program)
        return tuple(self._lookup.look(directory / name) for directory in self._directories())

    @property
    def out_of_bin(self) -> PurePosixPath | None:
        """The directory of internal programs where the wrapper does not look for it, because its
        own has another name; None where it does look.
        """
        libexec = self._dialect.libexec
        return None if libexec is None or self._in_bin() else _climb(self._directory, libexec)

    def _directories(self) -> Iterator[PurePosixPath]:
        libexec = self._dialect.libexec
        if libexec is not None and self._in_bin():
            yield _climb(self._directory, libexec)
        if self._target.platform == "windows":
            yield self._directory / "daemon"
        yield self._directory

    def _in_bin(self) -> bool:
        name, wanted = self._lookup.name_of(self._directory), self._dialect.bin_name
        if self._dialect.name == "reference" and self._target.platform == "windows":
            return name.casefold() == wanted.casefold()
        return name == wanted

    def _try(self, path: PurePosixPath) -> Place:
        sight = self._lookup.look(path)
        answer = self._answers[sight.found]
        return Place(path=path, sight=sight, effect=answer.effect, reason=answer.reason)


def shown(path: PurePosixPath, platform: Platform) -> str:
    """Write a place as messages of the wrapper name it, from wherever the user has the tree."""
    text = f"{ABOVE}/{path}"
    return text.replace("/", "\\") if platform == "windows" else text


def _climb(directory: PurePosixPath, way: PurePosixPath) -> PurePosixPath:
    """Go ``way`` from ``directory`` as text, which is right because both wrappers do so."""
    for part in way.parts:
        if part != "..":
            directory = directory / part
        elif directory.name in ("", ".."):
            directory = directory / ".."
        else:
            directory = directory.parent
    return directory
