"""How fast signing is, beside other signers and beside what cannot be avoided.

    python benchmarks/signing.py [FILE] [--peers DIR] [--directory DIR]... [--runs N]

Times whole processes by the wall clock, medians of interleaved runs after one that does not count:

- one image: FILE, or one of 216 MB that is made; beside ``cp``, the hashing of its pages and the
  start-up of Python, and beside the other signers,
- the anonymous memory that images of 50 MB, 200 MB and 1 GB take at most,
- a tree of ten small images and one of 1,000 images of 100 KB, signed in place by one process, by
  the other signers with one process for each file and, where they can, with one for all.

It does so on each file system: countermark waits until what it wrote is on the disk, the others do
not, and in memory there is nothing to wait for. DIR of ``--peers`` holds programs in ``bin`` and,
in ``venv``, a Python that has apple-platform-py; what is on PATH is found too.

Nothing is asserted: the figures are for people.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.bench import bench, describe_machine
from countermark.contenders import (
    APPLE_PLATFORM,
    SIGN,
    VERIFY,
    Contender,
    apple_platform,
    find_peers,
    ours,
)
from countermark.errors import CountermarkError
from countermark.measurement import FLOOR, ratio, with_floor
from countermark.memory import PeakMemory
from countermark.process import Command, measure
from countermark.render.bench import describe_bench
from countermark.render.table import table
from countermark.subjects import Subject, file_subject, made_subject
from countermark.workbench import Workbench
from countersign.signer import sign_bytes
from countersign.specimen import specimen
from countersign.verifier import verify

IMAGE: Final = 216_000_000
MEMORY_IMAGES: Final = (50_000_000, 200_000_000, 1_000_000_000)
TREES: Final = ((10, 40_000), (1000, 100_000))
MOST: Final = {"ldid": 0.5, APPLE_PLATFORM: 0.2, FLOOR: 1.25}
"""The targets for one image: the time of countermark divided by that of another, at most."""
SLOW: Final = 60.0
"""What took more seconds than this is not run again."""


@dataclass(frozen=True)
class Place:
    """Where is measured, with whom, and how often."""

    directory: Path
    environment: dict[str, str]
    peers: Sequence[Contender]
    runs: int


@dataclass(frozen=True)
class Batch:
    """A way to treat all files of a tree, whose path stands for the word TREE."""

    name: str
    argv: tuple[str, ...]
    signed: bool = False
    """True when the tree is signed beforehand."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure signing, beside other signers.")
    parser.add_argument("file", nargs="?", type=Path, help="a large Mach-O to measure with")
    parser.add_argument("--peers", type=Path, help="the directory with the other signers")
    parser.add_argument("--directory", type=Path, action="append", help="may be repeated")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    environment, peers = find_others(options.peers)
    subject = file_subject(options.file) if options.file else made_subject(IMAGE)
    print(describe_machine())
    for directory in options.directory or default_directories():
        print(f"\n# {file_system(directory)}")
        place = Place(directory, environment, peers, options.runs)
        one_image(subject, place)
        memory(place)
        for count, size in TREES:
            tree(count, size, place)


def default_directories() -> list[Path]:
    """The usual place for temporary files, and one in memory."""
    places = [Path(tempfile.gettempdir()), Path("/dev/shm")]
    return list({place.stat().st_dev: place for place in places if place.is_dir()}.values())


