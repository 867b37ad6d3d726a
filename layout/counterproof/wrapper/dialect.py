"""Whose wrapper it is: Bitcoin Core's, or the reference suite's, which says so in its own bytes.

The mark is four words, each ended by a NUL: ``countermark-wrapper/1``, the kind of programs that
run without ``-m`` and ``-M``, the name of the directory of programs, and the way from there to the
internal ones (``src/locate.c``). Without it a wrapper is taken for Bitcoin Core's or a fork's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal, TypeAlias

__all__ = ["BITCOIN_CORE", "SEARCHED", "Default", "Dialect", "find_dialect"]

Default: TypeAlias = Literal["multiprocess", "monolithic"]

_MARK: Final = b"countermark-wrapper/1\0"
SEARCHED: Final = 1 << 20
"""Bytes of a program in which the mark is looked for; the reference wrapper has far fewer."""
_LENGTH: Final = 1024
"""Bytes that the rest of a mark has at most."""
_DEFAULTS: Final[Mapping[bytes, Default]] = {
    b"multiprocess": "multiprocess",
    b"monolithic": "monolithic",
}
_COMMANDS: Final = frozenset({"gui", "node", "rpc", "tx", "util", "wallet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What differs between wrappers."""

    name: Literal["bitcoin-core", "reference"]
    default: Default
    bin_name: str
    """Only in a directory of this name is there a way to the internal programs."""
    libexec: PurePosixPath | None
    """The way from the wrapper's directory to them; None when they are in the same."""
    commands: frozenset[str] | None = None
    """The commands that it knows; None when these are the profile's."""


BITCOIN_CORE: Final = Dialect(
    name="bitcoin-core",
    default="monolithic",
    bin_name="bin",
    libexec=PurePosixPath("../libexec"),
)
"""Both names are built in, whatever CMake's install directories are (``src/bitcoin.cpp``)."""


def find_dialect(start: bytes) -> Dialect | None:
    """Read the mark in a program's first :data:`SEARCHED` bytes; None when there is none, or none
    that can be read.
    """
    _, mark, rest = start[:SEARCHED].partition(_MARK)
    words = rest[:_LENGTH].split(b"\0", 3)
    default = _DEFAULTS.get(words[0])
    if not mark or default is None or len(words) < 4:
        return None
    bin_name, libexec = (word.decode("utf-8", "surrogateescape") for word in words[1:3])
    if not (bin_name + libexec).isprintable() or libexec.startswith("/"):
        return None
    return Dialect(
        name="reference",
        default=default,
        bin_name=bin_name,
        libexec=PurePosixPath(libexec) if libexec else None,
        commands=_COMMANDS,
    )
