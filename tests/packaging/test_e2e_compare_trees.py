"""``countermark compare`` of archives and directories, as a user runs it."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from commands import Run
from countersign.signer import sign_bytes
from documents import validate
from macho import Macho
from trees import pack_tar, pack_tar_gz, pack_zip, tar_info, tar_of, write_stage

UNSIGNED = Macho(text_pages=3, room=16).build()
FILES = {"bin/program": UNSIGNED, "share/readme.txt": b"one\ntwo\n"}
SIGNED = {**FILES, "bin/program": sign_bytes(UNSIGNED, "program")}
OTHER = {**FILES, "share/readme.txt": b"one\n2\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in {
        "a.tar.gz": pack_tar_gz(FILES),
        "fast.tar.gz": gzip.compress(pack_tar(FILES), 1, mtime=0),
        "a.zip": pack_zip(FILES),
        "signed.tar.gz": pack_tar_gz(SIGNED),
        "other.tar.gz": pack_tar_gz(OTHER),
        "damaged.tar.gz": pack_tar_gz(FILES)[:-4],
        "page.gz": gzip.compress(b"no tar"),
        "text": b"text",
    }.items():
        (tmp_path / name).write_bytes(data)
    write_stage(tmp_path / "tree", FILES)
    return tmp_path


@pytest.mark.parametrize(
    ("first", "second", "code", "line"),
    [
        ("a.tar.gz", "a.tar.gz", 0, "the same"),
        ("a.tar.gz", "a.zip", 0, "the same files, in a tar.gz and a zip"),
        ("tree", "a.zip", 0, "the same files, in a directory and a zip"),
        ("tree", "tree", 0, "the same"),
        ("a.tar.gz", "fast.tar.gz", 1, "the same tar, compressed otherwise"),
        ("a.tar.gz", "signed.tar.gz", 1, "the same but for signatures"),
        ("a.tar.gz", "other.tar.gz", 1, "different"),
        ("a.tar.gz", "damaged.tar.gz", 1, "different"),
        ("a.tar.gz", "text", 1, "different"),
        ("page.gz", "page.gz", 0, "the same"),
    ],
)
def test_the_first_line_is_the_verdict(
    folder: Path, run: Run, first: str, second: str, code: int, line: str
) -> None:
    ended = run("compare", first, second, cwd=folder)
    assert (ended.code, ended.out.splitlines()[0], ended.err) == (code, line, "")


@pytest.mark.parametrize(
    ("second", "code"),
    [("a.zip", 0), ("fast.tar.gz", 0), ("signed.tar.gz", 0), ("other.tar.gz", 1)],
)
def test_without_signatures(folder: Path, run: Run, second: str, code: int) -> None:
    ended = run("compare", "a.tar.gz", second, "--modulo-signature", cwd=folder)
    assert (ended.code, ended.err) == (code, "")
    found = run("compare", "a.tar.gz", second, "--modulo-signature", "--format=json", cwd=folder)
    document = validate(found.out)
    assert (document["equal"], document["modulo_signature"]) == (not code, True)


def test_the_first_cause_takes_three_lines(folder: Path, run: Run) -> None:
    lines = run("compare", "a.tar.gz", "other.tar.gz", cwd=folder).out.splitlines()
    assert lines[1] == r"  X06 text-content  share/readme.txt: line 2: 'two\n' -> '2\n'"
    assert lines[2].startswith("  usual reason: ")
    assert lines[3].startswith("  fix: ")
    assert lines[4].startswith("- a.tar.gz  (tar.gz, 2 members, gzip")
    assert "X06" in run("explain", "X06", cwd=folder).out


def test_the_document_is_what_its_schema_says(folder: Path, run: Run) -> None:
    ended = run("compare", "a.tar.gz", "other.tar.gz", "--format", "json", cwd=folder)
    assert ended.code == 1
    document = validate(ended.out)
    assert (document["outcome"], document["equal"]) == ("different", False)
    (cause,) = document["causes"]
    assert (cause["rule"], cause["total"]) == ("X06", 1)
    assert cause["places"] == [
        {
            "member": "share/readme.txt",
            "what": "line 2",
            "first": r"'two\n'",
            "second": r"'2\n'",
        }
    ]
    assert document["first"]["prefix"] == "bitcoin-31.0"
    for pair in (("a.tar.gz", "a.tar.gz"), ("tree", "a.zip"), ("a.tar.gz", "damaged.tar.gz")):
        validate(run("compare", *pair, "--format", "json", cwd=folder).out)


def test_what_happens_everywhere_takes_one_line(folder: Path, run: Run) -> None:
    names = [f"top/{number}" for number in range(30)]
    for name, mode in (("one.tar", 0o644), ("two.tar", 0o664)):
        (folder / name).write_bytes(tar_of(*((tar_info(each, 0, mode), b"") for each in names)))
    lines = run("compare", "one.tar", "two.tar", cwd=folder).out.splitlines()
    assert "X09 member-mode  30 places" in lines
    assert "  0, 1, 2 and 27 more: 0644 -> 0664" in lines


def test_what_cannot_be_compared(folder: Path, run: Run) -> None:
    os.mkfifo(folder / "pipe")
    for first, second, code, words in (
        ("tree", "text", 3, "text: neither a directory nor an archive"),
        ("tree", "absent", 2, "there is no absent"),
        ("a.zip", "pipe", 3, "pipe: neither a directory nor an archive"),
    ):
        ended = run("compare", first, second, cwd=folder)
        assert (ended.code, ended.out) == (code, "")
        assert words in ended.err


def test_names_cannot_write_to_the_terminal(folder: Path, run: Run) -> None:
    for name, user in (("one.tar", "\x1b[2J"), ("two.tar", "\x1b[3J")):
        info = tar_info("top/file")
        info.uname = user
        (folder / name).write_bytes(tar_of((tar_info("top/a"), b""), (info, b"")))
    for arguments in ((), ("--format", "json")):
        ended = run("compare", "one.tar", "two.tar", *arguments, cwd=folder)
        assert ended.code == 1
        assert "\x1b" not in ended.out + ended.err


DIFFOSCOPE = """#!/bin/sh
while [ "$1" != --text ]; do shift; done
printf 'between %s and %s \\033[2J\\n' "$3" "$4" > "$2"
cat "$3" >> "$2"
exit 1
"""


@pytest.fixture
def diffoscope(folder: Path) -> str:
    """A PATH with a program of that name on it."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / "diffoscope").write_text(DIFFOSCOPE)
    (tools / "diffoscope").chmod(0o755)
    return f"{tools}:/usr/bin:/bin"


