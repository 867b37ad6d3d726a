"""Each rule with the smallest change to a good tree that breaks it, and only it."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from counterproof.judging import check
from counterproof.profiles.library import load_profile, parse_profile
from counterproof.profiles.profile import BUILD_RECORD
from counterproof.rulebook import layout
from counterproof.rules import RULES, breach
from counterproof.target import Target
from countersign.findings import Enforcer, Finding, Severity, Verdict
from trees import (
    AARCH64,
    LINUX,
    OBJECT,
    WINDOWS,
    elf,
    mode_of,
    pack_tar,
    pe,
    required_files,
    tar_info,
    tar_of,
    write_stage,
    zip_info,
    zip_of,
)

PROFILE = load_profile("multiprocess")
GENERIC = load_profile("generic")
GOOD = {"README.md": b"read me\n", **required_files(PROFILE, LINUX, elf())}


def findings(verdict: Verdict) -> list[Finding]:
    """Give what the rules of files find; what follows for commands is tested by itself."""
    every = (finding for file in verdict.files for finding in file.findings)
    return [finding for finding in every if finding.rule.startswith("L")]


def ids(verdict: Verdict) -> list[str]:
    return [finding.rule for finding in findings(verdict)]


def put(path: Path, content: bytes = b"x", mode: int = 0o644) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.parent.chmod(0o755)
    path.write_bytes(content)
    path.chmod(mode)
    return path


class Broken(NamedTuple):
    rule: str
    change: Callable[[Path], object]
    message: str
    """What the finding says, or a part of it."""


BROKEN = {
    "a required program is not there": Broken(
        "L02",
        lambda top: (top / "libexec/bitcoin-node").unlink(),
        "required by profile multiprocess, but not there",
    ),
    "a file is not listed": Broken(
        "L03", lambda top: put(top / "notes.txt"), "not listed by profile multiprocess for linux"
    ),
    "a file is nearly listed": Broken(
        "L03",
        lambda top: put(top / "INSTALLER.md"),
        "the nearest place that is listed is INSTALL.md",
    ),
    "a program is in the wrong directory": Broken(
        "L04",
        lambda top: (top / "libexec/bitcoin-wallet").rename(top / "bin/bitcoin-wallet"),
        "wrong directory: profile multiprocess expects it at libexec/bitcoin-wallet",
    ),
    "a program is there twice": Broken(
        "L04",
        lambda top: put(top / "bin/bitcoin-node", elf(), 0o755),
        "a second copy of libexec/bitcoin-node; one program is expected, in libexec/",
    ),
    "a program is empty": Broken(
        "L05", lambda top: put(top / "bin/bitcoin", b"", 0o755), "is empty, expected content"
    ),
    "a listed file is empty": Broken(
        "L05", lambda top: put(top / "README.md", b""), "is empty, expected content"
    ),
    "a program is not executable": Broken(
        "L06", lambda top: (top / "bin/bitcoin").chmod(0o644), "mode is 0644, expected 0755"
    ),
    "a program is set-uid": Broken(
        "L06", lambda top: (top / "bin/bitcoin").chmod(0o4755), "mode is 4755, expected 0755"
    ),
    "a file is executable": Broken(
        "L06", lambda top: (top / "README.md").chmod(0o755), "mode is 0755, expected 0644"
    ),
    "a file is writable by its group": Broken(
        "L06", lambda top: (top / "README.md").chmod(0o664), "mode is 0664, expected 0644"
    ),
    "a script is writable by others": Broken(
        "L06",
        lambda top: put(top / "README.md", b"#!/bin/sh\n", 0o777),
        "mode is 0777, expected 0644 or 0755",
    ),
    "a directory is closed": Broken(
        "L06", lambda top: (top / "bin").chmod(0o750), "mode is 0750, expected 0755"
    ),
    "a directory is writable by all": Broken(
        "L06", lambda top: (top / "bin").chmod(0o1777), "mode is 1777, expected 0755"
    ),
    "a link leaves the tree": Broken(
        "L08",
        lambda top: (top / "bitcoin.conf").symlink_to("../bitcoin.conf"),
        "links to '../bitcoin.conf', expected a place in the tree",
    ),
    "a link leads to nothing": Broken(
        "L09",
        lambda top: (top / "bitcoin.conf").symlink_to("absent"),
        "links to 'absent', which is not there",
    ),
    "a pipe is there": Broken(
        "L10",
        lambda top: os.mkfifo(top / "bitcoin.conf"),
        "is a device, pipe or socket, expected a file",
    ),
    "two names differ in case": Broken(
        "L11",
        lambda top: [put(top / "share/rpcauth" / name) for name in "aA"],
        "differs from share/rpcauth/A only in case",
    ),
    "two names differ in composition": Broken(
        "L11",
        lambda top: [put(top / "share/rpcauth" / name) for name in ("\u00e9", "e\u0301")],
        "only in case",
    ),
    "a program is a script": Broken(
        "L12",
        lambda top: put(top / "bin/bitcoin", b"#!/bin/sh\n", 0o755),
        "is a script, expected an executable image",
    ),
    "a program is a text": Broken(
        "L12",
        lambda top: put(top / "bin/bitcoin", b"hello\n", 0o755),
        "is no image, expected an executable image",
    ),
    "a program is an object file": Broken(
        "L12", lambda top: put(top / "bin/bitcoin", elf(kind=OBJECT), 0o755), "is of kind object"
    ),
    "a program is a link to a text": Broken(
        "L12",
        lambda top: (top / "bin/bitcoin-cli").symlink_to("../README.md"),
        "leads to README.md, which is no image",
    ),
    "a program has another format": Broken(
        "L13", lambda top: put(top / "bin/bitcoin", pe(), 0o755), "format is pe, expected elf"
    ),
    "a program has another architecture": Broken(
        "L14",
        lambda top: put(top / "bin/bitcoin", elf(AARCH64), 0o755),
        "architecture is aarch64, expected x86_64",
    ),
    "an image of another architecture is no program": Broken(
        "L14",
        lambda top: put(top / "README.md", elf(AARCH64)),
        "architecture is aarch64, expected x86_64",
    ),
}


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    (tmp_path / "share/rpcauth").mkdir(parents=True)
    return write_stage(tmp_path, GOOD)


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_one_fault_breaks_one_rule(stage: Path, broken: Broken) -> None:
    assert ids(check(stage, PROFILE, LINUX)) == []
    broken.change(stage)
    verdict = check(stage, PROFILE, LINUX)
    assert ids(verdict) == [broken.rule]
    assert broken.message in findings(verdict)[0].message
    assert not verdict.accepted


def test_every_profile_allows_the_build_record(tmp_path: Path) -> None:
    tree = write_stage(tmp_path / "stage", {**GOOD, str(BUILD_RECORD): b"{}"})
    assert findings(check(tree, PROFILE, LINUX)) == []
    beside = write_stage(tmp_path / "other", {**GOOD, f"{BUILD_RECORD.parent}/other.json": b"{}"})
    assert ids(check(beside, PROFILE, LINUX)) == ["L03"]


def test_a_tree_without_files_is_rejected_even_when_nothing_is_required(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin").chmod(0o755)
    for profile in (PROFILE, GENERIC):
        verdict = check(tmp_path, profile, LINUX)
        assert ids(verdict) == ["L01"]
        assert verdict.files[0].path == str(tmp_path)
        assert not verdict.accepted


def test_an_owner_in_an_archive_is_disliked_and_not_refused(tmp_path: Path) -> None:
    members = []
    for name, content in GOOD.items():
        info = tar_info(f"p-1/{name}", len(content), mode_of(name))
        info.uid, info.gid = 1000, 100
        members.append((info, content))
    (tmp_path / "a.tar").write_bytes(tar_of(*members))
    verdict = check(tmp_path / "a.tar", PROFILE, LINUX)
    assert ids(verdict) == ["L07"]
    assert findings(verdict)[0].message == "members belong to 1000:100, expected 0:0"
    assert verdict.accepted


def test_a_hard_link_is_refused(tmp_path: Path) -> None:
    data = io.BytesIO(pack_tar(GOOD))
    link = tar_info("bitcoin-31.0/libexec/test_bitcoin", mode=0o755)
    link.type, link.linkname = tarfile.LNKTYPE, "bitcoin-31.0/bin/bitcoin"
    with tarfile.open(fileobj=data, mode="a") as archive:
        archive.addfile(link)
    (tmp_path / "a.tar").write_bytes(data.getvalue())
    assert ids(check(tmp_path / "a.tar", PROFILE, LINUX)) == ["L10"]


def zip_without_modes(path: Path, target: Target, program: bytes) -> Path:
    members = []
    for name, content in required_files(PROFILE, target, program).items():
        info = zip_info(f"p-1/{name}", 0)
        info.create_system = 0
        members.append((info, content))
    path.write_bytes(zip_of(*members))
    return path


def test_a_zip_without_modes_serves_windows_only(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    assert check(zip_without_modes(path, WINDOWS, pe()), PROFILE, WINDOWS).accepted
    verdict = check(zip_without_modes(path, LINUX, elf()), PROFILE, LINUX)
    assert ids(verdict) == ["L06"] * 3
    assert findings(verdict)[0].message == "mode is not recorded in the archive, expected 0755"


def test_a_missing_file_is_named_by_its_pattern(stage: Path) -> None:
    text = "schema='countermark.profile/1'\nname='p'\ntitle='p'\ndescription='p'\n"
    files = "unlisted='allowed'\n[files]\n'doc/*.md' = { required = true }\n"
    verdict = check(stage, parse_profile(text + files, "p.toml"), LINUX)
    assert ids(verdict) == ["L02"]
    assert findings(verdict)[0].message.startswith("doc/*.md is required by profile p")
    put(stage / "doc/a.md")
    assert check(stage, parse_profile(text + files, "p.toml"), LINUX).accepted


def test_what_is_listed_for_another_platform_is_unexpected_and_says_so(stage: Path) -> None:
    text = "schema='countermark.profile/1'\nname='p'\ntitle='p'\ndescription='p'\n"
    lists = (
        "[programs]\nbitcoin={directory='bin'}\nbitcoin-wallet={directory='libexec'}\n"
        "bitcoin-node={directory='libexec', platforms=['darwin']}\n"
        "[files]\n'READ*'={platforms=['windows']}\n"
    )
    verdict = check(stage, parse_profile(text + lists, "p.toml"), LINUX)
    assert [finding.message.partition(", ")[2] for finding in findings(verdict)] == [
        "only for windows",
        "only for darwin",
    ]


def test_a_program_without_its_suffix_is_unexpected_on_windows(tmp_path: Path) -> None:
    files = required_files(PROFILE, WINDOWS, pe())
    files["bin/bitcoin"] = files.pop("bin/bitcoin.exe")
    verdict = check(write_stage(tmp_path, files), PROFILE, WINDOWS)
    assert ids(verdict) == ["L03", "L02"]
    assert "nearest place that is listed is bin/bitcoin.exe" in findings(verdict)[0].message


@pytest.mark.parametrize(
    ("name", "content", "mode", "accepted"),
    [
        ("bin/tool", b"#!/bin/sh\n", 0o755, True),
        ("bin/tool", b"#!/bin/sh\n", 0o644, False),
        ("bin/tool", b"", 0o755, False),
        ("bin/tool.conf", b"x", 0o644, True),
        ("lib/libx.so", elf(kind=3), 0o644, True),
        ("lib/libx.so", elf(kind=3), 0o755, True),
        ("lib/libx.so", elf(AARCH64), 0o644, False),
        ("share/mine/__init__.py", b"", 0o644, True),
        ("share/mine/run.py", b"#!/usr/bin/python3\n", 0o755, True),
    ],
)
def test_generic_judges_by_content(
    tmp_path: Path, name: str, content: bytes, mode: int, accepted: bool
) -> None:
    write_stage(tmp_path, {name: content, "NEWS": b"x"})
    (tmp_path / name).chmod(mode)
    assert check(tmp_path, GENERIC, LINUX).accepted is accepted


def test_a_library_beside_windows_programs_is_not_a_program(tmp_path: Path) -> None:
    write_stage(tmp_path, {"bin/x.exe": pe(), "bin/x.dll": pe()})
    (tmp_path / "bin/x.dll").chmod(0o644)
    assert check(tmp_path, GENERIC, WINDOWS).accepted


def test_a_library_and_a_script_beside_windows_programs_are_judged_by_content(
    tmp_path: Path,
) -> None:
    write_stage(tmp_path, {"bin/x.exe": pe(), "bin/x.dll": pe(0x14C), "bin/x.py": b"#!python\n"})
    for name in ("x.dll", "x.py"):
        (tmp_path / "bin" / name).chmod(0o644)
    (finding,) = findings(check(tmp_path, GENERIC, WINDOWS))
    assert finding.rule == "L14"
    assert finding.message == "architecture is i386, expected x86_64"


def test_a_link_to_a_program_is_a_program(stage: Path) -> None:
    (stage / "bin/bitcoin-cli").symlink_to("bitcoin")
    assert check(stage, PROFILE, LINUX).accepted


def test_the_table_is_numbered_named_once_and_complete() -> None:
    rules = [rule.id for rule in layout.RULES]
    assert rules == [f"L{number:02}" for number in range(1, len(rules) + 1)]
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
    for rule in RULES.values():
        for text in (rule.demands, rule.why, rule.cause, rule.fix):
            assert text.endswith(".")
        finding = breach(rule, "message")
        assert finding.enforced_by == (Enforcer.POLICY,)
        assert finding.offset is None


def test_every_rule_is_broken_by_a_test_of_this_folder() -> None:
    elsewhere = {"L01", "L07", "L15", "L16", "L17", "L18", "L19", "L20", "L21"}
    assert {broken.rule for broken in BROKEN.values()} | elsewhere == {
        rule.id for rule in layout.RULES
    }


def test_only_the_owner_is_a_mere_warning() -> None:
    assert [rule.name for rule in layout.RULES if rule.severity is not Severity.ERROR] == ["owner"]
