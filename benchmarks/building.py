"""What countermark adds to the time of CMake and Ninja, and how long it takes to do nothing.

    python benchmarks/building.py [SUITE] [--config FILE] [--host H]... [--runs N] [--again]

Whole processes; medians by the wall clock, and of what all processes took of the processors, which
tells more on a machine that others use, too.

- A build of SUITE by plain CMake and Ninja that call zig directly, with the commands, options and
  environment of countermark's own plan; the same with the toolchain's filter of arguments;
  ``countermark build``, and ``countermark release``, in turn and each in a new directory. Caches
  are warm, of compilers' libraries and of dependencies. Without a SUITE, one is made of C that
  takes some minutes of a processor.
- What countermark does around these commands, each alone: its start, the digest of the sources, the
  looking for what has changed since the tree was configured. What the filter takes of a call is
  told by filter.py.
- With ``--again``: a made suite of five programs of 20 to 30 MB with 3,000 files is released for
  two hosts, and released again with nothing changed. How long each step took is in the manifest.

Nothing is asserted: the figures are for people.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from countermark.build_tree import configure
from countermark.config import Options, resolve
from countermark.flow import prepare
from countermark.plan import HostPlan, ReleasePlan
from countermark.process import Runner
from countermark.render.table import table
from countermark.source import describe_source
from countermark.toolchain import find_zig
from countersign.pagehash import available_threads

COUNTERMARK = str(Path(sys.executable).with_name("countermark"))
ENVIRONMENT = {"SOURCE_DATE_EPOCH": "1767225600", **os.environ}
HOSTS = ("x86_64-linux-gnu", "arm64-apple-darwin")
DIRECTLY = "cmake + ninja"
PROGRAMS = {
    "bitcoin": 20,
    "bitcoin-cli": 22,
    "bitcoin-wallet": 25,
    "bitcoind": 28,
    "bitcoin-node": 30,
}
"""Sizes in MB of the programs of the suite that is released again."""
SOURCES = 3000
FILES = 60
"""How many files the made suite has that is compiled, two seconds each."""


class Taken(NamedTuple):
    """What something took, in seconds."""

    wall: float
    processors: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", nargs="?", type=Path)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--host", action="append")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    print(f"{platform.machine()}, {available_threads()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as directory:
        if given.again:
            show_repeated(Path(directory), given.runs)
            return
        suite = given.suite or made_of_functions(Path(directory) / "suite")
        options = Options(
            suite=suite.resolve(),
            config=given.config and given.config.resolve(),
            hosts=tuple(given.host or HOSTS[:1]),
            version=None if given.config else "1.0",
        )
        show_overhead(options, Path(directory), given.runs)


def show_overhead(options: Options, directory: Path, runs: int) -> None:
    """Print how plain commands and countermark compare, and what the difference consists of."""
    ours("build", options, directory / "warm")
    samples: dict[str, list[Taken]] = {}
    for number in range(runs):
        for name, way in ways(options).items():
            samples.setdefault(name, []).append(way(directory / f"{name}-{number}"))
    rows = [(name, *against(each, samples[DIRECTLY])) for name, each in samples.items()]
    print(table(("what", "seconds", "ratio", "processors", "ratio"), rows))
    print(table(("a part of it", "seconds", "processors"), parts(options, directory)))


def ways(options: Options) -> dict[str, Callable[[Path], Taken]]:
    """The contenders; each works in a directory of its own."""
    return {
        DIRECTLY: lambda out: plain(options, out, direct_toolchain),
        "cmake + ninja, filtered": lambda out: plain(
            options, out, lambda plan: plan.build.toolchain.file
        ),
        "countermark build": lambda out: ours("build", options, out),
        "countermark release": lambda out: ours("release", options, out),
    }


def planned(options: Options, out: Path) -> ReleasePlan:
    """Plan the release of ``options`` into ``out``."""
    place = {name: getattr(options, name) for name in Options.__slots__} | {"out": out}
    return prepare(resolve(Options(**place), ENVIRONMENT, out.parent))


def plain(options: Options, out: Path, toolchain: Callable[[HostPlan], Path | None]) -> Taken:
    """Run the commands that configure and compile, without countermark around them."""
    lines = []
    plan = planned(options, out)
    for host in plan.hosts:
        if host.wrappers:
            host.wrappers.write()
        words = list(host.configure.argv)
        if "--toolchain" in words:
            words[words.index("--toolchain") + 1] = str(toolchain(host))
        lines += [shlex.join(words), str(host.compile)]
    return timed(["sh", "-ec", "\n".join(lines)], dict(plan.hosts[0].compile.environment))


def direct_toolchain(host: HostPlan) -> Path:
    """Write a toolchain file that differs from ours in calling zig without a filter."""
    path = host.workspace.root / "direct.cmake"
    zig, file = host.build.toolchain.zig, host.build.toolchain.file
    if zig is None:
        raise SystemExit(f"{host.triple} is not built with the default toolchain")
    flags = "-g0 -UNDEBUG -fno-sanitize=undefined"
    path.write_text(
        f'include("{file}")\n'
        f'set(CMAKE_C_COMPILER "{zig.program}" cc {flags})\n'
        f'set(CMAKE_CXX_COMPILER "{zig.program}" c++ {flags})\n'
    )
    return path


def ours(command: str, options: Options, out: Path) -> Taken:
    """Run a command of countermark."""
    return timed([*invocation(command, options), "--out", str(out)], ENVIRONMENT)


def invocation(command: str, options: Options) -> list[str]:
    """Return the command line for ``options``."""
    words = [COUNTERMARK, command, str(options.suite)]
    words += ["--config", str(options.config)] if options.config else []
    words += ["--version", options.version] if options.version else []
    return [*words, *(word for host in options.hosts for word in ("--host", host))]


def timed(command: Sequence[str], environment: Mapping[str, str]) -> Taken:
    """Return what a command took; it must go well."""
    return measured(
        lambda: subprocess.run(command, env=environment, check=True, capture_output=True)
    )


def median(samples: Sequence[float]) -> float:
    """Return the middle one."""
    return statistics.median(samples)


def against(samples: Sequence[Taken], base: Sequence[Taken]) -> tuple[str, str, str, str]:
    """Return wall and processor time, each with its ratio to the base."""
    wall, used, base_wall, base_used = (
        median([taken[column] for taken in each]) for each in (samples, base) for column in range(2)
    )
    return f"{wall:.2f}", f"{wall / base_wall:.3f}", f"{used:.2f}", f"{used / base_used:.3f}"


def parts(options: Options, directory: Path) -> list[tuple[str, ...]]:
    """Time what is done around the commands, each alone; a tree is there from before."""
    out = directory / "countermark build-0"
    plan = planned(options, out)
    configuration, host = plan.configuration, plan.hosts[0]
    suite, variables = configuration.suite, dict(host.configure.environment)
    ways: dict[str, Callable[[], object]] = {
        "countermark --version": lambda: timed([COUNTERMARK, "--version"], variables),
        "deciding what is to be done": lambda: planned(options, out),
        "of it, the digest of the sources": lambda: describe_source(
            suite, out=out, environment=configuration.environment
        ),
        "seeing that a configured tree is as it was": lambda: configure(host, Runner()),
    }
    return [(name, *repeated(what)) for name, what in ways.items()]


def repeated(what: Callable[[], object]) -> tuple[str, ...]:
    """Return the medians of what a function takes by the clock and of the processors."""
    samples = [measured(what) for _ in range(9)]
    return tuple(f"{median(column):.4f}" for column in zip(*samples, strict=True))


def measured(what: Callable[[], object]) -> Taken:
    """Return what a function, with the programs that it runs, takes."""
    start, used = time.perf_counter(), of_processors()
    what()
    return Taken(time.perf_counter() - start, of_processors() - used)


def of_processors() -> float:
    """Return what this process and those that it has waited for took of the processors."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def made_of_functions(root: Path) -> Path:
    """Make a suite that keeps a compiler busy for some minutes: a program of many files."""
    root.mkdir()
    names = [f"part{number:02}" for number in range(FILES)]
    for name in names:
        body = "\n".join(functions(name))
        (root / f"{name}.c").write_text(f"{body}\nint {name}(int x) {{ return {name}_199(x); }}\n")
    calls = "".join(f"  sum += {name}(sum);\n" for name in names)
    declarations = "".join(f"int {name}(int);\n" for name in names)
    (root / "main.c").write_text(
        f"{declarations}int main(int sum, char **words) {{\n  (void)words;\n{calls}"
        "  return sum & 1;\n}\n"
    )
    files = " ".join(f"{name}.c" for name in ("main", *names))
    write_lists(root, f"add_executable(busy {files})\ninstall(TARGETS busy)\n")
    return root


