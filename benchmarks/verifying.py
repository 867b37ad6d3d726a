"""How fast verifying is, beside the reading and hashing that it cannot do without.

    python benchmarks/verifying.py [FILE...] [--peers DIR] [--directory DIR] [--runs N]

Times whole processes, medians of interleaved runs after one that does not count, by the wall clock
and by the time on all cores, which others who use the machine disturb less:

- one image of 216 MB that is made: beside the reading and hashing of its pages with the same
  kernel, and beside apple-platform-py, which is rcodesign's library,
- a tree of 30 MB in 30 images that are made,
- archives of FILE..., or of that tree (which cannot be compressed): beside the decompression alone,
  by the libraries that are used,
- the anonymous memory that images of 50 MB, 200 MB and 1 GB take at most.

DIR of ``--peers`` holds, in ``venv``, a Python that has apple-platform-py. Nothing is asserted: the
figures are for people.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import statistics
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import zstandard

from countermark.bench import describe_machine
from countermark.memory import PeakMemory
from countermark.process import Command, measure
from countermark.render.table import table
from countersign.signer import sign_bytes
from countersign.specimen import specimen

IMAGE: Final = 216_000_000
MEMORY_IMAGES: Final = (50_000_000, 200_000_000, 1_000_000_000)
TREE: Final = (30, 1_000_000)

VERIFY: Final = "countermark verify"
START_UP: Final = "python start-up"
PEER: Final = "apple-platform-py"
BARE: Final = "reading and hashing"
DECOMPRESSION: Final = "decompression"

_BARE: Final = """
import sys
from pathlib import Path
from countersign.digest import HashType
from countersign.rehash import rehash_pages
from countersign.source import open_source
from countersign.window import Window
with open_source(Path(sys.argv[1])) as source:
    rehash_pages(Window(source), 0x4000, HashType.SHA256)
"""
_PEER: Final = "import sys, apple_platform; apple_platform.verify_macho(sys.argv[1])"
_READERS: Final = {
    "tar": "import sys\nfile = open(sys.argv[1], 'rb')\nwhile file.read(1 << 20): pass",
    "tar.gz": """
import sys, zlib
engine = zlib.decompressobj(31)
with open(sys.argv[1], 'rb') as file:
    while piece := file.read(1 << 16):
        engine.decompress(piece)
""",
    "tar.zst": """
import sys, zstandard
with open(sys.argv[1], 'rb') as file:
    plain = zstandard.ZstdDecompressor().stream_reader(file)
    while plain.read(1 << 17): pass
""",
    "zip": """
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
for member in archive.infolist():
    with archive.open(member) as plain:
        while plain.read(1 << 18): pass
""",
}


class Contender(NamedTuple):
    """A program with its arguments, and at most how many times as long as it we may take."""

    name: str
    argv: tuple[str, ...]
    most: float | None = None


class Time(NamedTuple):
    """Seconds of one process."""

    wall: float
    cores: float
    """On all cores together."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure verifying, beside what it cannot avoid.")
    parser.add_argument("files", nargs="*", type=Path, help="Mach-O files to put into archives")
    parser.add_argument("--peers", type=Path, help="the directory with apple-platform-py")
    parser.add_argument("--directory", type=Path, help="where to work")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        folder = Path(name)
        one_image(folder, options.runs, options.peers)
        tree = release_tree(folder, options.runs)
        archives(options.files or sorted(tree.iterdir()), folder, options.runs)
        memory(folder)


def ours(path: Path) -> Contender:
    """Return the command that is measured."""
    return Contender(VERIFY, (sys.executable, "-m", "countermark", "verify", str(path)))


def script(name: str, code: str, path: Path, most: float | None = None) -> Contender:
    """Return a Python program that is given a path."""
    return Contender(name, (sys.executable, "-c", code, str(path)), most)


def one_image(folder: Path, runs: int, peers: Path | None) -> None:
    """A large image."""
    image = signed_image(folder / "image", IMAGE)
    contenders = [ours(image), script(BARE, _BARE, image, 1.2), script(START_UP, "pass", image)]
    python = peers.absolute() / "venv" / "bin" / "python" if peers else None
    if python and python.exists():
        contenders.append(Contender(PEER, (str(python), "-c", _PEER, str(image)), 0.4))
    show(f"one image of {IMAGE // 10**6} MB", race(contenders, folder, runs), contenders)
    image.unlink()


