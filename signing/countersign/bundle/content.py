"""The content of a file in a bundle: on disk, where it can be read again, or passing by once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from countersign.bundle.program import ProgramSlice, read_program
from countersign.digest import HashType
from countersign.rehash import rehash
from countersign.source import open_source
from countersign.window import Window

__all__ = ["Content", "FileContent", "SeenContent"]

ALGORITHMS: Final = ("sha1", "sha256")
"""What is made of everything that passes by: the digests that codesign has ever written."""


class Content(Protocol):
    """What can be asked of a file; raises :class:`SigningError` where it cannot be read."""

    @property
    def size(self) -> int:
        """Bytes of the file."""
        ...

    def digest(self, hash_type: HashType) -> bytes | None:
        """Hash it; None when that digest was not made while it passed by."""
        ...

    def read(self, limit: int) -> bytes | None:
        """Give up to ``limit`` bytes of it; None when it was not kept."""
        ...

    def program(self) -> tuple[ProgramSlice, ...] | None:
        """Give its signed slices; None for what is no Mach-O."""
        ...


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file on disk, which is read whenever it is asked."""

    path: Path

    @property
    def size(self) -> int:
        """Bytes of the file."""
        with open_source(self.path) as source:
            return source.size

    def digest(self, hash_type: HashType) -> bytes | None:
        """Read and hash it."""
        with open_source(self.path) as source:
            return rehash(Window(source), hash_type)

    def read(self, limit: int) -> bytes | None:
        """Read the start of it."""
        with open_source(self.path) as source:
            return bytes(Window(source)[:limit])

    def program(self) -> tuple[ProgramSlice, ...] | None:
        """Read its signatures."""
        with open_source(self.path) as source:
            return read_program(Window(source))


class SeenContent:
    """What is noted of a file while it passes by, piece after piece."""

    def __init__(self, room: int) -> None:
        """``room`` is how many bytes may be kept; of a larger file none are."""
        self.size = 0
        """Bytes that have passed by."""
        self.slices: tuple[ProgramSlice, ...] | None = None
        """The signed slices, of a file that is known for a Mach-O."""
        self._hashers = {name: hashlib.new(name, usedforsecurity=False) for name in ALGORITHMS}
        self._kept = bytearray()
        self._room = room

    @property
    def kept(self) -> int:
        """Bytes that are kept."""
        return len(self._kept)

    def update(self, piece: bytes | memoryview) -> None:
        """Take note of the next piece."""
        self.size += len(piece)
        for hasher in self._hashers.values():
            hasher.update(piece)
        if self.size <= self._room:
            self._kept += piece
        else:
            self._kept.clear()

    def digest(self, hash_type: HashType) -> bytes | None:
        """Give the digest that was made."""
        hasher = self._hashers.get(hash_type.algorithm)
        return hasher.digest()[: hash_type.size] if hasher is not None else None

    def read(self, limit: int) -> bytes | None:
        """Give what was kept."""
        return bytes(self._kept[:limit]) if self.kept == self.size else None

    def program(self) -> tuple[ProgramSlice, ...] | None:
        """Give the signatures that were read."""
        return self.slices
