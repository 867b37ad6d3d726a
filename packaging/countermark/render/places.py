"""Where findings stand, as machines want to be told: which file, which slice, which URI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from countersign.escaping import printable
from countersign.findings import FileVerdict, Finding, SliceVerdict, Verdict

__all__ = ["Placed", "file_name", "places", "relative_path"]


class Placed(NamedTuple):
    """A finding and what it is about."""

    finding: Finding
    file: FileVerdict
    thin: SliceVerdict | None
    """None when it is about the file as a whole."""

    @property
    def subject(self) -> str:
        """Name the member and the slice; empty for a plain file as a whole."""
        parts = (self.file.member, self.thin.arch if self.thin else None)
        return printable(", ".join(part for part in parts if part))


def places(verdict: Verdict) -> Iterator[Placed]:
    """Give every finding, in the order of the files."""
    for file in verdict.files:
        yield from (Placed(finding, file, None) for finding in file.findings)
        for thin in file.slices:
            yield from (Placed(finding, file, thin) for finding in thin.findings)


def file_name(file: FileVerdict) -> str:
    """Name a file or a member, such that it can be printed."""
    return printable(f"{file.path}: {file.member}" if file.member else file.path)


def relative_path(path: str, directory: Path) -> str:
    """Say where ``path`` is, seen from ``directory``; absolute when it lies elsewhere."""
    absolute = os.path.normpath(directory / path)
    inside = Path(absolute).is_relative_to(directory)
    return os.path.relpath(absolute, directory) if inside else absolute
