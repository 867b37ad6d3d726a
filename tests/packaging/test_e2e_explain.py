"""``countermark explain`` on the real command line."""

from __future__ import annotations

from pathlib import Path

from commands import Run
from documents import validate


def test_a_rule_is_told_with_everything_that_is_known(tmp_path: Path, run: Run) -> None:
    ended = run("explain", "r27", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    for text in (
        "R27 page-hash",
        "the kernel, codesign",
        "errSecCSSignatureFailed (-67061)",
        "zsh: killed",
        "docs/reference/rules.md#R27",
    ):
        assert text in ended.out


def test_a_negative_number_is_no_option(tmp_path: Path, run: Run) -> None:
    ended = run("explain", "-67061", "uuid", cwd=tmp_path)
    assert ended.code == 0
    assert ended.out.startswith("errSecCSSignatureFailed")
    assert "dyld since macOS 26" in ended.out


def test_an_unknown_word_gets_the_nearest_one(tmp_path: Path, run: Run) -> None:
    ended = run("explain", "page-hsh", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "did you mean 'page-hash'?" in ended.err


def test_an_unknown_option_is_still_refused(tmp_path: Path, run: Run) -> None:
    assert run("explain", "--frmat", "json", "R27", cwd=tmp_path).code == 2


def test_the_document_is_what_its_schema_says(tmp_path: Path, run: Run) -> None:
    ended = run("explain", "R32", "L15", "errSecCSUnsigned", "--format", "json", cwd=tmp_path)
    document = validate(ended.out)
    assert [rule["rule"] for rule in document["rules"]] == ["R32", "L15"]
    assert [error["number"] for error in document["errors"]] == [-67062]
