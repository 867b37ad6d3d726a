"""What a profile says of the wrapper: the one program that starts the others by a command.

The commands and what they run are those of Bitcoin Core's ``src/bitcoin.cpp``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Command", "Spawn", "Wrapper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of the wrapper, and the program that it starts."""

    name: str
    monolithic: str
    """The program of ``bitcoin NAME`` and ``bitcoin -M NAME``, without any ``.exe``."""
    multiprocess: str
    """The program of ``bitcoin -m NAME``; often the same."""


class Spawn(NamedTuple):
    """A program that starts another one, which it looks for in its own directory and nowhere else
    (Bitcoin Core ``src/ipc/process.cpp``).
    """

    spawner: str
    spawned: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """The wrapper and all that it can start."""

    program: str
    """The wrapper's own name, without any ``.exe``."""
    commands: tuple[Command, ...]
    """In the order of the profile; their names are unique."""
    spawns: tuple[Spawn, ...] = ()
