"""``countermark explain`` on the real command line."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from bundles import app, write_tree
from commands import Run
from delivery import apple_double
from documents import validate
from macho import Macho, put


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


def test_an_empty_word_is_not_the_current_directory(tmp_path: Path, run: Run) -> None:
    (tmp_path / "program").write_bytes(Macho().sealed().build())
    ended = run("explain", "", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "'' is no rule" in ended.err


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


GOOD = Macho(symbols=(("_main", 0x1000),), room=0x300).sealed().build()
CHANGED = put(GOOD, 0x1100, "B", GOOD[0x1100] ^ 1)


def test_a_bad_file_is_told_with_its_bytes_names_and_mending(tmp_path: Path, run: Run) -> None:
    (tmp_path / "program").write_bytes(CHANGED)
    ended = run("explain", "program", cwd=tmp_path)
    assert (ended.code, ended.err) == (1, "")
    for text in (
        "program: REJECTED",
        "0x1000-0x2000, page 1: __TEXT,__text (_main, ...)",
        "zsh: killed  ./program",
        "countermark sign program  (tried: the result is accepted)",
    ):
        assert text in ended.out
    assert run("sign", "program", cwd=tmp_path).code == 0
    ended = run("explain", "program", cwd=tmp_path)
    assert (ended.code, ended.out.splitlines()[0]) == (0, "program: accepted")


def test_a_rule_goes_before_a_file_of_its_name(tmp_path: Path, run: Run) -> None:
    (tmp_path / "R27").write_bytes(GOOD)
    assert run("explain", "R27", cwd=tmp_path).out.startswith("R27 page-hash")
    assert run("explain", "./R27", cwd=tmp_path).out.startswith("R27: accepted")


def test_of_an_archive_the_bad_members_are_told(tmp_path: Path, run: Run) -> None:
    with tarfile.open(tmp_path / "release.tar.gz", "w:gz") as archive:
        for name, data in (("r/good", GOOD), ("r/bad", CHANGED)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    ended = run("explain", "release.tar.gz", cwd=tmp_path)
    assert ended.code == 1
    assert "release.tar.gz: r/bad: REJECTED" in ended.out
    assert "1 of 2 files are accepted." in ended.out
    assert "countermark sign release.tar.gz" in ended.out
    ended = run("explain", "release.tar.gz", "--member", "r/good", cwd=tmp_path)
    assert (ended.code, ended.out.splitlines()[0]) == (0, "release.tar.gz: r/good: accepted")
    ended = run("explain", "release.tar.gz", "--member", "good", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "no archive here has a Mach-O named good" in ended.err


def test_the_story_as_a_document(tmp_path: Path, run: Run) -> None:
    (tmp_path / "program").write_bytes(CHANGED)
    document = validate(run("explain", "program", "--format", "json", cwd=tmp_path).out)
    (file,) = document["files"]
    (finding,) = file["slices"][0]["findings"]
    assert (finding["rule"], finding["places"][0]["symbols"]) == ("R27", ["_main"])
    assert file["mending"] == {
        "command": "countermark sign program",
        "advice": "",
        "tried": True,
    }


def test_a_bad_file_does_not_keep_others_from_being_told(tmp_path: Path, run: Run) -> None:
    (tmp_path / "bad.tar").write_bytes(b"\x1f\x8bnonsense")
    (tmp_path / "program").write_bytes(GOOD)
    ended = run("explain", "bad.tar", "program", cwd=tmp_path)
    assert ended.code == 3
    assert "program: accepted" in ended.out
    assert "bad.tar" in ended.err


LINE = (
    "CODE SIGNING: process 7[program]: rejecting invalid page at address 0x100001000 from offset "
    '0x1000 in file "/opt/program" (cs_mtime:1.5 == mtime:1.5) (signed:1 validated:1 tainted:1 '
    "nx:0 wpmapped:0 dirty:0 depth:0)"
)


def test_a_log_names_the_rule_and_the_page_behind_it(tmp_path: Path, run: Run) -> None:
    (tmp_path / "kernel.log").write_text(f"boot\n{LINE}\nend\n")
    (tmp_path / "program").write_bytes(CHANGED)
    ended = run("explain", "kernel.log", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert "R27 page-hash" in ended.out
    assert "/opt/program, at 0x1000" in ended.out
    ended = run("explain", "kernel.log", "--image", "program", cwd=tmp_path)
    assert ended.code == 1
    assert "page 1 of 4096 bytes, at 0x1000 is not what was signed" in ended.out
    assert "The file breaks it." in ended.out
    assert "program: REJECTED" in ended.out


def test_a_good_file_and_a_bad_log_mean_that_another_file_ran(tmp_path: Path, run: Run) -> None:
    (tmp_path / "program").write_bytes(GOOD)
    ended = run("explain", LINE, "--image", "program", cwd=tmp_path)
    assert ended.code == 0
    assert "is what was signed, in this file" in ended.out
    assert "whose signature the kernel remembered" in " ".join(ended.out.split())


def test_a_crash_report_is_read_from_standard_input(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    body = {
        "procName": "program",
        "exception": {"rawCodes": [50, 0x100001010], "type": "EXC_BAD_ACCESS", "signal": "SIGKILL"},
        "termination": {"namespace": "CODESIGNING", "code": 2, "indicator": "Invalid Page"},
        "usedImages": [{"base": 0x100000000, "size": 0x4000, "path": "/p", "arch": "arm64"}],
    }
    (tmp_path / "program").write_bytes(CHANGED)
    arguments = ("explain", "-", "--image", "program", "--format", "json")
    done = subprocess.run(
        [sys.executable, "-m", "countermark", *arguments],
        input=json.dumps({"bug_type": "309"}) + "\n" + json.dumps(body),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    (report,) = validate(done.stdout)["reports"]
    found = report["recognized"][0]
    assert (found["rules"], found["confirmed"]) == (["R27"], True)
    assert found["spot"]["offset"] == 0x1010
    assert (found["spot"]["page"], found["spot"]["state"]) == (1, "changed")
    assert found["spot"]["symbols"] == ["_main"]


def test_text_without_anything_known_is_work_undone(tmp_path: Path, run: Run) -> None:
    (tmp_path / "notes.txt").write_text("nothing of interest\n")
    for argument in ("notes.txt", "some words of no Mac"):
        ended = run("explain", argument, cwd=tmp_path)
        assert (ended.code, ended.out) == (3, "")
        assert "nothing in it is known" in ended.err


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 5000, b"[" * 100_000, b'{"termination":' * 9999, bytes(range(256)) * 64],
    ids=["empty", "zeros", "brackets", "nested", "binary"],
)
def test_hostile_files_end_with_a_sentence(content: bytes, tmp_path: Path, run: Run) -> None:
    (tmp_path / "odd").write_bytes(content)
    ended = run("explain", "odd", cwd=tmp_path)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("countermark: error: odd: ")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("R27", "--image", "program"), "--image goes with what a Mac reported"),
        ((LINE, "--image", "absent"), "there is no absent"),
        (("absent",), "'absent' is no rule"),
        (("x" * 5000,), "is no rule"),
        ((), "Missing argument"),
    ],
)
def test_wrong_usage_is_said(
    arguments: tuple[str, ...], problem: str, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "program").write_bytes(GOOD)
    ended = run("explain", *arguments, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert problem in ended.err


def test_a_file_beside_a_program_is_told_for_what_it_is(tmp_path: Path, run: Run) -> None:
    (tmp_path / "._program").write_bytes(bytes.fromhex("0005160700020000") + bytes(100))
    ended = run("explain", "._program", cwd=tmp_path)
    assert ended.code == 3
    assert "AppleDouble" in ended.err


def test_what_lies_around_a_program_counts_for_it(tmp_path: Path, run: Run) -> None:
    with tarfile.open(tmp_path / "r.tar", "w") as archive:
        for name, data in (("r/program", GOOD), ("r/._program", apple_double(fork=b"x"))):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    ended = run("explain", "r.tar", cwd=tmp_path)
    assert ended.code == 1
    assert "error R60 sideband-data" in ended.out
    assert "COPYFILE_DISABLE" in ended.out


def test_a_changed_bundle_is_told(tmp_path: Path, run: Run) -> None:
    write_tree(app(), tmp_path)
    assert run("explain", "Program.app", cwd=tmp_path).code == 0
    (tmp_path / "Program.app/Contents/Resources/icon.icns").write_bytes(b"changed")
    ended = run("explain", "Program.app", cwd=tmp_path)
    assert ended.code == 1
    assert "a sealed resource is missing or invalid" in " ".join(ended.out.split())


def test_older_macs_are_asked_by_target(tmp_path: Path, run: Run) -> None:
    image = Macho(uuid=False, minimum=(26, 0, 0)).sealed().build()
    (tmp_path / "program").write_bytes(image)
    assert run("explain", "program", cwd=tmp_path).code == 1
    ended = run("explain", "program", "--target", "macos:15", cwd=tmp_path)
    assert (ended.code, ended.out.splitlines()[0]) == (0, "program: accepted")
