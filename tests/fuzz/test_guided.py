"""atheris looks for a moment for bytes that a reader cannot bear, led by what they make it do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from commands import ROOT
from targets import TARGETS

pytestmark = pytest.mark.guided

LIMITS = ("-runs=2000", "-max_total_time=2")
"""Whichever comes first ends the search for one target."""


def guided(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the script as a user does; where there is no atheris, say so."""
    pytest.importorskip("atheris", reason="the extra fuzz is not installed")
    command = [sys.executable, ROOT / "tests" / "fuzz" / "guided.py", *words]
    return subprocess.run(command, capture_output=True, check=False, text=True, errors="replace")


@pytest.mark.parametrize("name", TARGETS)
def test_a_short_search_finds_nothing(name: str, tmp_path: Path) -> None:
    done = guided(name, *LIMITS, f"-artifact_prefix={tmp_path}/")
    assert done.returncode == 0, f"{done.stderr}\nsee {list(tmp_path.iterdir())}"
    assert "Done" in done.stderr


def test_one_input_is_read_again_by_the_name_of_its_file(tmp_path: Path) -> None:
    given = tmp_path / "crash-1"
    given.write_bytes(b"no signature")
    done = guided("superblob", given)
    assert done.returncode == 0
    assert f"Executed {given}" in done.stderr


def test_an_unknown_target_is_wrong_usage() -> None:
    done = guided("unknown")
    assert done.returncode == 2
    assert "verify" in done.stderr