def functions(name: str) -> Iterator[str]:
    """Yield functions that take an optimiser some time; each calls the one before it."""
    cases = "".join(
        f"    case {each}: x = x * {each + 3} ^ (x >> {each % 7 + 1}); break;\n"
        for each in range(40)
    )
    for number in range(1, 200):
        before = f"{name}_{number - 1}(x)" if number > 1 else "x"
        yield (
            f"__attribute__((noinline)) static int {name}_{number}(int x) {{\n"
            f"  for (int i = 0; i < 16; i++)\n    switch ((x + i) % 40) {{\n{cases}    }}\n"
            f"  return {before};\n}}"
        )


def write_lists(root: Path, text: str) -> None:
    """Write the CMakeLists.txt of a made suite."""
    (root / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.25)\nproject(made LANGUAGES C)\n{text}"
    )


def show_repeated(directory: Path, runs: int) -> None:
    """Print what a release takes, and the same again with nothing changed."""
    options = Options(suite=made_of_programs(directory / "suite"), hosts=HOSTS, version="1.0")
    first, *rest = (released(options, directory / "out") for _ in range(runs + 1))
    rows = [
        (name, f"{seconds:.2f}", f"{median([run[name] for run in rest]):.2f}")
        for name, seconds in first.items()
    ]
    print(table(("release", "first", "again, nothing changed"), rows))


