"""Rules of what lies beside the programs: the smallest tree that breaks each, and good ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from counterproof.judging import check
from counterproof.profiles.library import load_profile
from counterproof.rulebook import contents
from counterproof.target import Target
from countersign.findings import Finding, Severity, Verdict
from trees import DARWIN, LINUX, WINDOWS, elf, pack_tar, pe, required_files, write_stage

PROFILE = load_profile("multiprocess")
GENERIC = load_profile("generic")
GOOD = {"README.md": b"read me\n", **required_files(PROFILE, LINUX, elf())}
GOOD_WINDOWS = {"readme.txt": b"read me\r\n", **required_files(PROFILE, WINDOWS, pe())}

MANUAL = b'.\\" made by help2man\n.TH BITCOIN "1" "March 2026" "bitcoin v%b" "User Commands"\n'
STUB = b".TH BITCOIN 1\nThis is a placeholder file. Please follow the instructions\n"


def findings(verdict: Verdict) -> list[Finding]:
    return [finding for file in verdict.files for finding in file.findings]


def ids(verdict: Verdict) -> list[str]:
    return [finding.rule for finding in findings(verdict)]


def put(path: Path, content: bytes = b"x\n", mode: int = 0o644) -> Path:
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(0o755)
    path.write_bytes(content)
    path.chmod(mode)
    return path


class Broken(NamedTuple):
    rule: str
    change: Callable[[Path], object]
    message: str
    """What the finding says, or a part of it."""
    accepted: bool = False


BROKEN = {
    "the Finder was there": Broken(
        "L25", lambda top: put(top / "bin/.DS_Store"), "is a left-over of macOS"
    ),
    "tar of macOS was there": Broken(
        "L25", lambda top: put(top / "bin/._bitcoin"), "is a left-over of macOS"
    ),
    "macOS compressed it": Broken(
        "L25", lambda top: put(top / "__MACOSX/bin/._bitcoin"), "is a left-over of macOS"
    ),
    "a listed pattern hides a left-over": Broken(
        "L25", lambda top: put(top / "share/rpcauth/.DS_Store"), "is a left-over of macOS"
    ),
    "Windows' thumbnails": Broken(
        "L25", lambda top: put(top / "Thumbs.db"), "is a left-over of Windows"
    ),
    "an editor's copy": Broken(
        "L25", lambda top: put(top / "README.md~"), "is a left-over of an editor"
    ),
    "an editor's lock": Broken(
        "L25", lambda top: put(top / ".README.md.swp"), "is a left-over of an editor"
    ),
    "a patch's copy": Broken(
        "L25", lambda top: put(top / "README.md.orig"), "is a left-over of a patch"
    ),
    "a checkout": Broken(
        "L25", lambda top: put(top / ".git/HEAD"), "is a left-over of version control"
    ),
    "a script was run": Broken(
        "L25",
        lambda top: put(top / "share/rpcauth/__pycache__/rpcauth.cpython-311.pyc"),
        "is a left-over of Python",
    ),
    "a debug file": Broken(
        "L26",
        lambda top: put(top / "bin/bitcoin.dbg", elf(), 0o755),
        "holds debug information only, expected in the archive named -debug",
    ),
    "a script has the line ends of Windows": Broken(
        "L30",
        lambda top: put(top / "share/rpcauth/rpcauth.py", b"#!/usr/bin/env python3\r\n", 0o755),
        "the first line ends in CR LF",
    ),
    "a program of another version": Broken(
        "L31",
        lambda top: put(top / "libexec/bitcoin-node", elf(version="v30.2.0"), 0o755),
        "there are different versions: v30.2.0 in libexec/bitcoin-node;"
        " v31.0.0 in bin/bitcoin, libexec/bitcoin-wallet",
    ),
    "a program of another commit": Broken(
        "L31",
        lambda top: [
            put(top / name, elf(version=f"v31.99.0-{commit}"), 0o755)
            for name, commit in zip(
                ("bin/bitcoin", "libexec/bitcoin-node", "libexec/bitcoin-wallet"),
                ("58a7869f860f", "58a7869f860f", "123456789abc"),
                strict=True,
            )
        ],
        "v31.99.0-123456789abc in libexec/bitcoin-wallet",
    ),
    "a manual of another version": Broken(
        "L31",
        lambda top: put(top / "share/man/man1/bitcoin.1", MANUAL % b"30.2.0"),
        "is the manual of v30.2.0, expected that of v31.0.0",
        accepted=True,
    ),
    "a program tells nothing": Broken(
        "L31",
        lambda top: put(top / "libexec/bitcoin-node", elf(version=""), 0o755),
        "not checkable: no version can be read from libexec/bitcoin-node",
        accepted=True,
    ),
    "a dirty program": Broken(
        "L33",
        lambda top: put(top / "bin/bitcoin", elf(version="v31.0.0-58a7869f860f-dirty"), 0o755),
        "its version is v31.0.0-58a7869f860f-dirty: its source was changed",
        accepted=True,
    ),
    "a placeholder of a manual": Broken(
        "L29",
        lambda top: put(top / "share/man/man1/bitcoin.1", STUB),
        "is a placeholder, expected the generated man page",
        accepted=True,
    ),
    "a placeholder of a configuration": Broken(
        "L29",
        lambda top: put(top / "bitcoin.conf", b"# This is a placeholder file. Please follow\n"),
        "is a placeholder, expected the generated bitcoin.conf",
        accepted=True,
    ),
    "two names of one file": Broken(
        "L10",
        lambda top: (top / "bin/bitcoin-cli").hardlink_to(top / "bin/bitcoin"),
        "is bin/bitcoin by a second name (a hard link)",
    ),
}
BROKEN_FOR_WINDOWS = {
    "the name of a device": Broken(
        "L27", lambda top: put(top / "share/rpcauth/aux.py"), "it is a device"
    ),
    "a dot at the end": Broken(
        "L27", lambda top: put(top / "share/rpcauth/end."), "it ends in '.'"
    ),
    "a space at the end": Broken(
        "L27", lambda top: put(top / "share/rpcauth/end "), "it ends in ' '"
    ),
    "a colon": Broken("L27", lambda top: put(top / "share/rpcauth/a:b"), "it has ':'"),
    "a directory of such a name": Broken(
        "L27", lambda top: (top / "con").mkdir(mode=0o755), "it is a device"
    ),
    "a long path": Broken(
        "L28",
        lambda top: put(top / "share/rpcauth" / ("a" * 187)),
        "the path has 201 characters, expected 200 at most",
        accepted=True,
    ),
    "line ends of Unix": Broken(
        "L30",
        lambda top: put(top / "readme.txt", b"one\ntwo\n"),
        "lines end in LF alone, expected CR LF",
        accepted=True,
    ),
    "mixed line ends": Broken(
        "L30",
        lambda top: put(top / "readme.txt", b"one\r\ntwo\n"),
        "lines end in both CR LF and LF, expected CR LF",
        accepted=True,
    ),
}


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    return write_stage(tmp_path, GOOD)


def expect(broken: Broken, verdict: Verdict) -> None:
    assert ids(verdict) == [broken.rule]
    assert broken.message in findings(verdict)[0].message
    assert verdict.accepted is broken.accepted


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_one_fault_breaks_one_rule(stage: Path, broken: Broken) -> None:
    assert ids(check(stage, PROFILE, LINUX)) == []
    broken.change(stage)
    expect(broken, check(stage, PROFILE, LINUX))


@pytest.mark.parametrize("broken", BROKEN_FOR_WINDOWS.values(), ids=BROKEN_FOR_WINDOWS.keys())
def test_one_fault_for_windows_breaks_one_rule(tmp_path: Path, broken: Broken) -> None:
    stage = write_stage(tmp_path, GOOD_WINDOWS)
    assert ids(check(stage, PROFILE, WINDOWS)) == []
    broken.change(stage)
    expect(broken, check(stage, PROFILE, WINDOWS))


@pytest.mark.parametrize("target", [LINUX, DARWIN])
def test_names_that_only_windows_cannot_hold_are_fine_elsewhere(
    tmp_path: Path, target: Target
) -> None:
    for name in ("aux.py", "end.", "a:b", "a" * 187):
        put(tmp_path / "share" / name)
    put(tmp_path / "share/readme.txt", b"one\ntwo\n")
    assert ids(check(tmp_path, GENERIC, target)) == []


@pytest.mark.parametrize(
    "name", ["auxiliary", "console.txt", "com.txt", "lpt10", "a.aux", ".config", "nul_"]
)
def test_names_that_windows_can_hold(tmp_path: Path, name: str) -> None:
    put(tmp_path / "share" / name, b"one\r\n")
    assert ids(check(tmp_path, GENERIC, WINDOWS)) == []


@pytest.mark.parametrize(
    "name", [".gitlab", "origin", "x.swift", "a~b", "._", "git", "CVS.md", ".gitignore", "pyc"]
)
def test_names_that_only_look_like_left_overs(tmp_path: Path, name: str) -> None:
    put(tmp_path / "share" / name)
    assert ids(check(tmp_path, GENERIC, LINUX)) == []


def test_a_left_over_is_reported_once_and_weighs_less_where_no_list_is(tmp_path: Path) -> None:
    for name in ("HEAD", "refs/heads/main", "config~"):
        put(tmp_path / ".git" / name)
    (finding,) = findings(check(tmp_path, GENERIC, LINUX))
    assert (finding.rule, finding.severity) == ("L25", Severity.WARNING)


def test_a_debug_archive_holds_debug_files_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "bitcoin-31.0-x86_64-linux-gnu-debug.tar"
    files = {"bin/bitcoin.dbg": elf(), "libexec/bitcoin-node.dbg": elf()}
    path.write_bytes(pack_tar(files))
    assert ids(check(path, PROFILE, LINUX)) == []
    path.write_bytes(pack_tar({**files, "libexec/bitcoin-wallet": elf()}))
    (finding,) = findings(check(path, PROFILE, LINUX))
    assert finding.rule == "L26"
    assert "is no debug file" in finding.message


def test_what_makes_the_real_document_is_said(stage: Path) -> None:
    put(stage / "share/man/man1/bitcoind.1", STUB)
    put(stage / "bitcoin.conf", b"# This is a placeholder file.\n")
    fixes = [finding.fix for finding in findings(check(stage, PROFILE, LINUX))]
    assert "gen-bitcoin-conf.sh" in fixes[0]
    assert "gen-manpages.py" in fixes[1]


@pytest.mark.parametrize("version", ["31.0.0", "31.0"])
def test_a_manual_of_the_same_version_is_fine(stage: Path, version: str) -> None:
    put(stage / "share/man/man1/bitcoin.1", MANUAL % version.encode())
    assert ids(check(stage, PROFILE, LINUX)) == []


def test_programs_of_no_list_may_have_versions_of_their_own(tmp_path: Path) -> None:
    put(tmp_path / "bin/one", elf(version="v1.0.0"), 0o755)
    put(tmp_path / "bin/two", elf(version="v2.0.0"), 0o755)
    assert ids(check(tmp_path, GENERIC, LINUX)) == []


def test_a_program_that_tells_several_versions_is_not_accused(stage: Path) -> None:
    noise = elf(version="v9.2") + b"\0v1.10.0\0"
    put(stage / "libexec/bitcoin-node", noise, 0o755)
    assert ids(check(stage, PROFILE, LINUX)) == []


def test_the_table_is_numbered_and_every_rule_is_broken_here() -> None:
    assert [rule.id for rule in contents.RULES] == [f"L{number}" for number in range(25, 34)]
    broken = {one.rule for one in (*BROKEN.values(), *BROKEN_FOR_WINDOWS.values())}
    assert broken - {"L10"} | {"L32"} == {rule.id for rule in contents.RULES}
