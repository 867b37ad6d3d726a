"""``countermark layout interface`` through the real command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from commands import Run
from documents import validate

pytest.importorskip("capnp", reason="there is no pycapnp")
pytestmark = pytest.mark.skipif(shutil.which("capnp") is None, reason="there is no capnp")

TEXT = "@0xc77d03df6a41b505;\ninterface Mining { tip @0 () -> (height :Int32); }\n"


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    for name, text in (
        ("old", TEXT),
        ("grown", TEXT.replace("(height :Int32)", "(height :Int32, hash :Data)")),
        ("broken", TEXT.replace("Int32", "Int64")),
        ("bad", "interface"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mining.capnp").write_text(text)
    return tmp_path


def test_growth_is_accepted(trees: Path, run: Run) -> None:
    ended = run("layout", "interface", "old", "grown", cwd=trees)
    assert ended.code == 0, ended.err
    assert "note I10 growth: new result Mining.tip:hash @1" in ended.out


def test_a_break_is_rejected_in_every_format(trees: Path, run: Run) -> None:
    for output in ("text", "json", "sarif", "junit", "github"):
        ended = run("layout", "interface", "old", "broken", "--format", output, cwd=trees)
        assert ended.code == 1
        assert "result Mining.tip:height @0 was int32, and is int64" in ended.out
        if output == "json":
            validate(ended.out)
            assert json.loads(ended.out)["files"][0]["member"] == "mining.capnp"


def test_a_schema_that_does_not_compile_is_the_users_mistake(trees: Path, run: Run) -> None:
    ended = run("layout", "interface", "old", "bad", cwd=trees)
    assert (ended.code, ended.out) == (2, "")
    assert "does not compile: mining.capnp:1:10" in ended.err


def test_what_is_not_there_cannot_be_compared(trees: Path, run: Run) -> None:
    assert run("layout", "interface", "old", "absent", cwd=trees).code == 2
    (trees / "empty").mkdir()
    assert run("layout", "interface", "old", "empty", cwd=trees).code == 3


def test_without_the_compiler_nothing_is_compared(trees: Path, run: Run) -> None:
    ended = run("layout", "interface", "old", "grown", cwd=trees, PATH=str(trees))
    assert ended.code == 3
    assert "apt-get install capnproto" in ended.err


def test_a_name_is_no_option_of_the_compiler(trees: Path, run: Run) -> None:
    (trees / "old/mining.capnp").rename(trees / "old/-omining.capnp")
    ended = run("layout", "interface", "old", "old", cwd=trees)
    assert (ended.code, ended.err) == (0, "")
    assert "-omining.capnp" in ended.out


def test_two_files_of_one_id_are_not_taken_for_each_other(trees: Path, run: Run) -> None:
    (trees / "old/copy.capnp").write_text(TEXT)
    ended = run("layout", "interface", "old", "grown", cwd=trees)
    assert (ended.code, ended.out) == (2, "")
    assert "Duplicate ID" in ended.err


def test_what_is_nested_without_end_is_refused(trees: Path, run: Run) -> None:
    field = "a @0 :" + "List(" * 400 + "Text" + ")" * 400
    (trees / "old/mining.capnp").write_text(f"@0xc77d03df6a41b505;\nstruct S {{ {field}; }}\n")
    ended = run("layout", "interface", "old", "old", cwd=trees)
    assert (ended.code, ended.out) == (2, "")
    assert "nested too deeply" in ended.err
