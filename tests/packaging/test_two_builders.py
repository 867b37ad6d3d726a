"""Two builders who have little in common make the same release."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from commands import EPOCH, ROOT, run_countermark
from countermark.hosts import native_triple

HOSTS = ("x86_64-linux-gnu", "arm64-apple-darwin")

HABITS = """\
import contextlib
import os
import time

from countermark.reproduction.kernel import enter_namespaces

AHEAD = 400 * 24 * 3600
now, now_ns = time.time, time.time_ns
time.time = lambda: now() + AHEAD
time.time_ns = lambda: now_ns() + AHEAD * 10**9
os.umask(0o077)
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
with contextlib.suppress(OSError):  # not every system lets it
    enter_namespaces(mounts=False, names=False, uid=os.getuid() + 4321)
"""
"""What Python reads at its start: another clock, another umask, one processor, another user."""


class Builder:
    """Somebody with a home, a checkout and habits of his own."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self.home = home
        self.suite = home / "checkout" / "src"
        self.environment = {**environment, "HOME": str(home), "SOURCE_DATE_EPOCH": EPOCH}
        shutil.copytree(ROOT / "src", self.suite)

    def release(self, *options: str) -> bytes:
        """Release the suite and return the sums."""
        out = self.home / "out"
        ended = run_countermark(
            *("release", self.suite, "--name", "bitcoin", "--version", "1.0.0", "--out", out),
            *options,
            cwd=self.home,
            environment=self.environment,
        )
        assert ended.code == 0, ended.err
        return (out / "SHA256SUMS").read_bytes()


@pytest.fixture
def ann(tmp_path: Path, environment: dict[str, str]) -> Builder:
    return Builder(tmp_path / "ann", environment)


@pytest.fixture
def bob(tmp_path: Path, environment: dict[str, str]) -> Builder:
    """Another directory, language, time zone and name, and other habits."""
    home = tmp_path / "home of another builder" / "bob"
    home.mkdir(parents=True)
    (home / "sitecustomize.py").write_text(HABITS)
    for path in ("tmp", "cache"):
        (home / path).mkdir()
    return Builder(
        home,
        {
            **environment,
            "PYTHONPATH": os.pathsep.join((str(home), environment["PYTHONPATH"])),
            "LC_ALL": "tr_TR.UTF-8",
            "LANGUAGE": "tr",
            "TZ": "Asia/Kathmandu",
            "TMPDIR": str(home / "tmp"),
            "USER": "bob",
            "LOGNAME": "bob",
            "CFLAGS": "-O0 -g",
            "DESTDIR": "/nowhere",
        },
    )


def test_the_other_builder_has_other_habits(bob: Builder) -> None:
    """Or the tests below would show nothing."""
    question = "import os, time; print(os.getuid(), os.umask(0), time.gmtime(time.time()).tm_year)"
    answers = [
        subprocess.run(
            [sys.executable, "-c", question],
            env={**bob.environment, **more},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.split()
        for more in ({}, {"PYTHONPATH": ""})
    ]
    assert answers[0][1] == str(0o077) != answers[1][1]
    assert int(answers[0][2]) > int(answers[1][2])


def test_they_make_equal_sums(ann: Builder, bob: Builder) -> None:
    hosts = [word for host in HOSTS for word in ("--host", host)]
    sums = ann.release(*hosts)
    assert sums.count(b"\n") == len(HOSTS)
    assert bob.release(*hosts) == sums


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs the machine's own compiler")
@pytest.mark.skipif(
    native_triple(platform.system(), platform.machine()) != HOSTS[0],
    reason=f"needs a machine that is {HOSTS[0]}",
)
def test_they_make_equal_sums_with_the_compiler_of_the_machine(ann: Builder, bob: Builder) -> None:
    native = ("--host", HOSTS[0], "--toolchain", "native")
    assert bob.release(*native) == ann.release(*native)


@pytest.mark.reproduction
def test_what_a_compiler_has_kept_for_itself_changes_nothing(ann: Builder, bob: Builder) -> None:
    bob.environment["COUNTERMARK_CACHE_DIR"] = str(bob.home / "cache")
    assert bob.release("--host", HOSTS[1]) == ann.release("--host", HOSTS[1])