def file_system(directory: Path) -> str:
    """Name a directory with its file system, where Linux tells it."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return str(directory)
    found = [line.split() for line in mounts.read_text(encoding="utf-8").splitlines()]
    path = directory.resolve()
    kinds = {place: kind for _, place, kind, *_ in found if path.is_relative_to(place)}
    return f"{directory}, {kinds[max(kinds, key=len)]}"


def find_others(where: Path | None) -> tuple[dict[str, str], list[Contender]]:
    """Return the environment in which the other signers are found, and who they are."""
    environment = dict(os.environ)
    if where is None:
        return environment, list(find_peers(environment))
    where = where.absolute()
    environment["PATH"] = os.pathsep.join((str(where / "bin"), environment.get("PATH", "")))
    peers = {peer.name: peer for peer in find_peers(environment)}
    python = where / "venv" / "bin" / "python"
    if python.exists():
        peers[APPLE_PLATFORM] = apple_platform(python)
    return environment, list(peers.values())


def one_image(subject: Subject, place: Place) -> None:
    """Seconds, throughput, memory, and ratios beside their targets."""
    benched = bench(
        subject,
        place.peers,
        runs=place.runs,
        directory=place.directory,
        environment=place.environment,
    )
    print("\n" + describe_bench([benched], machine="one image, warm", runs=place.runs))
    measurements = with_floor(benched.measurements)
    for each in measurements:
        if each.name in MOST:
            value = ratio(each, measurements)
            print(f"{SIGN} / {each.name}: {value:.2f} (target: at most {MOST[each.name]})")


def memory(place: Place) -> None:
    """The anonymous memory of each signer by the size of the image, in one run of each."""
    signers = (*ours(), *place.peers)
    columns = []
    for size in MEMORY_IMAGES:
        with tempfile.TemporaryDirectory(dir=place.directory) as name:
            workbench = Workbench(root=Path(name), environment=place.environment)
            made_subject(size).write(workbench.source)
            workbench.run(signers[0], keep=True)
            columns.append([peak(workbench, signer) for signer in signers])
    heading = ("anonymous memory, MiB", *(f"{size // 10**6:,} MB" for size in MEMORY_IMAGES))
    rows = list(zip((signer.name for signer in signers), *columns, strict=True))
    print("\n" + table(heading, rows, right=heading[1:]))
    print(f"{SIGN}: target: less than 120, whatever the size")


def peak(workbench: Workbench, signer: Contender) -> str:
    """Return the MiB that a signer takes at most, or why there is no such figure."""
    watched = PeakMemory()
    try:
        workbench.run(signer, watched.look)
    except CountermarkError as error:
        return str(error)
    return "-" if watched.peak is None else f"{watched.peak / 2**20:,.0f}"


def tree(count: int, size: int, place: Place) -> None:
    """A tree of images, signed in place.

    Each run has a new tree, and nothing is deleted before the end: ext4 is slow to create files
    where others have just been deleted.
    """
    unsigned = b"".join(specimen(size))
    content = {False: unsigned, True: sign_bytes(unsigned, "image")}
    samples: dict[str, list[float]] = {}
    verdicts: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=place.directory) as name:
        for run in range(place.runs + 1):
            for number, batch in enumerate(batches(place.peers)):
                if max(samples.get(batch.name, [0.0])) > SLOW:
                    continue
                root = Path(name, f"{run}-{number}")
                fill(root, count, content[batch.signed])
                seconds, verdicts[batch.name] = treat(root, batch, place)
                samples.setdefault(batch.name, []).append(seconds)
    show_tree(f"{count:,} images of {size:,} bytes, in place", samples, verdicts)


def show_tree(title: str, samples: dict[str, list[float]], verdicts: dict[str, str]) -> None:
    """Print medians; the first run counts only where it is the only one."""
    kept = {name: times[1:] or times for name, times in samples.items()}
    medians = {name: statistics.median(times) for name, times in kept.items()}
    rows = [
        (name, str(len(kept[name])), f"{time:.3f}", f"{time / medians[SIGN]:.2f}", verdicts[name])
        for name, time in medians.items()
    ]
    heading = (title, "runs", "seconds", "ratio", "accepted")
    print("\n" + table(heading, rows, right=heading[1:4]))
    print(f"ratio: how many times as long as {SIGN} (target for 10: at most 0.25 s; for 1,000:")
    print("others with one process per file take at least 3 times as long)")


def batches(peers: Sequence[Contender]) -> Iterator[Batch]:
    """List the ways to sign a tree."""
    program = (sys.executable, "-m", "countermark")
    yield Batch(SIGN, (*program, "sign", "TREE"))
    yield Batch(VERIFY, (*program, "verify", "TREE"), signed=True)
    for peer in peers:
        each = shell(peer, '"$file"')
        loop = f'for file in "$1"/*; do {each}; done'
        yield Batch(f"{peer.name}, one process per file", ("sh", "-ec", loop, "sh", "TREE"))
        if peer.name in ("ldid", "codesign"):
            every = shell(peer, '"$1"/*')
            yield Batch(f"{peer.name}, one process", ("sh", "-c", every, "sh", "TREE"))
        if peer.name == APPLE_PLATFORM:
            script = "import pathlib, sys, apple_platform\n"
            script += (
                "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()): apple_platform.sign(path)"
            )
            yield Batch(f"{peer.name}, one process", (peer.argv[0], "-c", script, "TREE"))


def shell(peer: Contender, files: str) -> str:
    """Return a signer's command for the shell, which signs ``files`` in place."""
    paths = ("SOURCE", "TARGET")
    return " ".join(files if word in paths else shlex.quote(word) for word in peer.argv)


def fill(root: Path, count: int, content: bytes) -> None:
    """Write the files of a tree, and wait until they are on the disk."""
    root.mkdir()
    for number in range(count):
        (root / f"image{number:04}").write_bytes(content)
    os.sync()


def treat(root: Path, batch: Batch, place: Place) -> tuple[float, str]:
    """Sign or verify a tree; return the seconds and what the verifier says of it."""
    argv = tuple(str(root) if word == "TREE" else word for word in batch.argv)
    command = Command(argv=argv, environment=place.environment)
    ended = measure(command, log=root.with_name("log"), seconds=3600)
    paths = sorted(root.iterdir())
    accepted = sum(verify(path).accepted for path in paths)
    for path in paths:
        os.truncate(path, 0)
    problem = f", {ended.problem}" if ended.problem else ""
    return ended.seconds, f"{accepted:,} of {len(paths):,}{problem}"


if __name__ == "__main__":
    print(shlex.join(["python", *sys.argv]))
    main()
