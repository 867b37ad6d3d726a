"""The memory that a program has for itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from countermark.memory import PeakMemory, anonymous_bytes
from countermark.process import Command, measure

SIZE = 64 << 20

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells a program's anonymous memory"
)


def peak(script: str, tmp_path: Path) -> int:
    memory = PeakMemory()
    command = Command(
        argv=(sys.executable, "-c", script, str(tmp_path / "mapped")), environment=os.environ
    )
    ended = measure(command, log=tmp_path / "log", seconds=60, watch=memory.look)
    assert ended.problem == ""
    assert memory.peak is not None
    return memory.peak


def test_what_a_program_allocates_counts(tmp_path: Path) -> None:
    script = f"import time; kept = bytearray(b'x') * {SIZE}; time.sleep(0.2)"
    assert peak(script, tmp_path) > SIZE


def test_the_most_counts_even_when_it_was_given_back(tmp_path: Path) -> None:
    script = f"import time; kept = bytearray(b'x') * {SIZE}; time.sleep(0.2); del kept"
    assert peak(f"{script}; time.sleep(0.2)", tmp_path) > SIZE


def test_files_that_a_program_maps_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "mapped").write_bytes(bytes(SIZE))
    script = (
        "import mmap, sys, time; file = open(sys.argv[1], 'rb');"
        "view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ);"
        "assert not any(view[at] for at in range(0, len(view), 4096)); time.sleep(0.2)"
    )
    assert peak(script, tmp_path) < SIZE


def test_a_program_that_is_gone_has_none() -> None:
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    assert anonymous_bytes(gone.pid) is None
    memory = PeakMemory()
    memory.look(gone.pid)
    assert memory.peak is None