def released(options: Options, out: Path) -> dict[str, float]:
    """Make a release and return what it took, in all and step by step."""
    taken = ours("release", options, out)
    hosts = json.loads((out / "manifest.json").read_bytes())["hosts"]
    steps = {
        f"{step['step']}, {host['host']}": step["seconds"]
        for host in hosts
        for step in host["steps"]
    }
    return {"by the clock": taken.wall, "of the processors": taken.processors, **steps}


def made_of_programs(root: Path) -> Path:
    """Make a suite of large programs, which hold pieces of zig's own, and many small files."""
    root.mkdir()
    lists = "set(CMAKE_C_STANDARD 23)\n"
    with find_zig().program.open("rb") as content:
        for name, megabytes in PROGRAMS.items():
            # clang takes a file for text that begins with a byte order mark.
            (root / f"{name}.bin").write_bytes(b"program " + content.read(megabytes << 20))
            (root / f"{name}.c").write_text(
                f'static const unsigned char data[] = {{\n#embed "{name}.bin"\n}};\n'
                "int main(int count, char **words) {\n  (void)words;\n"
                "  return data[count * 4099u % sizeof data] == 7;\n}\n"
            )
            lists += f"add_executable({name} {name}.c)\ninstall(TARGETS {name})\n"
    write_lists(root, lists)
    for number in range(SOURCES):
        folder = root / "include" / f"{number % 60:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"header{number}.h").write_text(f"// {number}\n" * 800)
    return root


if __name__ == "__main__":
    print(shlex.join(["python", *sys.argv]))
    main()
