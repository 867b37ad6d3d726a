"""The kit written out, other tools asked about it, and the score counted."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from adapters import Countermark, MacOS, Opinion, Rcodesign, Tool, run, tools
from commands import ROOT
from kit.catalogue import Expectation, expectations
from score import Score, row, score
from write import write

KIT = expectations()
SMALL = [each for each in KIT if each.name in ("R27-pass", "R27-fail", "R33-fail", "R34-fail")]


class Oracle:
    """A tool that is always of one opinion."""

    name, asked, unpacks = "oracle", "oracle FILE", False

    def __init__(self, opinion: Opinion, *enforcers: str, heeds: bool = False) -> None:
        self.opinion = opinion
        self.heeds = heeds
        self.enforcers = frozenset(enforcers or ("kernel", "dyld", "codesign", "codesign-strict"))

    def missing(self) -> str:
        return ""

    def judge(self, path: Path, asked: Expectation) -> Opinion:
        return self.opinion

    def names(self, rule: str, text: str) -> bool:
        return rule in text


def named(name: str) -> Expectation:
    return next(each for each in KIT if each.name == name)


def asked(tool: Tool) -> list[int]:
    result = score(tool, [(each, Path(each.name)) for each in SMALL])
    counted = (
        result.accepted,
        result.false_alarms,
        result.refused,
        result.missed,
        result.crashed,
        result.reasons,
    )
    return [len(each) for each in counted]


def test_who_accepts_everything_misses_all_that_is_bad() -> None:
    assert asked(Oracle(Opinion(accepts=True, text=""))) == [2, 0, 0, 2, 0, 0]


def test_who_refuses_everything_raises_false_alarms() -> None:
    assert asked(Oracle(Opinion(accepts=False, text="R27"))) == [0, 2, 2, 0, 0, 1]


def test_a_tool_is_held_to_the_verdict_that_it_stands_for() -> None:
    oracle = Oracle(Opinion(accepts=True, text=""), "codesign")
    assert asked(oracle) == [3, 0, 0, 1, 0, 0]  # R33-fail is for --strict alone


def test_who_cannot_unpack_is_not_asked_about_archives() -> None:
    archives = [(each, Path(each.name)) for each in KIT if each.archived]
    assert archives
    assert score(Oracle(Opinion(accepts=True, text="")), archives) == Score()


def test_who_knows_of_no_demands_is_not_asked_about_them() -> None:
    demanded = [(each, Path(each.name)) for each in KIT if each.demand and each.rule == "Q2"]
    accepts = Opinion(accepts=True, text="")
    assert score(Oracle(accepts), demanded) == Score()
    assert score(Oracle(accepts, heeds=True), demanded) == Score(
        accepted=["Q2-pass"], missed=["Q2-fail"]
    )


def test_a_crash_is_no_verdict() -> None:
    assert asked(Oracle(Opinion(accepts=False, text="", crashed=True))) == [0, 0, 0, 0, 4, 0]


def test_a_row_has_a_cell_for_each_column() -> None:
    oracle = Oracle(Opinion(accepts=True, text=""))
    result = score(oracle, [(each, Path(each.name)) for each in SMALL])
    assert (
        row(oracle, result) == "| oracle | `oracle FILE` | 2 of 2 | 0 | 0 of 2 | 2 | 0 | 0 of 0 |"
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("kit")
    write(place)
    return place


def test_the_table_lies_beside_the_files_that_it_names(written: Path) -> None:
    table = tomllib.loads((written / "kit.toml").read_text(encoding="utf-8"))
    assert {each["name"] for each in table["file"]} | {"kit.toml"} == {
        path.name for path in written.iterdir()
    }


def test_countermark_is_asked_by_its_command_line(written: Path) -> None:
    tool = Countermark()
    assert tool.judge(written / "R27-pass", named("R27-pass")).accepts
    refused = tool.judge(written / "R27-fail", named("R27-fail"))
    assert (refused.accepts, refused.crashed) == (False, False)
    assert tool.names("R27", refused.text)
    assert not tool.names("R33", refused.text)


@pytest.mark.parametrize("rule", ["B17", "Q1", "Q2", "Q3", "Q4", "R61"])
def test_countermark_is_asked_about_bundles_and_told_of_demands(written: Path, rule: str) -> None:
    tool = Countermark()
    for each in (each for each in KIT if each.rule == rule):
        said = tool.judge(written / each.name, each)
        assert (said.accepts, said.crashed) == (each.passes, False)
        assert each.primary is None or tool.names(each.primary, said.text)


def test_a_command_that_dies_crashed_and_one_that_fails_did_not() -> None:
    dies = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    assert run([sys.executable, "-c", dies]).crashed
    assert not run([sys.executable, "-c", "raise SystemExit(1)"]).crashed


def test_a_tool_that_is_not_there_says_why(tmp_path: Path) -> None:
    absent = [tool for tool in tools(tmp_path, tmp_path / "program") if tool.missing()]
    assert {"rcodesign", "ldid", "zsign"} <= {tool.name for tool in absent}
    if sys.platform != "darwin":
        assert MacOS(tmp_path).missing()


def test_rcodesigns_complaint_about_an_empty_cms_can_be_set_aside(written: Path) -> None:
    tool = Rcodesign(Path(sys.executable), tolerant=True)
    if why := tool.missing():
        pytest.skip(why)
    assert tool.judge(written / "R27-pass", named("R27-pass")).accepts
    refused = tool.judge(written / "R27-fail", named("R27-fail"))
    assert tool.names("R27", refused.text)


@pytest.mark.parametrize("words", [("write.py",), ("write.py", "--help")])
def test_writing_without_a_directory_is_wrong_usage(words: tuple[str, ...]) -> None:
    script, *options = words
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "conformance" / script), *options],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 2
    assert "DIR" in done.stderr
