"""What CMake did, command by command: its trace in the format ``json-v1``.

Format: cmake(1), ``--trace-format``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["Call", "Place", "read_trace"]

_MOST_BYTES: Final = 1 << 30


class _Event(msgspec.Struct, frozen=True):
    """A line of the trace; the first line, which tells the format's version, has none of it."""

    cmd: str = ""
    args: tuple[str, ...] = ()
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in the suite."""

    file: str
    """From the suite's top."""
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One command of the suite's own files, in the order in which they ran."""

    command: str
    """In small letters: CMake does not care."""
    arguments: tuple[str, ...]
    """With the values of all variables."""
    place: Place


def read_trace(file: Path, suite: Path) -> tuple[Call, ...]:
    """Return the calls in the trace ``file`` that stand in a file below ``suite``.

    Lines that are no events are left out: CMake may have been stopped in the middle of one.
    """
    decoder = msgspec.json.Decoder(_Event)
    top = f"{suite}/"
    calls = []
    with file.open("rb") as stream:
        for line in stream.readlines(_MOST_BYTES):
            try:
                event = decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if event.file.startswith(top):
                place = Place(event.file.removeprefix(top), event.line)
                calls.append(Call(command=event.cmd.lower(), arguments=event.args, place=place))
    return tuple(calls)
