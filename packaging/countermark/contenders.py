"""Who is measured: countermark, the limits of the machine, and other signers that are found.

Each is a whole process. Those that only sign in place get a copy of the image, made before their
time is taken, so that they are spared the writing that the others do.
"""

from __future__ import annotations

import enum
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.tools import find_program

__all__ = [
    "APPLE_PLATFORM",
    "COPY",
    "PEERS",
    "SIGN",
    "START_UP",
    "VERIFY",
    "Contender",
    "Role",
    "apple_platform",
    "find_peers",
    "limits",
    "ours",
]


class Role(enum.StrEnum):
    """What a measured process does."""

    LIMIT = "limit"
    """Something that no signer can do without."""
    SIGN = "sign"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One program with its arguments."""

    name: str
    role: Role
    argv: tuple[str, ...]
    """The arguments, with the words SOURCE, TARGET and SIGNED where paths are to stand."""
    in_place: bool = False
    """True when it signs TARGET, which must be there, rather than SOURCE into TARGET."""

    def command(self, *, source: Path, target: Path, signed: Path) -> tuple[str, ...]:
        """Put paths into the arguments: the unsigned image, the new one, one that is signed."""
        paths = {"SOURCE": str(source), "TARGET": str(target), "SIGNED": str(signed)}
        return tuple(paths.get(word, word) for word in self.argv)


SIGN: Final = "countermark sign"
VERIFY: Final = "countermark verify"
COPY: Final = "cp"
START_UP: Final = "python start-up"
APPLE_PLATFORM: Final = "apple-platform-py"

_PROGRAMS: Final[dict[str, tuple[str, ...]]] = {
    "ldid": ("-Hsha256", "-Cadhoc", "-S", "TARGET"),
    "zsign": ("-q", "-a", "TARGET"),
    "rcodesign": ("sign", "SOURCE", "TARGET"),
    "codesign": ("--force", "--sign", "-", "TARGET"),
}
"""How each of the other signers, found on PATH, signs one image ad-hoc."""

_APPLE_PLATFORM: Final = "import sys, apple_platform; apple_platform.sign(*sys.argv[1:])"

PEERS: Final = (*_PROGRAMS, APPLE_PLATFORM)
"""The names of all other signers that are known here."""


def ours() -> tuple[Contender, ...]:
    """Return countermark's own commands, run by this Python."""
    program = (sys.executable, "-m", "countermark")
    return (
        Contender(name=SIGN, role=Role.SIGN, argv=(*program, "sign", "-o", "TARGET", "SOURCE")),
        Contender(name=VERIFY, role=Role.VERIFY, argv=(*program, "verify", "SIGNED")),
    )


def limits() -> tuple[Contender, ...]:
    """Return what a signer written in Python cannot do without, but for the hashing."""
    return (
        Contender(name=COPY, role=Role.LIMIT, argv=("cp", "SOURCE", "TARGET")),
        Contender(name=START_UP, role=Role.LIMIT, argv=(sys.executable, "-c", "pass")),
    )


def find_peers(environment: Mapping[str, str]) -> tuple[Contender, ...]:
    """Return the other signers on PATH and in this Python."""
    return tuple(_peers(environment))


def _peers(environment: Mapping[str, str]) -> Iterator[Contender]:
    for name, arguments in _PROGRAMS.items():
        program = find_program(name, environment)
        if program is not None:
            yield Contender(
                name=name,
                role=Role.SIGN,
                argv=(str(program), *arguments),
                in_place="SOURCE" not in arguments,
            )
    if importlib.util.find_spec("apple_platform") is not None:
        yield apple_platform(Path(sys.executable))


def apple_platform(python: Path) -> Contender:
    """Return apple-platform-py, which is rcodesign's library, run by a Python that has it."""
    argv = (str(python), "-c", _APPLE_PLATFORM, "SOURCE", "TARGET")
    return Contender(name=APPLE_PLATFORM, role=Role.SIGN, argv=argv)
