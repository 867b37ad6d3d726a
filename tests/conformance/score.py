"""Run every tool that is found over the kit and print how each did, as Markdown.

python tests/conformance/score.py [--peers DIR] [--details]

DIR holds other people's tools: bin/ldid, bin/zsign, and venv/ with apple-platform-py.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from adapters import Tool, tools
from kit.catalogue import Expectation, expectations
from write import write

__all__ = ["Score", "score"]


@dataclass(slots=True)
class Score:
    """How one tool did, by the names of the files."""

    accepted: list[str] = field(default_factory=list)
    """Good files that it accepts."""
    false_alarms: list[str] = field(default_factory=list)
    """Good files that it refuses."""
    refused: list[str] = field(default_factory=list)
    """Bad files that it refuses."""
    missed: list[str] = field(default_factory=list)
    """Bad files that it accepts."""
    crashed: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    """Bad files that it refuses for the right reason."""


def score(tool: Tool, files: Iterable[tuple[Expectation, Path]]) -> Score:
    """Ask a tool what it can be asked. A crash is neither yes nor no."""
    result = Score()
    for expected, path in files:
        if (expected.archived and not tool.unpacks) or (expected.demand and not tool.heeds):
            continue
        opinion = tool.judge(path, expected)
        bad = expected.is_bad or bool(expected.refused_by & tool.enforcers)
        if opinion.crashed:
            result.crashed.append(expected.name)
        elif opinion.accepts:
            (result.missed if bad else result.accepted).append(expected.name)
        else:
            (result.refused if bad else result.false_alarms).append(expected.name)
            if bad and expected.primary and tool.names(expected.primary, opinion.text):
                result.reasons.append(expected.name)
    return result


HEADER = (
    "| tool | asked | good files accepted | false alarms | bad files refused | missed | crashes "
    "| right reason |\n|---|---|---|---|---|---|---|---|"
)


def row(tool: Tool, result: Score) -> str:
    """Write one line of the table."""
    good = len(result.accepted) + len(result.false_alarms)
    bad = len(result.refused) + len(result.missed)
    cells = (
        tool.name,
        f"`{tool.asked}`",
        f"{len(result.accepted)} of {good}",
        len(result.false_alarms),
        f"{len(result.refused)} of {bad}",
        len(result.missed),
        len(result.crashed),
        f"{len(result.reasons)} of {len(result.refused)}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", type=Path, help="a folder with other people's tools")
    parser.add_argument("--details", action="store_true", help="name the files that went wrong")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        paths = write(Path(place))
        files = list(zip(expectations(), paths, strict=True))
        print(HEADER)
        absent, details = [], []
        for tool in tools(options.peers, Path(place, "R27-pass")):
            if why := tool.missing():
                absent.append(f"- {tool.name}: not asked, {why}.")
                continue
            result = score(tool, files)
            print(row(tool, result), flush=True)
            for kind in ("false_alarms", "missed", "crashed"):
                wrong = ", ".join(getattr(result, kind)) or "none"
                details.append(f"- {tool.name}, {kind.replace('_', ' ')}: {wrong}.")
        print("", *absent, *(details if options.details else ()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
