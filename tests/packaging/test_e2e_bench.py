"""``countermark bench`` through the real command line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import jsonschema
import pytest

from commands import ROOT, Run
from macho import Macho


@pytest.fixture
def path(environment: dict[str, str], tmp_path: Path) -> str:
    """A PATH with three other signers on it: one that signs, one that does not, one that fails."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, script in (
        ("rcodesign", f'exec \'{sys.executable}\' -m countermark sign -o "$3" "$2"'),
        ("zsign", "exit 0"),
        ("ldid", "echo it does not want to >&2; exit 9"),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    return os.pathsep.join((str(programs), environment["PATH"]))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """An empty directory."""
    directory = tmp_path / "work"
    directory.mkdir()
    return directory


def test_the_table_shows_limits_ourselves_and_others(run: Run, work: Path, path: str) -> None:
    ended = run("bench", "--size", "1MB", "--runs", "1", "--directory", work, cwd=work, PATH=path)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    (heading,) = [line for line in lines if line.startswith("what")]
    assert heading.split() == ["what", "seconds", "MB/s", "ratio", "memory", "verdict"]
    starts = [
        line for line in lines if line.startswith(("cp ", "python start-up ", "these three "))
    ]
    assert len(starts) == 3
    verdicts = {line.split("  ")[0]: line for line in lines}
    assert verdicts["countermark sign"].endswith("accepted")
    assert verdicts["rcodesign"].endswith("accepted")
    assert verdicts["zsign"].endswith("REJECTED A1")
    assert "left out: ldid: exit 9: it does not want to" in lines
    assert list(work.iterdir()) == []


def test_the_document_is_what_its_schema_says(run: Run, work: Path, path: str) -> None:
    (work / "program").write_bytes(Macho(text_pages=9).build())
    ended = run("bench", "program", "--runs", "2", "--format", "json", cwd=work, PATH=path)
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    jsonschema.validate(document, json.loads((ROOT / "docs/schema/bench.1.json").read_bytes()))
    (image,) = document["images"]
    assert (image["path"], image["size"]) == ("program", (work / "program").stat().st_size)
    figures = {each["name"]: each for each in image["figures"]}
    ours = figures["countermark sign"]
    assert (ours["ratio"], ours["accepted"], ours["role"]) == (1.0, True, "sign")
    assert ours["fastest"] <= ours["seconds"] <= ours["slowest"]
    assert figures["zsign"]["findings"] == ["A1"]
    assert [each["name"] for each in image["left_out"]] == ["ldid"]
    if sys.platform == "linux":
        assert 1_000_000 < ours["peak_memory"] < 200_000_000


def test_a_bad_file_does_not_end_the_batch(run: Run, work: Path) -> None:
    (work / "program").write_bytes(Macho().build())
    (work / "text").write_text("text", encoding="utf-8")
    ended = run("bench", "absent", "text", "program", "--runs", "1", cwd=work)
    assert ended.code == 3
    assert "there is no absent" in ended.err
    assert "text is not a Mach-O" in ended.err
    assert "countermark sign" in ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (("absent",), 2, "there is no absent"),
        (("text",), 3, "text is not a Mach-O"),
        ((".",), 2, "not a file"),
        (("--size", "1"), 2, "no image of 1 bytes"),
        (("--size", "900GB"), 2, "no image of 900,000,000,000 bytes"),
        (("--size", "large"), 2, "'large' is no size"),
        (("--size", "1MB", "text"), 2, "--size is for"),
        (("--runs", "0"), 2, "--runs"),
        (("--directory", "absent"), 2, "absent"),
        (("huge",), 3, "bytes free"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...], code: int, problem: str, run: Run, work: Path
) -> None:
    (work / "text").write_text("text", encoding="utf-8")
    with (work / "huge").open("wb") as huge:  # takes no room, and could never be copied
        huge.write(Macho().build())
        huge.truncate(1 << 42)
    ended = run("bench", *arguments, cwd=work)
    assert ended.code == code, ended.err
    assert problem in ended.err
    assert ended.out == ""


def test_trouble_as_a_document_is_valid_too(run: Run, work: Path) -> None:
    ended = run("bench", "absent", "--format", "json", cwd=work)
    assert ended.code == 2
    document = json.loads(ended.out)
    jsonschema.validate(document, json.loads((ROOT / "docs/schema/bench.1.json").read_bytes()))
    assert document["images"] == []
    assert "absent" in document["problems"][0]["message"]
