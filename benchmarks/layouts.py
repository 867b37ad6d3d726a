"""How fast a release is checked: its layout, signatures, wrapper and hardening in one pass.

    python benchmarks/layouts.py TREE=HOST... [--version V] [--directory DIR] [--runs N]

Each TREE, an install tree for HOST, is packed as `bitcoin-V-HOST.tar.gz`; one TREE may serve
several hosts, whose images are then of the wrong machine, which takes as long to find out. Times
whole processes, medians of interleaved runs after one that does not count: `countermark layout
check` of the first archive, and of the directory of all of them, beside their decompression alone.
Nothing is asserted: the figures are for people.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from countermark.bench import describe_machine
from countermark.process import Command, measure
from countermark.render.table import table

_DECOMPRESS = """
import sys, zlib
for name in sys.argv[1:]:
    engine = zlib.decompressobj(31)
    with open(name, 'rb') as file:
        while piece := file.read(1 << 16):
            engine.decompress(piece)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the check of a release.")
    parser.add_argument("trees", nargs="+", metavar="TREE=HOST")
    parser.add_argument("--version", default="32.0")
    parser.add_argument("--directory", type=Path, help="where to work")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        dist, log = Path(name, "dist"), Path(name, "log")
        dist.mkdir()
        archives = [pack(text, options.version, dist) for text in options.trees]
        for title, path, packed in (
            ("one archive", archives[0], archives[:1]),
            (f"a release of {len(archives)} archives", dist, archives),
        ):
            check = (sys.executable, "-m", "countermark", "layout", "check", str(path))
            bare = (sys.executable, "-c", _DECOMPRESS, *map(str, packed))
            ours, theirs = race((check, bare), log, options.runs)
            size = sum(map(plain_size, packed))
            heading = (f"{title}, {size // 10**6} MB unpacked", "seconds")
            rows = [("countermark layout check", f"{ours:.2f}"), ("decompression", f"{theirs:.2f}")]
            print("\n" + table(heading, rows, right=heading[1:]))


def pack(text: str, version: str, dist: Path) -> Path:
    """Pack one tree for one host."""
    tree, _, host = text.rpartition("=")
    archive = dist / f"bitcoin-{version}-{host}.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(tree, f"bitcoin-{version}")
    return archive


def plain_size(archive: Path) -> int:
    """Return the bytes of all files in an archive."""
    with tarfile.open(archive) as packed:
        return sum(member.size for member in packed)


def race(programs: Sequence[tuple[str, ...]], log: Path, runs: int) -> list[float]:
    """Let the programs run in turn, round after round, and return the median seconds of each."""
    times: list[list[float]] = [[] for _ in programs]
    for number in range(runs + 1):
        for argv, taken in zip(programs, times, strict=True):
            command = Command(argv=argv, environment=os.environ, directory=log.parent)
            ended = measure(command, log=log, seconds=600)
            if ended.problem and not ended.problem.startswith("exit 1:"):  # it may be rejected
                sys.exit(f"{shlex.join(argv)}: {ended.problem}")
            taken += [ended.seconds] * (number > 0)
    return [statistics.median(taken) for taken in times]


if __name__ == "__main__":
    print(shlex.join(["python", *sys.argv]))
    main()
