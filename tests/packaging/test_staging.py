"""From what a suite installs to a stage: modes, places, and what is refused."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from countermark.errors import CommandError, StageError, WorkError
from countermark.plan import HostPlan
from countermark.process import Command, Runner
from countermark.staging import read_stage, regular_files, stage
from counterproof.errors import PlacementError
from suites import ENVIRONMENT, host_plan, suite

PROGRAMS = "mkdir bin && for p in bitcoin bitcoin-node bitcoin-wallet; do echo $p > bin/$p; done;"
EXECUTABLE = "chmod +x bin/*;"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return suite(tmp_path / "demo")


@pytest.fixture
def strict_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def installing(tree: Path, *scripts: str, host: str = "x86_64-linux-gnu") -> HostPlan:
    """A plan whose install commands are shell scripts that run in the stage."""
    plan = host_plan(tree, hosts=(host,), profile=None)
    plan.workspace.root.mkdir(parents=True)
    commands = tuple(
        Command(
            argv=("sh", "-ec", script),
            environment=ENVIRONMENT,
            directory=plan.stage,
        )
        for script in scripts
    )
    return replace(plan, install=commands)


def modes(root: Path) -> dict[str, int]:
    return {
        path.relative_to(root).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in sorted(root.rglob("*"))
    }


def test_what_every_command_installs_is_staged(tree: Path) -> None:
    plan = installing(tree, "echo a > a", "echo b > b")
    stage(plan, Runner())
    assert sorted(path.name for path in plan.stage.iterdir()) == ["a", "b"]


def test_programs_stand_where_the_detected_profile_wants_them(tree: Path) -> None:
    staged = stage(installing(tree, PROGRAMS + EXECUTABLE), Runner())
    assert (staged.profile.name, staged.detected) == ("multiprocess", True)
    assert {str(move.source): str(move.destination) for move in staged.moves} == {
        "bin/bitcoin-node": "libexec/bitcoin-node",
        "bin/bitcoin-wallet": "libexec/bitcoin-wallet",
    }
    for name in ("bin/bitcoin", "libexec/bitcoin-node", "libexec/bitcoin-wallet"):
        assert (staged.root / name).read_text(encoding="utf-8").strip() == Path(name).name


def test_a_profile_that_was_asked_for_is_not_detected(tree: Path) -> None:
    plan = installing(tree, PROGRAMS + EXECUTABLE)
    chosen = host_plan(tree, profile="generic").build
    staged = stage(replace(plan, build=chosen), Runner())
    assert (staged.profile.name, staged.detected, staged.moves) == ("generic", False, ())


@pytest.mark.usefixtures("strict_umask")
def test_modes_do_not_depend_on_the_umask(tree: Path) -> None:
    staged = stage(
        installing(tree, PROGRAMS + EXECUTABLE + "mkdir -p share/a; : > share/a/b"), Runner()
    )
    found = modes(staged.root)
    assert {name for name, mode in found.items() if mode == 0o644} == {"share/a/b"}
    assert {mode for name, mode in found.items() if name != "share/a/b"} == {0o755}
    assert stat.S_IMODE(staged.root.stat().st_mode) == 0o755


@pytest.mark.parametrize("mode", [0o777, 0o700, 0o4755, 0o500])
def test_a_programs_mode_is_normalised(tree: Path, mode: int) -> None:
    staged = stage(installing(tree, f"echo x > program; chmod {mode:o} program"), Runner())
    assert modes(staged.root) == {"program": 0o755}


@pytest.mark.parametrize("mode", [0o666, 0o600, 0o440])
def test_a_files_mode_is_normalised(tree: Path, mode: int) -> None:
    staged = stage(installing(tree, f"echo x > file; chmod {mode:o} file"), Runner())
    assert modes(staged.root) == {"file": 0o644}


def test_a_link_is_left_alone(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o600)
    stage(installing(tree, f"echo x > a; ln -s {outside} b; ln -s nowhere c"), Runner())
    assert stat.S_IMODE(outside.stat().st_mode) == 0o600


@pytest.mark.parametrize("script", ["true", "mkdir -p bin", "ln -s nowhere link"])
def test_a_suite_that_installs_nothing_is_refused(tree: Path, script: str) -> None:
    with pytest.raises(StageError, match="nothing was installed") as caught:
        stage(installing(tree, script), Runner())
    assert caught.value.hint


def test_an_empty_program_is_refused_by_name(tree: Path) -> None:
    with pytest.raises(StageError, match="bin/bitcoin"):
        stage(installing(tree, "mkdir bin; : > bin/bitcoin; chmod +x bin/bitcoin"), Runner())


def test_an_empty_file_that_is_no_program_may_be(tree: Path) -> None:
    stage(installing(tree, ": > empty"), Runner())


def test_a_command_that_fails_is_told(tree: Path) -> None:
    with pytest.raises(CommandError, match="installing") as caught:
        stage(installing(tree, "echo no room; exit 1"), Runner())
    assert caught.value.tail == ("no room",)


def test_two_programs_for_one_place_are_refused(tree: Path) -> None:
    twice = PROGRAMS + "mkdir libexec; cp bin/bitcoin-node libexec;" + EXECUTABLE
    with pytest.raises(PlacementError, match="libexec/bitcoin-node"):
        stage(installing(tree, twice + "chmod +x libexec/*"), Runner())


def test_what_an_earlier_run_staged_is_gone(tree: Path) -> None:
    plan = installing(tree, "echo a > a")
    stage(plan, Runner())
    (plan.workspace.stage / "other-version").mkdir()
    (plan.stage / "b").touch()
    stage(plan, Runner())
    assert [path.name for path in plan.stage.iterdir()] == ["a"]
    assert [path.name for path in plan.workspace.stage.iterdir()] == ["demo-1.0"]


def test_a_stage_is_read_as_it_was_left(tree: Path) -> None:
    plan = installing(tree, PROGRAMS + EXECUTABLE)
    staged = stage(plan, Runner())
    assert read_stage(plan) == replace(staged, moves=())


def test_a_stage_that_is_not_there_says_which_command_makes_it(tree: Path) -> None:
    with pytest.raises(WorkError) as caught:
        read_stage(host_plan(tree))
    assert "countermark stage" in caught.value.hint


def test_a_stage_that_cannot_be_made_is_a_work_error(tree: Path) -> None:
    plan = installing(tree, "echo a > a")
    plan.workspace.stage.touch()
    with pytest.raises(WorkError, match="cannot be made"):
        stage(plan, Runner())


def test_regular_files_come_in_order_without_links(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a/1", "c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("c")
    (tmp_path / "folder-link").symlink_to("a")
    names = [path.relative_to(tmp_path).as_posix() for path in regular_files(tmp_path)]
    assert names == ["c", "a/1", "b/1", "b/2"]
