"""What a release would do, told by the executor that only describes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from countermark.describe import Describer
from countermark.flow import ALL_STEPS, BUILD_STEPS, describe
from countermark.pipeline import Step
from suites import plan, suite


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return suite(tmp_path / "demo")


def lines_of(describer: Describer, step: Step) -> str:
    (found,) = (each for each in describer.descriptions if each.step is step)
    return "\n".join(found.lines)


def test_every_host_and_every_step_is_described_in_order(tree: Path) -> None:
    release = plan(tree, hosts=("all",))
    described = describe(release)
    assert [each.plan for each in described] == list(release.hosts)
    for each in described:
        assert [one.step for one in each.descriptions] == [
            step for step in ALL_STEPS if step is not Step.SUPPLY
        ]


def test_only_the_steps_asked_for_are_described(tree: Path) -> None:
    (only,) = describe(plan(tree), BUILD_STEPS)
    assert [one.step for one in only.descriptions] == [Step.CONFIGURE, Step.BUILD]


def test_the_commands_are_those_of_the_plan(tree: Path) -> None:
    release = plan(tree, components=("a", "b"))
    (only,) = describe(release)
    assert lines_of(only, Step.CONFIGURE) == str(release.hosts[0].configure)
    assert lines_of(only, Step.BUILD) == str(release.hosts[0].compile)
    assert lines_of(only, Step.STAGE).splitlines() == [str(one) for one in release.hosts[0].install]


def test_what_is_signed_checked_and_packed_is_named(tree: Path) -> None:
    (only,) = describe(
        plan(tree, hosts=("arm64-apple-darwin",), style="macos15", profile="multiprocess")
    )
    assert "macos15" in lines_of(only, Step.SIGN)
    assert "multiprocess" in lines_of(only, Step.CHECK)
    assert "mach-o arm64" in lines_of(only, Step.CHECK)
    (archive,) = only.plan.archives
    assert str(archive.path) in lines_of(only, Step.PACK)


def test_describing_touches_no_file(tree: Path) -> None:
    before = sorted(os.walk(tree.parent))
    describe(plan(tree, hosts=("all",)))
    assert sorted(os.walk(tree.parent)) == before
