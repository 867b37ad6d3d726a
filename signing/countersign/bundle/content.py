"""The content of a file in a bundle: on disk, where it can be read again, or passing by once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from countersign.bundle.program import ProgramSlice, read_program
from countersign.digest import HashType
from countersign.rehash import rehash
from countersign.source import open_source
from countersign.window import Window

__all__ = ["Content", "FileContent", "SeenContent"]

DIGESTS: Final = ("sha1", "sha256")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenContent:
    """What was noted of a file while it passed by."""

    size: int
    digests: Mapping[str, bytes]
    """By the name of the algorithm."""
    kept: bytes | None
    """The whole file, where it was one to be kept."""
    slices: tuple[ProgramSlice, ...] | None

    @classmethod
    def of(cls, window: Window, *, keep: bool) -> SeenContent:
        """Note what may be asked later, reading the file once and a small part of it again."""
        hashers = {name: hashlib.new(name, usedforsecurity=False) for name in DIGESTS}
        for piece in window.pieces():
            for hasher in hashers.values():
                hasher.update(piece)
        return cls(
            size=len(window),
            digests={name: hasher.digest() for name, hasher in hashers.items()},
            kept=bytes(window[:]) if keep else None,
            slices=read_program(window),
        )

    def digest(self, hash_type: HashType) -> bytes | None:
        """Give the digest that was made."""
        whole = self.digests.get(hash_type.algorithm)
        return None if whole is None else whole[: hash_type.size]

    def read(self, limit: int) -> bytes | None:
        """Give what was kept."""
        return None if self.kept is None else self.kept[:limit]

    def program(self) -> tuple[ProgramSlice, ...] | None:
        """Give the signatures that were read."""
        return self.slices
