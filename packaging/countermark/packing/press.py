"""Where and with what archives are compressed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from countermark.files import sha256_of
from countermark.process import Command, Runner
from countermark.tools import find_program, version_of

__all__ = ["ZLIB", "Press", "zstd_library"]

ZLIB: Final = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
"""Python's own compressor, as the manifest calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Where and with what an archive is compressed."""

    temporary: Path
    """A directory on the file system of the archives."""
    environment: Mapping[str, str]
    runner: Runner
    log: Path

    def find(self, name: str) -> tuple[Path, str] | None:
        """Return the program ``name`` and what to call it in the manifest, or None."""
        program = find_program(name, self.environment)
        return (program, f"{name} {version_of(program, self.environment)}") if program else None

    def identify(self, suffix: str) -> str:
        """Say what compresses an archive of this suffix; a program is told by its content, too."""
        if suffix == ".zst":
            return zstd_library()
        found = self.find("zip" if suffix == ".zip" else "gzip")
        return f"{ZLIB}, {found[1]} {sha256_of(found[0])}" if found else ZLIB

    def run(self, *argv: str, directory: Path | None = None, text: str = "") -> None:
        """Run a compressor in ``directory``, with ``text`` on its standard input."""
        self.runner.run(
            Command(argv=argv, environment=self.environment, directory=directory, text=text),
            what="compressing",
            log=self.log,
        )

    def filter(self, target: IO[bytes], *argv: str) -> AbstractContextManager[IO[bytes]]:
        """Run a compressor that writes to ``target`` what is written to the stream given."""
        command = Command(argv=argv, environment=self.environment)
        return self.runner.feed(command, target, what="compressing", log=self.log)


def zstd_library() -> str:
    """Return the only compressor of ``.tar.zst``, as the manifest calls it."""
    from zstandard import ZSTD_VERSION

    return f"zstd {'.'.join(map(str, ZSTD_VERSION))}"
