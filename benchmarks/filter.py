"""What the argument filter of the default toolchain costs, beside zig and beside a compilation.

    python benchmarks/filter.py [--directory DIR] [--runs N]

Times whole processes, medians of interleaved runs after one that does not count: Python that does
nothing, a wrapper whose zig is a program that does nothing, with arguments that need no filter and
with one that does, and a file of C and one of C++ (with
five headers of its library) compiled by zig directly, with the filter's own arguments, and through
the wrapper. The clock, and what the processors were used for. Nothing is asserted: the figures are
for people.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from countermark.bench import describe_machine
from countermark.render.table import table
from countermark.toolchain import find_zig
from countermark.toolchains.arguments import filter_arguments
from countermark.toolchains.target import Target
from countermark.toolchains.wrappers import Wrappers

TARGET = "aarch64-macos.14.0-none"
HEADERS = ("map", "memory", "string", "variant", "vector")
SOURCES = {
    "a.c": "int one(void) { return NUMBER; }\n",
    "a.cpp": "".join(f"#include <{name}>\n" for name in HEADERS)
    + "std::map<std::string, std::vector<int>> one() { return {{{'1'}, {NUMBER}}}; }\n",
}
"""zig keeps what it has compiled, so each run is given another number."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the filter of compilers' arguments.")
    parser.add_argument("--directory", type=Path, help="where to work")
    parser.add_argument("--runs", type=int, default=21)
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        place = Path(name)
        commands = programs(place)
        taken = race(commands, place, options.runs)
    rows = [
        (title, f"{1000 * clock:.1f}", f"{1000 * used:.1f}")
        for title, (clock, used) in zip(commands, taken, strict=True)
    ]
    heading = ("ms", "by the clock", "of the processors")
    print("\n" + table(heading, rows, right=heading[1:]))


def programs(place: Path) -> dict[str, list[str]]:
    """Return what is timed, by what it is."""
    zig = find_zig().program
    compile_c = ["-O2", "-c", "a.c", "-o", "a.o"]
    changed = ["-mtune=apple-m1", *compile_c]
    compile_cpp = ["-O2", "-std=c++20", "-c", "a.cpp", "-o", "a.o"]
    return {
        "a program that does nothing": ["/bin/true"],
        "Python that does nothing": [sys.executable, "-I", "-S", "-c", "pass"],
        "the wrapper of a zig that does nothing": wrapped(place, Path("/bin/true"), compile_c),
        "the same, with an argument for the filter": wrapped(place, Path("/bin/true"), changed),
        "C, by zig": direct(zig, "cc", compile_c),
        "C, through the wrapper": wrapped(place, zig, compile_c),
        "C++, by zig": direct(zig, "c++", compile_cpp),
        "C++, through the wrapper": wrapped(place, zig, compile_cpp, "c++"),
    }


def direct(zig: Path, tool: str, arguments: list[str]) -> list[str]:
    given, _ = filter_arguments(arguments, Target(TARGET), zig=str(zig.parent), probing=False)
    return [str(zig), tool, *given]


def wrapped(place: Path, zig: Path, arguments: list[str], tool: str = "cc") -> list[str]:
    python = Path(sys.executable)
    directory = place / zig.name
    Wrappers(directory=directory, python=python, zig=zig, target=TARGET).write()
    return [str(directory / tool), *arguments]


def race(commands: dict[str, list[str]], place: Path, runs: int) -> list[tuple[float, float]]:
    """Let the programs run in turn, round after round: seconds by the clock and of processors."""
    environment = {
        "PATH": os.environ["PATH"],
        "ZIG_GLOBAL_CACHE_DIR": str(place / "cache"),
        "ZIG_LOCAL_CACHE_DIR": str(place / "cache"),
    }
    numbers = itertools.count()
    times: list[list[tuple[float, float]]] = [[] for _ in commands]
    for number in range(runs + 1):
        for argv, taken in zip(commands.values(), times, strict=True):
            for source, text in SOURCES.items():
                (place / source).write_text(
                    text.replace("NUMBER", str(next(numbers))), encoding="utf-8"
                )
            start, before = time.perf_counter(), used()
            subprocess.run(argv, cwd=place, env=environment, check=True)
            ended = time.perf_counter() - start, used() - before
            taken += [ended] * (number > 0)
    return [
        (statistics.median(clock for clock, _ in each), statistics.mean(cpu for _, cpu in each))
        for each in times
    ]


def used() -> float:
    """Return the seconds that processes which have ended took of the processors."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    print(shlex.join(["python", *sys.argv]))
    main()
