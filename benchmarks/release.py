"""How long the main job takes, beside what cannot be avoided.

    python benchmarks/release.py [--runs N]

Times whole processes by the wall clock, medians of interleaved runs:

- ``countermark --version`` beside a Python that does nothing,
- the default release (this machine and arm64-apple-darwin) with cold compiler caches, beside plain
  CMake and Ninja that configure, build and install the same two hosts one after the other, also
  with cold caches,
- the same release run again with nothing changed.

Nothing is asserted: the figures are for people.
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
from collections.abc import Callable
from pathlib import Path

from countermark.config import Options, resolve
from countermark.flow import prepare
from countermark.render.table import table

COUNTERMARK = [str(Path(sys.executable).with_name("countermark"))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    start_ups = interleaved(20, bare_python, version)
    releases = interleaved(runs, plain_cmake, cold_release)
    again = repeated_release(max(runs, 3))
    rows = [
        row("python -c pass", start_ups[0], None),
        row("countermark --version", start_ups[1], start_ups[0]),
        row("plain cmake + ninja, two hosts, cold", releases[0], None),
        row("countermark release, two hosts, cold", releases[1], releases[0]),
        row("countermark release again, nothing changed", again, None),
    ]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(table(("what", "seconds", "ratio"), rows))


def row(what: str, seconds: float, base: float | None) -> tuple[str, str, str]:
    """Return a line of the table; the ratio is to the line before."""
    return what, f"{seconds:.3f}", f"{seconds / base:.2f}" if base else ""


def interleaved(runs: int, *measured: Callable[[], float]) -> list[float]:
    """Return the median of each, measured in turn."""
    samples = [[measure() for measure in measured] for _ in range(runs)]
    return [statistics.median(column) for column in zip(*samples, strict=True)]


def timed(command: list[str], cwd: str | None = None, cache: str | None = None) -> float:
    """Return how many seconds a command took; it must go well."""
    environment = {**os.environ, **({"COUNTERMARK_CACHE_DIR": cache} if cache else {})}
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def bare_python() -> float:
    """The start-up that every Python program has."""
    return timed([sys.executable, "-c", "pass"])


def version() -> float:
    """Ours."""
    return timed([*COUNTERMARK, "--version"])


def cold_release() -> float:
    """A default release in an empty directory, with empty compiler caches."""
    with tempfile.TemporaryDirectory() as directory:
        return timed([*COUNTERMARK, "release"], directory, f"{directory}/cache")


def plain_cmake() -> float:
    """The very commands of that release, without countermark around them."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "COUNTERMARK_CACHE_DIR": f"{directory}/cache"}
        plan = prepare(resolve(Options(), environment, Path(directory)))
        script = "\n".join(
            str(command)
            for host in plan.hosts
            for command in (host.configure, host.compile, *host.install)
        )
        variables = dict(plan.configuration.environment)
        start = time.perf_counter()
        subprocess.run(
            ["sh", "-ec", script], env=variables, check=True, capture_output=True, cwd=directory
        )
        return time.perf_counter() - start


def repeated_release(runs: int) -> float:
    """The median of a release that finds everything done."""
    with tempfile.TemporaryDirectory() as directory:
        timed([*COUNTERMARK, "release"], directory)
        return statistics.median(timed([*COUNTERMARK, "release"], directory) for _ in range(runs))


if __name__ == "__main__":
    print(shlex.join(["python", *sys.argv]))
    main()
