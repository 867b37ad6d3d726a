"""The example of a fork's profile: other names, keys, directories and hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import ROOT
from countermark.layouts import CheckedLayout, check_layout
from counterproof.errors import UndecidedError
from counterproof.profiles.detection import Asked
from counterproof.profiles.library import load_profile
from releases import codesigned, telling
from trees import AARCH64, elf, pack_tar_gz, write_stage

FORK = load_profile(ROOT / "examples/fork.toml")
ASKED = Asked(profile=FORK)
OURS = telling(elf(), "v2.1.0")


def archive_files(program: bytes, *, gui: bool = False) -> dict[str, bytes]:
    names = ["bin/examplecoin", "bin/examplecoind", "bin/examplecoin-cli"]
    names += ["bin/examplecoin-qt"] if gui else []
    names += ["lib/examplecoin/examplecoin-node", "lib/examplecoin/test_bitcoin"]
    texts = [
        "INSTALL.md",
        "README.md",
        "bitcoin.conf",
        "share/rpcauth/README.md",
        "share/rpcauth/rpcauth.py",
        "share/man/man1/examplecoind.1",
    ]
    told = program if program.startswith(b"\xcf") else telling(program, "v2.1.0")
    return {**dict.fromkeys(names, told), **dict.fromkeys(texts, b"text\n")}


def pack(folder: Path, host: str, files: dict[str, bytes]) -> Path:
    """Pack a release; the directories of its programs have no other name than libexec."""
    path = folder / f"examplecoin-2.1-{host}.tar.gz"
    path.write_bytes(pack_tar_gz(files, "examplecoin-2.1"))
    return path


def rules(checked: CheckedLayout) -> list[tuple[str, str | None]]:
    return [
        (finding.rule, file.member)
        for file in checked.verdict.files
        for finding in file.findings
        if finding.severity == "error"
        and finding.rule not in ("L06", "W02")  # our packer knows libexec alone
    ]


@pytest.mark.parametrize(
    ("host", "files", "state"),
    [
        ("x86_64-linux-gnu", archive_files(elf()), "unsigned"),
        ("aarch64-unknown-linux-musl", archive_files(elf(AARCH64)), "unsigned"),
        ("arm64-apple-darwin", archive_files(codesigned("EXAMPLE123"), gui=True), "codesigned"),
    ],
)
def test_its_release_is_accepted(
    tmp_path: Path, host: str, files: dict[str, bytes], state: str
) -> None:
    checked = check_layout(pack(tmp_path, host, files), ASKED)
    assert rules(checked) == []
    assert checked.measure.host.value == host
    assert checked.measure.state.value == state
    assert checked.measure.standard.value == "guix-release"


def test_what_it_does_not_inherit_is_unexpected(tmp_path: Path) -> None:
    files = {**archive_files(elf()), "bin/bitcoind": OURS, "bin/examplecoin-qt": OURS}
    checked = check_layout(pack(tmp_path, "x86_64-linux-gnu", files), ASKED)
    assert rules(checked) == [
        ("L03", "examplecoin-2.1/bin/bitcoind"),
        ("L03", "examplecoin-2.1/bin/examplecoin-qt"),
    ]


def test_a_program_in_the_usual_libexec_is_out_of_place(tmp_path: Path) -> None:
    files = archive_files(elf())
    files["libexec/examplecoin-node"] = files.pop("lib/examplecoin/examplecoin-node")
    checked = check_layout(pack(tmp_path, "x86_64-linux-gnu", files), ASKED)
    place = "examplecoin-2.1/libexec/examplecoin-node"
    assert rules(checked) == [("L04", place), ("W07", place)]


def test_the_signature_of_bitcoin_core_is_a_strangers(tmp_path: Path) -> None:
    files = archive_files(codesigned("EXAMPLE123"), gui=True)
    files["bin/examplecoin-cli"] = codesigned()
    checked = check_layout(pack(tmp_path, "arm64-apple-darwin", files), ASKED)
    assert rules(checked) == [("L19", "examplecoin-2.1/bin/examplecoin-cli")]


def test_a_host_that_it_is_not_released_for_is_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path, "riscv64-linux-gnu", archive_files(elf()))
    with pytest.raises(UndecidedError, match="profile examplecoin-2 has no host riscv64-linux-gnu"):
        check_layout(archive, ASKED)


def test_its_build_tree_is_read_by_its_own_names(tmp_path: Path) -> None:
    files = {"CMakeCache.txt": b"", "bin/examplecoin": elf(), "bin/examplecoind": elf()}
    stage = write_stage(tmp_path / "build", {**files, "bin/bitcoind": b"not read"})
    checked = check_layout(stage, ASKED)
    assert checked.verdict.accepted
    assert [Path(file.path).name for file in checked.verdict.files] == [
        "examplecoin",
        "examplecoind",
    ]


def test_it_says_all_that_it_changes() -> None:
    assert (FORK.distribution, FORK.series, FORK.team) == ("examplecoin", "2", "EXAMPLE123")
    assert FORK.app is not None
    assert (FORK.app.bundle, FORK.app.identifier) == ("Examplecoin.app", "org.example.Examplecoin")
    assert FORK.wrapper is not None
    assert {each.name for each in FORK.wrapper.commands} == {
        "gui",
        "node",
        "rpc",
        "bench",
        "test",
        "test-gui",
    }
