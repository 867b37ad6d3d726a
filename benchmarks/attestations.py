"""How fast a tree of attestations is judged, with and without its signatures.

    python benchmarks/attestations.py TREE [--runs N]

TREE is a clone of guix.sigs, or one like it. Times whole processes, medians of interleaved runs
after one that does not count: all versions and the newest one, with signatures, without them, and
as a page. Nothing is asserted: the figures are for people.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from countermark.bench import describe_machine
from countermark.process import Command, measure
from countermark.render.table import table

_CASES = (
    ("all versions, signatures checked", ("--version", "all")),
    ("all versions, no signatures", ("--version", "all", "--no-signatures")),
    ("all versions, one page of HTML", ("--version", "all", "--format", "html")),
    ("the newest version", ()),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the judging of attestations.")
    parser.add_argument("tree", type=Path, metavar="TREE")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    signatures = sum(1 for _ in options.tree.glob("*/*/*.asc"))
    print(f"{describe_machine()}\n{signatures:,} signatures in {options.tree}\n")
    seconds = race(options.tree, options.runs)
    rows = [(title, f"{median:.2f}") for (title, _), median in zip(_CASES, seconds, strict=True)]
    print(table(("countermark attestations", "seconds"), rows, right=("seconds",)))


def race(tree: Path, runs: int) -> Sequence[float]:
    """Return the median of each case."""
    command = (sys.executable, "-m", "countermark", "attestations", str(tree))
    taken: list[list[float]] = [[] for _ in _CASES]
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs + 1):
            for times, (_, arguments) in zip(taken, _CASES, strict=True):
                ended = measure(
                    Command(argv=(*command, *arguments), environment=dict(os.environ)),
                    log=Path(folder, "log"),
                    seconds=600,
                )
                times += [ended.seconds] if number else []
    return [statistics.median(times) for times in taken]


if __name__ == "__main__":
    main()
