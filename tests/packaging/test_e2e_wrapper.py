"""``countermark layout wrapper`` through the real command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import Run
from documents import validate
from trees import elf, pack_tar_gz, write_stage

NAMES = ("bitcoin", "bitcoind", "bitcoin-cli", "bitcoin-tx", "bitcoin-wallet")
FILES = {
    **{f"bin/{name}": elf() for name in NAMES},
    "libexec/bitcoin-node": elf(),
    "libexec/bitcoin-gui": elf(),
}
HOST = ("--host", "x86_64-linux-gnu")


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    return write_stage(tmp_path / "stage", FILES)


def test_the_table_names_what_runs_and_what_does_not(stage: Path, run: Run) -> None:
    ended = run("layout", "wrapper", stage, "--profile", "31", *HOST, cwd=stage)
    assert ended.code == 0, ended.out
    lines = [line.split("  ") for line in ended.out.splitlines()]
    table = {words[0]: [word.strip() for word in words[1:] if word] for words in lines}
    assert ended.out.startswith("bin/bitcoin is Bitcoin Core's wrapper\n")
    assert table["bitcoin node"] == [
        "bin/bitcoind",
        "libexec/bitcoind: absent; bin/bitcoind: a program",
    ]
    assert table["bitcoin -m node"] == ["libexec/bitcoin-node", "libexec/bitcoin-node: a program"]
    assert table["bitcoin gui"][0] == "nothing, exit 1"
    assert "execvp failed to execute '.../bin/bitcoin-qt': No such file" in ended.out
    assert ended.err.startswith("profile   31 ")


def test_a_command_that_cannot_do_its_work_ends_with_1(stage: Path, run: Run) -> None:
    (stage / "libexec/bitcoin-node").chmod(0o644)
    ended = run("layout", "wrapper", stage, "--profile", "31", *HOST, cwd=stage)
    assert ended.code == 1
    assert "REJECTED  libexec/bitcoin-node\n  error W02 command-not-executable" in ended.out


def test_the_document_of_an_archive(tmp_path: Path, run: Run) -> None:
    archive = tmp_path / "bitcoin-31.0-x86_64-linux-gnu.tar.gz"
    archive.write_bytes(pack_tar_gz(FILES))
    arguments = ("layout", "wrapper", archive, "--profile", "31", "--format", "json")
    ended = run(*arguments, cwd=tmp_path)
    document = json.loads(ended.out)
    validate(ended.out)
    assert (document["wrapper"], document["dialect"]) == ("bin/bitcoin", "bitcoin-core")
    assert len(document["commands"]) == 30
    by_name = json.loads(run(*arguments, "--by-name", cwd=tmp_path).out)
    endings = {one["command"]: one["ending"] for one in by_name["commands"]}
    assert (endings["node"], endings["util"]) == ("runs", "path")


def test_a_tree_without_a_wrapper_has_no_commands(tmp_path: Path, run: Run) -> None:
    write_stage(tmp_path, {"bin/other": elf()})
    ended = run("layout", "wrapper", tmp_path, *HOST, cwd=tmp_path)
    assert ended.code == 3
    assert "there is no bitcoin in it" in ended.err
