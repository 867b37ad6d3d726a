"""The output directory: one run at a time, and nothing unfinished left in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import ROOT
from countermark.errors import BusyError, ConfigurationError, WorkError
from countermark.workspace import Workspace

HOLDER = """\
import sys
from pathlib import Path
from countermark.workspace import Workspace
with Workspace(out=Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def start_holder(out: Path) -> subprocess.Popen[str]:
    """Start another process that holds ``out`` until its standard input ends."""
    rooms = (ROOT / room for room in ("packaging", "signing", "layout"))
    holder = subprocess.Popen(
        (sys.executable, "-c", HOLDER, str(out)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, rooms))},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_directory_in_use_is_refused_with_the_process_that_uses_it(tmp_path: Path) -> None:
    out = tmp_path / "dist"
    with start_holder(out) as holder:
        with pytest.raises(BusyError) as caught, Workspace(out=out).lock():
            pytest.fail("two runs hold one directory")
        holder.communicate()
    assert str(out) in str(caught.value)
    assert str(holder.pid) in str(caught.value)
    assert "--out" in caught.value.hint


def test_a_refused_run_leaves_the_other_ones_files_alone(tmp_path: Path) -> None:
    workspace = Workspace(out=tmp_path)
    with start_holder(tmp_path) as holder:
        (workspace.temporary / "half").touch()
        with pytest.raises(BusyError), workspace.lock():
            pytest.fail("two runs hold one directory")
        assert (workspace.temporary / "half").exists()
        holder.communicate()


def test_a_killed_run_does_not_keep_its_lock(tmp_path: Path) -> None:
    with start_holder(tmp_path) as holder:
        holder.kill()
        holder.wait()
        with Workspace(out=tmp_path).lock():
            pass


def test_another_directory_is_free(tmp_path: Path) -> None:
    with Workspace(out=tmp_path / "a").lock(), Workspace(out=tmp_path / "b").lock():
        pass


def test_the_directory_is_made_and_free_afterwards(tmp_path: Path) -> None:
    workspace = Workspace(out=tmp_path / "not" / "yet")
    for _ in range(2):
        with workspace.lock():
            assert list(workspace.temporary.iterdir()) == []


def test_an_error_inside_frees_the_directory(tmp_path: Path) -> None:
    workspace = Workspace(out=tmp_path)
    with pytest.raises(ZeroDivisionError), workspace.lock():
        raise ZeroDivisionError
    with workspace.lock():
        pass


def test_what_an_earlier_run_left_unfinished_is_swept_away(tmp_path: Path) -> None:
    workspace = Workspace(out=tmp_path)
    (workspace.temporary / "folder").mkdir(parents=True)
    (workspace.temporary / "folder" / "half.tar").touch()
    artifact = tmp_path / "whole.tar.gz"
    artifact.touch()
    with workspace.lock():
        assert list(workspace.temporary.iterdir()) == []
    assert artifact.exists()


def test_a_file_in_the_place_of_the_directory_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "dist").touch()
    with pytest.raises(ConfigurationError) as caught, Workspace(out=tmp_path / "dist").lock():
        pytest.fail("a file was locked")
    assert "--out" in caught.value.hint


@pytest.mark.parametrize("parent", ["/proc/self", "a file"])
def test_a_directory_that_cannot_be_made_is_a_work_error(tmp_path: Path, parent: str) -> None:
    """Not even root may write there; to directories that are only read-only it may."""
    place = Path(parent) if parent.startswith("/") else tmp_path / parent
    if not place.exists():
        place.touch()
    with pytest.raises(WorkError) as caught, Workspace(out=place / "dist").lock():
        pytest.fail("a directory was made")
    assert str(place / "dist") in str(caught.value)
    assert caught.value.hint


def test_a_file_in_the_place_of_our_own_directory_is_a_work_error(tmp_path: Path) -> None:
    (tmp_path / ".countermark").touch()
    with pytest.raises(WorkError), Workspace(out=tmp_path).lock():
        pytest.fail("a file was locked")


def test_unfinished_files_that_cannot_be_swept_are_a_work_error(tmp_path: Path) -> None:
    workspace = Workspace(out=tmp_path)
    workspace.root.mkdir()
    workspace.temporary.touch()
    with pytest.raises(WorkError), workspace.lock():
        pytest.fail("a file was taken for a directory")


def test_all_that_is_not_an_artifact_is_in_one_place(tmp_path: Path) -> None:
    workspace = Workspace(out=tmp_path)
    host = workspace.host("arm64-apple-darwin")
    for path in (workspace.temporary, host.build, host.stage, host.log):
        assert path.is_relative_to(workspace.root)
    for path in (workspace.manifest, workspace.settings, workspace.sums):
        assert path.parent == tmp_path
