"""Showing more of a difference with diffoscope, where it is installed. https://diffoscope.org"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from countermark.difference.outcome import Side, TreeComparison
from countermark.difference.reading import read_contents
from countermark.errors import MissingToolError
from countermark.process import Command, measure
from countermark.rulebook.differences import FILE_BYTES, IMAGE_CODE, SIGNATURE, TEXT_LINES
from countermark.tools import find_program

__all__ = ["SECONDS", "Shown", "diffoscope_command", "find_diffoscope", "show_member"]

SECONDS: Final = 120.0
"""What it may take before it is stopped."""
_MAX_REPORT: Final = 200_000
"""Bytes of its report."""
_CHUNK: Final = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What diffoscope said of one member."""

    member: str
    lines: tuple[str, ...]
    stopped: bool
    """True when it took too long, so that the lines are not all."""


def find_diffoscope(environment: Mapping[str, str]) -> Path:
    """Return the program; raise :class:`MissingToolError` where it is not installed."""
    program = find_program("diffoscope", environment)
    if program is None:
        raise MissingToolError(
            "diffoscope is not installed",
            hint="Install it (for example: apt-get install diffoscope), or leave --diffoscope out.",
        )
    return program


def diffoscope_command(
    comparison: TreeComparison, environment: Mapping[str, str]
) -> Command | None:
    """Return what shows more of a difference, or None where diffoscope is not installed."""
    program = find_program("diffoscope", environment)
    if program is None:
        return None
    paths = (str(comparison.first.path), str(comparison.second.path))
    return Command(argv=("diffoscope", *paths), environment=environment)


def show_member(
    comparison: TreeComparison, program: Path, environment: Mapping[str, str]
) -> Shown | None:
    """Run diffoscope on the first file whose contents differ; None when there is none.

    Raises :class:`TreeError` for an archive that cannot be read any more.
    """
    member = _first_file(comparison)
    if member is None:
        return None
    with tempfile.TemporaryDirectory(prefix="countermark-") as folder:
        names = []
        for side, name in ((comparison.first, "first"), (comparison.second, "second")):
            target = Path(folder, name, PurePosixPath(member).name)
            target.parent.mkdir()
            _take(side, member, target)
            names.append(str(target.relative_to(folder)))
        report, log = Path(folder, "report"), Path(folder, "log")
        options = ("--no-progress", "--max-text-report-size", str(_MAX_REPORT), "--text")
        ended = measure(
            Command(
                argv=(str(program), *options, str(report), *names),
                environment=environment,
                directory=Path(folder),
            ),
            log=log,
            seconds=SECONDS,
        )
        text = "".join(_start_of(each) for each in (report, log))
    return Shown(
        member=member, lines=tuple(text.splitlines()), stopped=ended.problem.startswith("killed")
    )


def _first_file(comparison: TreeComparison) -> str | None:
    """Return the first file that both have, with other contents."""
    contents = (IMAGE_CODE, TEXT_LINES, FILE_BYTES, SIGNATURE)
    causes = (cause for cause in comparison.causes if cause.rule in contents)
    places = (place for cause in causes for place in cause.places)
    return next((each.member for each in places if each.member is not None and each.what), None)


def _take(side: Side, member: str, target: Path) -> None:
    """Write one file of an archive or a directory to ``target``."""
    path = PurePosixPath(side.prefix or "", member)
    with target.open("wb") as file, closing(read_contents(side.path, path.__eq__)) as contents:
        for _, source in contents:
            for at in range(0, source.size, _CHUNK):
                file.write(source.view(at, min(_CHUNK, source.size - at)))
            return


def _start_of(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return file.read(2 * _MAX_REPORT).decode(errors="replace")
