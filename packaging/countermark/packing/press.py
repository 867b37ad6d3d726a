"""Where and with what archives are compressed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.process import Command, Runner
from countermark.tools import find_program, version_of

__all__ = ["LIBRARY", "Press"]

LIBRARY: Final = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
"""Python's own compressor, as the manifest calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Where and with what an archive is compressed."""

    temporary: Path
    environment: Mapping[str, str]
    runner: Runner
    log: Path

    def find(self, name: str) -> tuple[Path, str] | None:
        """Return the program ``name`` and what to call it in the manifest, or None."""
        program = find_program(name, self.environment)
        return (program, f"{name} {version_of(program, self.environment)}") if program else None

    def run(self, *argv: str, directory: Path | None = None, text: str = "") -> None:
        """Run a compressor in ``directory``, with ``text`` on its standard input."""
        self.runner.run(
            Command(argv=argv, environment=self.environment, directory=directory, text=text),
            what="compressing",
            log=self.log,
        )