def test_diffoscope_is_offered_and_run(folder: Path, run: Run, diffoscope: str) -> None:
    pair = ("compare", "a.tar.gz", "other.tar.gz")
    lines = run(*pair, cwd=folder, PATH=diffoscope).out.splitlines()
    assert lines[-1] == "to see more: diffoscope a.tar.gz other.tar.gz"
    ended = run(*pair, "--diffoscope", cwd=folder, PATH=diffoscope)
    assert ended.code == 1
    assert ended.out.splitlines()[-4:] == [
        "diffoscope of share/readme.txt",
        r"  between first/readme.txt and second/readme.txt \x1b[2J",
        "  one",
        "  two",
    ]
    document = validate(
        run(*pair, "--diffoscope", "--format=json", cwd=folder, PATH=diffoscope).out
    )
    assert document["diffoscope"]["lines"][1:] == ["one", "two"]
    assert document["diffoscope_command"] == "diffoscope a.tar.gz other.tar.gz"
    ended = run("compare", "a.tar.gz", "fast.tar.gz", "--diffoscope", cwd=folder, PATH=diffoscope)
    assert ended.out.splitlines()[-1].startswith("diffoscope: not run")


def test_diffoscope_is_not_needed(folder: Path, run: Run) -> None:
    pair = ("a.tar.gz", "other.tar.gz")
    lines = run("compare", *pair, cwd=folder, PATH=str(folder)).out.splitlines()
    assert "diffoscope" not in lines[-1]
    ended = run("compare", *pair, "--diffoscope", cwd=folder, PATH=str(folder))
    assert (ended.code, ended.out) == (3, "")
    assert "diffoscope is not installed" in ended.err
    ended = run("compare", "text", "page.gz", "--diffoscope", cwd=folder)
    assert (ended.code, ended.out) == (2, "")


@pytest.mark.skipif(shutil.which("diffoscope") is None, reason="diffoscope is not installed")
def test_the_real_diffoscope(folder: Path, run: Run) -> None:
    ended = run("compare", "a.tar.gz", "other.tar.gz", "--diffoscope", cwd=folder)
    assert ended.code == 1
    assert "  -two" in ended.out.splitlines()
    assert "  +2" in ended.out.splitlines()


def test_another_end_of_a_tar_has_a_line_of_its_own(folder: Path, run: Run) -> None:
    (folder / "ended.tar").write_bytes(pack_tar(FILES) + bytes(512))
    ended = run("compare", "a.tar.gz", "ended.tar", cwd=folder)
    assert ended.out.splitlines()[0] == "the same tar, with other zeros at its end"
    assert ended.code == 1
    assert run("compare", "a.tar.gz", "ended.tar", "--modulo-signature", cwd=folder).code == 0
