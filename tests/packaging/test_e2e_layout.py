"""The layout commands, as a user runs them."""

from __future__ import annotations

from pathlib import Path

from commands import ROOT, Run
from documents import validate
from releases import archive_files, telling
from trees import elf, pack_tar_gz, write_stage

NAME = "bitcoin-31.0-x86_64-linux-gnu.tar.gz"


def test_what_a_release_was_measured_by_is_told(tmp_path: Path, run: Run) -> None:
    (tmp_path / NAME).write_bytes(pack_tar_gz(archive_files(31, "linux"), "bitcoin-31.0"))
    ended = run("layout", "check", NAME, cwd=tmp_path)
    assert ended.code == 1, "no program of a release is made like these"
    assert "error H04 relro" in ended.out
    assert [line.split()[:2] for line in ended.err.splitlines()] == [
        ["profile", "31"],
        ["host", "x86_64-linux-gnu"],
        ["form", "archive"],
        ["state", "unsigned"],
        ["standard", "guix-release"],
    ]


def test_a_release_without_one_of_its_programs_is_rejected(tmp_path: Path, run: Run) -> None:
    files = archive_files(31, "linux")
    del files["libexec/bitcoin-node"]
    (tmp_path / NAME).write_bytes(pack_tar_gz(files, "bitcoin-31.0"))
    ended = run("layout", "check", NAME, "--format", "json", cwd=tmp_path)
    assert ended.code == 1
    assert ended.err == ""
    document = validate(ended.out)
    rules = {
        file["member"]: [each["rule"] for each in file["findings"]] for file in document["files"]
    }
    assert rules["bitcoin-31.0/libexec/bitcoin-node"] == ["L02"]
    assert [member for member, broken in rules.items() if "L02" in broken] == [
        "bitcoin-31.0/libexec/bitcoin-node"
    ]
    said = ("--standard", "local-build")
    assert run("layout", "check", NAME, *said, cwd=tmp_path).code == 0


def test_a_directory_of_archives_is_checked_as_a_release(tmp_path: Path, run: Run) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / NAME).write_bytes(pack_tar_gz(archive_files(31, "linux"), "bitcoin-31.0"))
    (dist / "bitcoin-31.0.tar.gz").write_bytes(b"the source")
    (dist / "SHA256SUMS").write_text("")
    ended = run("layout", "check", dist, "--standard", "local-build", cwd=tmp_path)
    assert ended.code == 0, ended.out
    assert ended.err.splitlines() == [
        f"{dist / NAME}: profile 31, x86_64-linux-gnu, archive, unsigned, local-build",
        f"{dist / 'bitcoin-31.0.tar.gz'}: holds no programs to check",
    ]


def test_what_cannot_be_checked_does_not_hinder_the_others(tmp_path: Path, run: Run) -> None:
    write_stage(tmp_path / "stage", {"bin/a": elf()})
    (tmp_path / "damaged.tar.gz").write_bytes(b"\x1f\x8b no gzip")
    words = ("layout", "check", "absent", "damaged.tar.gz", "stage", "--profile", "generic")
    ended = run(*words, cwd=tmp_path)
    assert ended.code == 3
    assert "accepted  stage/bin/a" in ended.out
    assert "absent" in ended.err
    assert "damaged.tar.gz" in ended.err


def test_an_unknown_release_is_refused_with_the_command_that_says_it(
    tmp_path: Path, run: Run
) -> None:
    name = NAME.replace("31.0", "33.0")
    program = telling(elf(), "v33.0.0")
    files = {**archive_files(32, "linux"), "bin/bitcoin": program}
    (tmp_path / name).write_bytes(pack_tar_gz(files, "bitcoin-33.0"))
    ended = run("layout", "check", name, cwd=tmp_path)
    assert ended.code == 2
    assert ended.out == ""
    assert "the nearest is 32" in ended.err
    assert "--profile 32" in ended.err


def test_the_profile_of_a_fork_is_shown_compared_and_used(tmp_path: Path, run: Run) -> None:
    fork = ROOT / "examples/fork.toml"
    shown = run("layout", "show", fork, cwd=tmp_path)
    assert shown.code == 0
    assert "lib/examplecoin/examplecoin-node" in shown.out
    assert "Examplecoin.app, org.example.Examplecoin" in shown.out
    compared = run("layout", "diff", "31", fork, cwd=tmp_path)
    assert compared.code == 0
    assert "~ team" in compared.out
    write_stage(tmp_path / "stage", {"bin/examplecoin": elf(), "bin/examplecoind": elf()})
    checked = run("layout", "check", "stage", "--profile", fork, cwd=tmp_path)
    assert checked.code == 0, checked.out
    assert checked.err.splitlines()[0].split() == ["profile", "examplecoin-2", "as", "asked"]


def test_a_mistake_in_a_profile_names_file_key_and_nearest_word(tmp_path: Path, run: Run) -> None:
    text = (ROOT / "examples/fork.toml").read_text(encoding="utf-8")
    (tmp_path / "fork.toml").write_text(text.replace("distribution =", "distributoin ="))
    ended = run("layout", "show", "./fork.toml", cwd=tmp_path)
    assert ended.code == 2
    assert "fork.toml: distributoin: unknown key; did you mean 'distribution'?" in ended.err
