"""How long packing takes, beside ``tar | gzip -9n`` of the same trees on the same cores.

    python benchmarks/packing.py [TREE]... [--runs N]

Without a TREE, the stages of a default release are packed, which is made first. All trees are
packed at once, as many at a time as there are cores, by the shell's recipe and by countermark, in
turn; medians by the wall clock, and of what all processes took of the processors. "and checked" is
the step of a release, which reads what it packed. Every archive is compared with the recipe's:
their bytes must be the same. Memory is the largest resident size of a process that packs a file of
that size, which takes no room on the disk.

Nothing is asserted of times: the figures are for people.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from countermark.packing.archive import pack
from countermark.packing.press import Press
from countermark.process import Runner
from countermark.render.table import table
from counterproof.survey import survey
from countersign.pagehash import available_threads

COUNTERMARK = Path(sys.executable).with_name("countermark")
EPOCH = 1_767_225_600
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
RECIPE = r"""
find "$1" -print0 | LC_ALL=C sort --zero-terminated |
tar --create --no-recursion --mode='u+rw,go+r-w,a+X' --null --files-from=- \
    --owner=0 --group=0 --numeric-owner --mtime="@$2" --sort=name --format=gnu |
gzip -9n > "$3"
"""
PEAK = """
import re, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from packing import ours
ours(Path(sys.argv[2]), Path(sys.argv[3]))
print(re.search("VmHWM: *([0-9]+) kB", Path("/proc/self/status").read_text().replace("\t", " "))[1])
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory)
        trees = [tree.resolve() for tree in arguments.trees] or released(out)
        print(f"{platform.machine()}, {available_threads()} cores, {', '.join(map(str, trees))}")
        print(
            table(
                ("what", "seconds", "ratio", "processors", "ratio", "bytes"),
                compared(trees, out, arguments.runs),
            )
        )
        print(table(("what", "MB resident"), memory(out)))


def released(out: Path) -> list[Path]:
    """Make a default release and return its stages."""
    subprocess.run([COUNTERMARK, "release"], cwd=out, check=True, capture_output=True)
    return sorted(out.glob("dist/.countermark/*/stage/*"))


def compared(trees: Sequence[Path], out: Path, runs: int) -> list[tuple[str, ...]]:
    """Time each way in turn, and compare what they wrote."""
    ways: dict[str, Callable[[], list[Path]]] = {
        "tar | gzip -9n": lambda: at_once(trees, out, ".recipe", follow),
        ".tar.gz": lambda: at_once(trees, out, ".tar.gz", ours),
        ".tar.gz, and checked": lambda: at_once(trees, out, ".checked.tar.gz", checked),
        ".tar.zst": lambda: at_once(trees, out, ".tar.zst", ours),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    processors: dict[str, list[float]] = {name: [] for name in ways}
    written: dict[str, list[Path]] = {}
    for _ in range(runs):
        for name, way in ways.items():
            start, used = time.perf_counter(), processor_seconds()
            written[name] = way()
            seconds[name].append(time.perf_counter() - start)
            processors[name].append(processor_seconds() - used)
    recipe, *others = written.values()
    for one, other in zip(recipe, others[0], strict=True):
        if one.read_bytes() != other.read_bytes():
            raise SystemExit(f"{other} has other bytes than the recipe's")
    return [
        (
            name,
            *against(seconds, name),
            *against(processors, name),
            f"{sum(path.stat().st_size for path in written[name]):,}",
        )
        for name in ways
    ]


def processor_seconds() -> float:
    """Return what this process and those that it has waited for took of the processors."""
    return sum(os.times()[:4])


def against(samples: Mapping[str, Sequence[float]], name: str) -> tuple[str, str]:
    """Return a median, and its ratio to that of the recipe."""
    median, base = statistics.median(samples[name]), statistics.median(samples["tar | gzip -9n"])
    return f"{median:.3f}", f"{median / base:.2f}"


def at_once(
    trees: Sequence[Path], out: Path, suffix: str, write: Callable[[Path, Path], object]
) -> list[Path]:
    """Pack all trees, as many at a time as there are cores."""
    archives = [out / f"{number}-{tree.name}{suffix}" for number, tree in enumerate(trees)]
    with ThreadPoolExecutor(max_workers=available_threads()) as presses:
        list(presses.map(write, trees, archives))
    return archives


def follow(tree: Path, archive: Path) -> None:
    """Pack by the shell's recipe."""
    subprocess.run(
        ("sh", "-ec", RECIPE, "sh", tree.name, str(EPOCH), archive),
        cwd=tree.parent,
        env=ENVIRONMENT,
        check=True,
    )


def ours(tree: Path, archive: Path) -> None:
    """Pack by countermark."""
    pack_one(tree, archive, lambda _: None)


def checked(tree: Path, archive: Path) -> None:
    """Pack by countermark, and read what was packed."""
    pack_one(tree, archive, survey)


def pack_one(tree: Path, archive: Path, accept: Callable[[Path], object]) -> None:
    """Pack a tree as the step of a release does."""
    with tempfile.TemporaryDirectory(dir=archive.parent) as temporary:
        press = Press(
            temporary=Path(temporary),
            environment=ENVIRONMENT,
            runner=Runner(),
            log=Path(temporary, "log.txt"),
        )
        pack(
            tree,
            archive,
            epoch=EPOCH,
            press=press,
            accept=lambda unfinished: void(accept(unfinished)),
        )


def void(_: object) -> None:
    """Take what nobody needs."""


def memory(out: Path) -> list[tuple[str, str]]:
    """Measure the peak of processes that pack a small and a large file."""
    rows = []
    for suffix in (".tar.gz", ".tar.zst", ".zip"):
        for megabytes in (1, 1024):
            tree = out / f"{megabytes}-MB"
            tree.mkdir(exist_ok=True)
            with (tree / "data").open("wb") as stream:
                stream.truncate(megabytes << 20)
            command = [sys.executable, "-c", PEAK, str(Path(__file__).parent), str(tree)]
            done = subprocess.run(
                [*command, str(out / f"memory{suffix}")], check=True, capture_output=True, text=True
            )
            rows.append((f"{suffix} of {megabytes:,} MB", f"{int(done.stdout) / 1024:.0f}"))
    return rows


if __name__ == "__main__":
    print(shlex.join(["python", *sys.argv]))
    main()
