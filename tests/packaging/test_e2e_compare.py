"""``countermark compare`` of Mach-O files, as a user runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from commands import Run
from countersign.settings import Settings
from countersign.signer import sign_bytes
from documents import validate
from macho import Macho, fat

SYMBOLS = (("_first", 0x3000), ("_second", 0x3010), ("_third", 0x3100))
UNSIGNED = Macho(text_pages=3, room=16, symbols=SYMBOLS, linkedit_size=0x8000).build()
SIGNED = sign_bytes(UNSIGNED, "program")
OTHER = sign_bytes(UNSIGNED, "program", Settings(identifier="org.example"))
CHANGED = bytearray(UNSIGNED)
CHANGED[0x3020] ^= 1
REBUILT = sign_bytes(bytes(CHANGED), "program")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in {
        "unsigned": UNSIGNED,
        "signed": SIGNED,
        "other": OTHER,
        "rebuilt": REBUILT,
        "text": b"text",
        "universal": fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", OTHER)]),
    }.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_the_same_code_signed_differently_is_said_first(folder: Path, run: Run) -> None:
    ended = run("compare", "signed", "other", cwd=folder)
    assert (ended.code, ended.err) == (1, "")
    lines = ended.out.splitlines()
    assert lines[0] == "the same code, signed differently"
    assert lines[1] == "arm64: the same code"
    assert "    Identifier: program -> org.example" in lines
    assert "    CDHash sha256" in lines
    assert any(line.endswith("bytes differ") for line in lines)
    assert not any("pages of" in line for line in lines)


def test_other_code_is_told_down_to_the_symbol(folder: Path, run: Run) -> None:
    ended = run("compare", "signed", "rebuilt", cwd=folder)
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[0] == "the code differs"
    assert "  pages of 16,384 bytes: 1 of 5 differ" in lines
    assert "    0  header, __TEXT,__text" in lines
    assert "  symbols: 3 in both files" in lines
    assert lines[lines.index("    1 changed in the same size") + 1] == "      _second"
    assert any(line.endswith("arm64 __TEXT,__text  _second+0x10") for line in lines)


def test_equal_files_take_one_line(folder: Path, run: Run) -> None:
    for arguments, line in (
        (("signed", "signed"), "the same\n"),
        (("signed", "unsigned", "--modulo-signature"), "the same but for signatures\n"),
    ):
        ended = run("compare", *arguments, cwd=folder)
        assert (ended.code, ended.out) == (0, line)


def test_slices_that_only_one_file_has(folder: Path, run: Run) -> None:
    ended = run("compare", "signed", "universal", cwd=folder)
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[:3] == ["the code differs", "x86_64: only in the new file", "arm64: the same code"]


def test_the_document_is_what_its_schema_says(folder: Path, run: Run) -> None:
    ended = run("compare", "signed", "rebuilt", "--format", "json", cwd=folder)
    assert ended.code == 1
    found = validate(ended.out)
    images = found["images"]
    assert (images["same_code"], images["same_signature"]) == (False, False)
    (thin,) = images["slices"]
    assert [each["what"] for each in thin["signature"]] == ["CDHash sha256"]
    assert thin["code"]["pages"]["runs"] == [
        {"first": 0, "last": 0, "where": ["header", "__TEXT,__text"]}
    ]
    assert thin["code"]["symbols"]["changed"] == {"total": 1, "names": ["_second"]}
    assert found["differences"][0]["symbol"] == "_second+0x10"


def test_the_document_of_equal_and_of_other_files(folder: Path, run: Run) -> None:
    for arguments, equal in (
        (("signed", "signed"), True),
        (("signed", "unsigned", "--modulo-signature"), True),
        (("signed", "rebuilt", "--modulo-signature"), False),
        (("text", "signed"), False),
    ):
        ended = run("compare", *arguments, "--format", "json", cwd=folder)
        found = validate(ended.out)
        assert (ended.code, found["equal"]) == (int(not equal), equal)
        assert (found["images"] is None) is (equal or "text" in arguments)
        assert found["problem"] is None


def test_what_makes_no_sense_is_compared_by_its_bytes_and_said(folder: Path, run: Run) -> None:
    (folder / "cut").write_bytes(SIGNED[:0x4100])
    ended = run("compare", "signed", "cut", cwd=folder)
    assert ended.code == 1
    assert "bytes differ" in ended.out.splitlines()[0]
    assert "not compared by meaning: " in ended.out
    found = validate(run("compare", "signed", "cut", "--format", "json", cwd=folder).out)
    assert (found["images"], found["problem"] is None) == (None, False)


def test_a_directory_is_not_compared_with_a_file(folder: Path, run: Run) -> None:
    (folder / "directory").mkdir()
    for arguments in (("directory", "signed"), ("signed", "directory")):
        ended = run("compare", *arguments, cwd=folder)
        assert (ended.code, ended.out) == (3, "")
        assert "signed: neither a directory nor an archive" in ended.err


def test_which_of_the_two_cannot_be_read_is_said(folder: Path, run: Run) -> None:
    os.mkfifo(folder / "pipe")
    for arguments in (("pipe", "signed"), ("signed", "pipe")):
        ended = run("compare", *arguments, cwd=folder)
        assert (ended.code, ended.out) == (3, "")
        assert "pipe: the file could not be read" in ended.err


def test_long_lists_are_cut_and_counted(folder: Path, run: Run) -> None:
    many = tuple((f"_f{number}", 0x3000 + 4 * number) for number in range(300))
    image = Macho(text_pages=3, room=16, symbols=many, linkedit_size=0x8000)
    (folder / "many").write_bytes(image.build())
    ended = run("compare", "unsigned", "many", cwd=folder)
    lines = [line.strip() for line in ended.out.splitlines()]
    assert lines[lines.index("300 only in the new file") + 11] == "... and 290 more"


def test_names_cannot_write_to_the_terminal(folder: Path, run: Run) -> None:
    evil = Macho(symbols=(("_\x1b[2J", 0x3000),), room=16, rpaths=("\x1b[2J",))
    (folder / "evil").write_bytes(sign_bytes(evil.build(), "a"))
    (folder / "worse").write_bytes(Macho(symbols=(("_\x1b[2J", 0x3004),), room=16).build())
    for arguments in ((), ("--format", "json"), ("--modulo-signature",)):
        ended = run("compare", "evil", "worse", *arguments, cwd=folder)
        assert ended.code == 1
        assert "\x1b" not in ended.out + ended.err
