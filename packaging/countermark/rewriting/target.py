"""Where a new archive goes, and what is said when there is no room for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from countermark.errors import WorkError

__all__ = ["Target", "telling_trouble"]


@contextlib.contextmanager
def telling_trouble(source: Path) -> Iterator[None]:
    """Turn the system's errors in writing into a :class:`WorkError` that names ``source``."""
    try:
        yield
    except OSError as error:
        raise WorkError(
            f"{source} cannot be rewritten: {error.strerror or error}",
            hint="It is as it was. Check the free space and the permissions, then run it again.",
        ) from error


class Target:
    """An empty file that is written from its start to its end."""

    def __init__(self, file: BinaryIO, source: Path) -> None:
        self._file = file
        self._source = source
        self.position = 0
        """Bytes that were written."""

    def write(self, data: bytes) -> None:
        """Write all of ``data`` at the end. Raises :class:`WorkError`."""
        self._write_all(data)
        self.position += len(data)

    def overwrite(self, position: int, data: bytes) -> None:
        """Write ``data`` over what stands at ``position``. Raises :class:`WorkError`."""
        with telling_trouble(self._source):
            self._file.seek(position)
            self._write_all(data)
            self._file.seek(self.position)

    def finish(self) -> None:
        """Hand everything to the system. Raises :class:`WorkError`."""
        with telling_trouble(self._source):
            self._file.flush()

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        with telling_trouble(self._source):
            while view:
                view = view[self._file.write(view) :]
