"""How fast two archives are compared, beside what cannot be done without, and beside diffoscope.

    python benchmarks/compare.py TREE [--directory DIR] [--runs N] [--seconds S]

TREE is packed as a tar and compressed by gzip at two levels; a second tar has one byte of the
largest file changed. Times whole processes, medians of interleaved runs after one that does not
count: `countermark compare` of each pair, the decompression and hashing of both by two threads, and
diffoscope where it is installed, once, for S seconds at most. CPU is the time of all cores
together, which others that use the machine disturb less. Nothing is asserted: the figures are for
people.
"""

from __future__ import annotations

import argparse
import gzip
import os
import resource
import shlex
import shutil
import statistics
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from countermark.bench import describe_machine
from countermark.memory import PeakMemory
from countermark.process import Command, measure
from countermark.render.table import table

_HASH = """
import hashlib, sys, threading, zlib
def work(name):
    engine, digest = zlib.decompressobj(31), hashlib.sha256()
    with open(name, 'rb') as file:
        while piece := file.read(1 << 16):
            digest.update(engine.decompress(piece))
threads = [threading.Thread(target=work, args=(name,)) for name in sys.argv[1:]]
[each.start() for each in threads], [each.join() for each in threads]
"""
_CHUNK = 1 << 20


class Taken(NamedTuple):
    """Seconds that a program took."""

    wall: float
    processor: float
    """Of all cores together; what else runs on the machine does not count."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the comparison of two archives.")
    parser.add_argument("tree", type=Path, metavar="TREE")
    parser.add_argument("--directory", type=Path, help="where to work")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=600, help="what diffoscope may take")
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        archives = pack(options.tree, Path(name))
        for title, pair in (
            ("the same tar, compressed otherwise", archives[:2]),
            ("one byte of the largest file differs", archives[::2]),
        ):
            report(title, pair, Path(name, "log"), options.runs, options.seconds)


def pack(tree: Path, directory: Path) -> list[Path]:
    """Make the three archives."""
    tar, changed = directory / "same.tar", directory / "changed.tar"
    with tarfile.open(tar, "w", format=tarfile.GNU_FORMAT) as packed:
        packed.add(tree, "tree-1.0")
    with tarfile.open(tar) as packed:
        largest = max(packed, key=lambda member: member.size)
    shutil.copy(tar, changed)
    with changed.open("r+b") as file:
        file.seek(largest.offset_data + largest.size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes((byte ^ 1,)))
    archives = [directory / name for name in ("nine.tar.gz", "fast.tar.gz", "changed.tar.gz")]
    for plain, archive, level in zip((tar, tar, changed), archives, (9, 1, 9), strict=True):
        compress(plain, archive, level)
    return archives


def compress(plain: Path, archive: Path, level: int) -> None:
    """Compress by the library."""
    with plain.open("rb") as source, gzip.open(archive, "wb", level) as compressed:
        shutil.copyfileobj(source, compressed, _CHUNK)


def report(title: str, pair: Sequence[Path], log: Path, runs: int, seconds: float) -> None:
    """Measure one pair and print its table."""
    names = tuple(map(str, pair))
    compare = (sys.executable, "-m", "countermark", "compare", *names)
    bare = (sys.executable, "-c", _HASH, *names)
    ours, theirs = race((compare, bare), log, runs)
    peak = PeakMemory()
    once(compare, log, seconds, peak)
    size = sum(each.stat().st_size for each in pair) // 10**6
    rows = [
        _row("countermark compare", ours, ours, f"{(peak.peak or 0) >> 20}"),
        _row("decompression and SHA-256 of both", ours, theirs),
    ]
    if shutil.which("diffoscope"):
        rows.append(_row("diffoscope", ours, once(("diffoscope", *names), log, seconds)))
    heading = (f"{title}, {size} MB", "seconds", "CPU", "ratio", "of CPU", "MiB")
    print("\n" + table(heading, rows, right=heading[1:]))


def _row(name: str, ours: Taken, taken: Taken, memory: str = "") -> tuple[str, ...]:
    ratios = (f"{ours.wall / taken.wall:.2f}", f"{ours.processor / taken.processor:.2f}")
    return (name, f"{taken.wall:.2f}", f"{taken.processor:.2f}", *ratios, memory)


def race(programs: Sequence[tuple[str, ...]], log: Path, runs: int) -> list[Taken]:
    """Let the programs run in turn, round after round, and return the medians of each."""
    times: list[list[Taken]] = [[] for _ in programs]
    for number in range(runs + 1):
        for argv, taken in zip(programs, times, strict=True):
            taken += [once(argv, log, 600)] * (number > 0)
    return [Taken(*map(statistics.median, zip(*taken, strict=True))) for taken in times]


def once(argv: tuple[str, ...], log: Path, seconds: float, peak: PeakMemory | None = None) -> Taken:
    """Run a program, and return what it took; 1 is the code of what differs."""
    command = Command(argv=argv, environment=os.environ, directory=log.parent)
    before = _processor_seconds()
    ended = measure(command, log=log, seconds=seconds, watch=peak.look if peak else None)
    if ended.problem and not ended.problem.startswith(("exit 1:", "killed")):
        sys.exit(f"{shlex.join(argv)}: {ended.problem}")
    return Taken(ended.seconds, _processor_seconds() - before)


def _processor_seconds() -> float:
    """Return what all programs took that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    print(shlex.join(["python", *sys.argv]))
    main()
