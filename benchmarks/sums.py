"""How fast a release is checked against its digests, beside ``sha256sum --check``.

    python benchmarks/sums.py [--files N] [--megabytes N] [--directory DIR] [--runs N]

Makes N files of random bytes that are so many megabytes together, their list, and signatures of it
by three new keys. Times whole processes, medians of interleaved runs after one that does not count:
`sha256sum --check` and `openssl dgst` (faster on some machines), one file after the other, and
`countermark sums verify`, which hashes as many files at once as there are cores and checks the
signatures. Nothing is asserted: the figures are for people.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pysequoia

from countermark.bench import describe_machine
from countermark.process import Command, measure
from countermark.render.table import table
from countermark.sums.writing import format_sums


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the check of digests.")
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--directory", type=Path, help="where to work")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        place = Path(name)
        files = publish(place, options.files, options.megabytes * 10**6)
        ours = (sys.executable, "-m", "countermark", "sums", "verify", "SHA256SUMS")
        commands = {
            "sha256sum --check": ("sha256sum", "--check", "SHA256SUMS"),
            "openssl dgst": ("openssl", "dgst", "-sha256", *files),
            "countermark sums verify": (*ours, "--keys", "keys"),
        }
        there = {title: each for title, each in commands.items() if shutil.which(each[0])}
        seconds = race(list(there.values()), place, options.runs)
        last = seconds[-1]
        rows = [
            (title, f"{each:.2f}", f"{last / each:.2f}")
            for title, each in zip(there, seconds, strict=True)
        ]
        heading = (f"{options.megabytes:,} MB in {options.files} files", "seconds", "ours by it")
        print("\n" + table(heading, rows, right=heading[1:]))


def publish(place: Path, count: int, size: int) -> list[str]:
    """Write files, their list, three keys and their signatures; return the names of the files."""
    digests = {}
    for number in range(count):
        content = os.urandom(size // count)
        name = f"file-{number}"
        (place / name).write_bytes(content)
        digests[name] = hashlib.sha256(content).hexdigest()
    sums = format_sums(digests)
    (place / "SHA256SUMS").write_bytes(sums)
    (place / "keys").mkdir()
    signatures = b""
    for who in ("alice", "bob", "carol"):
        key = pysequoia.Tsk.generate(f"{who} <{who}@example.org>")
        (place / "keys" / f"{who}.asc").write_text(str(key.extract_certificate()))
        signatures += pysequoia.sign(key.signer(), sums, mode=pysequoia.SignatureMode.DETACHED)
    (place / "SHA256SUMS.asc").write_bytes(signatures)
    return list(digests)


def race(programs: Sequence[tuple[str, ...]], place: Path, runs: int) -> list[float]:
    """Let the programs run in turn, round after round, and return the median seconds of each."""
    times: list[list[float]] = [[] for _ in programs]
    for number in range(runs + 1):
        for argv, taken in zip(programs, times, strict=True):
            command = Command(argv=argv, environment=os.environ, directory=place)
            ended = measure(command, log=place / "log", seconds=600)
            if ended.problem:
                sys.exit(f"{shlex.join(argv)}: {ended.problem}")
            taken += [ended.seconds] * (number > 0)
    return [statistics.median(taken) for taken in times]


if __name__ == "__main__":
    print(shlex.join(["python", *sys.argv]))
    main()