def release_tree(folder: Path, runs: int) -> Path:
    """A tree of images."""
    tree = folder / "tree"
    tree.mkdir()
    count, size = TREE
    for number in range(count):
        signed_image(tree / f"image{number:02}", size)
    contenders = [ours(tree)]
    times = race(contenders, folder, runs)
    show(f"{count} images, {count * size // 10**6} MB (target: 0.25 s)", times, contenders)
    return tree


def archives(files: Sequence[Path], folder: Path, runs: int) -> None:
    """The same files in every kind of archive; some of them may be rejected."""
    for form, archive in pack(files, folder / "archive"):
        contenders = [ours(archive), script(DECOMPRESSION, _READERS[form], archive, 1.2)]
        title = f".{form} of {len(files)} files, {archive.stat().st_size // 10**6} MB"
        show(title, race(contenders, folder, runs), contenders)
        archive.unlink()


def pack(files: Sequence[Path], archive: Path) -> Iterator[tuple[str, Path]]:
    """Make one archive after the other."""
    for form, mode in (("tar", "w"), ("tar.gz", "w:gz")):
        with tarfile.open(archive, mode) as packed:  # type: ignore[call-overload]
            for number, path in enumerate(files):
                packed.add(path, f"release/{number}-{path.name}")
        yield form, archive
    with tempfile.TemporaryFile(dir=archive.parent) as plain:
        with tarfile.open(fileobj=plain, mode="w") as packed:
            for number, path in enumerate(files):
                packed.add(path, f"release/{number}-{path.name}")
        plain.seek(0)
        with archive.open("wb") as target:
            zstandard.ZstdCompressor(level=10).copy_stream(plain, target)
    yield "tar.zst", archive
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number, path in enumerate(files):
            zipped.write(path, f"release/{number}-{path.name}")
    yield "zip", archive


def memory(folder: Path) -> None:
    """The most anonymous memory of one run each."""
    peaks = []
    for size in MEMORY_IMAGES:
        image = signed_image(folder / "image", size)
        watched = PeakMemory()
        run(ours(image), folder, watched)
        peaks.append("-" if watched.peak is None else f"{watched.peak / 2**20:,.0f}")
        image.unlink()
    heading = ("anonymous memory, MiB", *(f"{size // 10**6:,} MB" for size in MEMORY_IMAGES))
    print("\n" + table(heading, [(VERIFY, *peaks)], right=heading[1:]))


def signed_image(path: Path, size: int) -> Path:
    """Write a signed image."""
    path.write_bytes(sign_bytes(b"".join(specimen(size)), path.name))
    return path


def race(contenders: Sequence[Contender], folder: Path, runs: int) -> dict[str, list[Time]]:
    """Let all run in turn, round after round."""
    times: dict[str, list[Time]] = {each.name: [] for each in contenders}
    for number in range(runs + 1):
        for each in contenders:
            taken = run(each, folder)
            if number:
                times[each.name].append(taken)
    return times


def run(contender: Contender, folder: Path, watched: PeakMemory | None = None) -> Time:
    """Run one process."""
    command = Command(argv=contender.argv, environment=os.environ, directory=folder)
    before = on_cores()
    watch = watched.look if watched else None
    ended = measure(command, log=folder / "log", seconds=600, watch=watch)
    rejected = contender.name == VERIFY and ended.problem.startswith("exit 1:")
    if ended.problem and not rejected:
        sys.exit(f"{contender.name}: {ended.problem}")
    return Time(ended.seconds, on_cores() - before)


def on_cores() -> float:
    """Return the seconds that all processes took that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def show(title: str, times: Mapping[str, list[Time]], contenders: Sequence[Contender]) -> None:
    """Print medians, and how many times as long as each of the others ours took."""
    medians = {
        name: Time(*(statistics.median(each) for each in zip(*taken, strict=True)))
        for name, taken in times.items()
    }
    mine = medians[VERIFY]
    rows = []
    for name, _, most in contenders:
        wall, cores = medians[name]
        target = f"at most {most}" if most else ""
        ratios = (f"{mine.wall / wall:.2f}", f"{mine.cores / cores:.2f}", target)
        rows.append(
            (name, f"{wall:.3f}", f"{cores:.3f}", *(ratios if name != VERIFY else [""] * 3))
        )
    heading = (title, "seconds", "on cores", "ours/its", "on cores: ours/its", "target")
    print("\n" + table(heading, rows, right=heading[1:5]))


if __name__ == "__main__":
    print(shlex.join(["python", *sys.argv]))
    main()
