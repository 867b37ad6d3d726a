"""Which members are offered for replacement, and what takes their place."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from countermark.errors import WorkError
from countermark.rewriting.target import telling_trouble
from counterproof.trees.content import CHUNK
from countersign.image import ImageFormat, identify

__all__ = ["Content", "Replace", "Replacer"]

Replace: TypeAlias = Callable[[str, BinaryIO], BinaryIO | None]
"""Takes a member's name and content; gives a new content, or None to keep the old one."""

_ENOUGH: Final = 4096
"""Bytes that :func:`identify` wants to see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a member is to hold."""

    replaced: bool
    """False for what it held before."""
    size: int
    """Bytes."""
    chunks: Iterator[bytes]
    """All of it, to be read once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacer:
    """Decides about each member of one archive."""

    source: Path
    """The archive, for messages."""
    replace: Replace
    temporary: Path
    """A directory for files without names."""

    @contextlib.contextmanager
    def examine(self, name: str, size: int, chunks: Iterator[bytes]) -> Iterator[Content]:
        """Read a file's old content, ``size`` bytes, and give what it is to hold.

        Raises :class:`WorkError`, and what ``chunks`` and ``replace`` raise.
        """
        first = next(chunks, b"")
        rest = chain((first,), chunks)
        if not _is_macho(first):
            yield Content(replaced=False, size=size, chunks=rest)
            return
        with self._spool(rest) as old:
            new = self.replace(name, old)
            if new is None:
                yield Content(replaced=False, size=size, chunks=self._read(old, size))
                return
            with new:
                size = self._size(new)
                yield Content(replaced=True, size=size, chunks=self._read(new, size))

    def _spool(self, chunks: Iterator[bytes]) -> BinaryIO:
        with telling_trouble(self.source):
            file = tempfile.TemporaryFile(dir=self.temporary)  # noqa: SIM115  # it is handed over
        try:
            for chunk in chunks:
                with telling_trouble(self.source):
                    file.write(chunk)
            with telling_trouble(self.source):
                file.seek(0)  # and flush: it may be read by its descriptor
        except BaseException:
            with contextlib.suppress(OSError):  # closing would try to write once more
                file.close()
            raise
        return file

    def _size(self, file: BinaryIO) -> int:
        with telling_trouble(self.source):
            return file.seek(0, os.SEEK_END)

    def _read(self, file: BinaryIO, size: int) -> Iterator[bytes]:
        with telling_trouble(self.source):
            file.seek(0)
            for left in range(size, 0, -CHUNK):
                chunk = file.read(min(CHUNK, left))
                if len(chunk) != min(CHUNK, left):
                    raise WorkError(
                        f"{self.source}: a member's new content was cut while it was read",
                        hint="It is as it was. Run it again.",
                    )
                yield chunk


def _is_macho(content: bytes) -> bool:
    image = identify(content[:_ENOUGH])
    return image is not None and image.format is ImageFormat.MACH_O
