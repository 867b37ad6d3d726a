"""A look at a file of somebody else's that he may change or cut short meanwhile.

A mapping of such a file kills the process when it is cut short, so it is copied first: into memory,
or, when it is large, into a file without a name beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from countersign.mapping import mapped
from countersign.replacement import NewFile
from countersign.sink import FileSink
from countersign.source import FileSource
from countersign.transfer import NOT_HASHED, transfer

__all__ = ["steady_view"]

IN_MEMORY: Final = 1 << 24
"""Bytes of the largest file that is held in memory."""


@contextmanager
def steady_view(source: FileSource, directory: Path | None) -> Iterator[memoryview]:
    """Give the bytes of an open file, as they are now, for as long as the context lasts.

    ``directory`` is where a large file is copied to; None for a file that nobody else has. Raises
    :class:`ReadError`, :class:`ChangedError` and :class:`WriteError`.
    """
    if source.size <= IN_MEMORY:
        yield memoryview(source.read(0, source.size))
    elif directory is None:
        with mapped(source.descriptor) as view:
            yield view
    else:
        with NewFile(directory) as copy:
            transfer(source, 0, source.size, FileSink(copy.descriptor), 0, NOT_HASHED)
            with mapped(copy.descriptor) as view:
                yield view
