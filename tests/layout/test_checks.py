from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from counterproof.errors import TreeError
from counterproof.judging import check
from counterproof.profiles.library import load_profile, profile_names
from counterproof.target import Target
from trees import (
    LINUX,
    WINDOWS,
    Files,
    elf,
    pack_tar,
    pack_tar_gz,
    pack_zip,
    pe,
    required_files,
    write_stage,
)

PROFILE = load_profile("multiprocess")
GOOD = required_files(PROFILE, LINUX, elf())
PACKERS = [pack_tar, pack_tar_gz, pack_zip]


@pytest.mark.parametrize("name", profile_names())
@pytest.mark.parametrize(("target", "program"), [(LINUX, elf()), (WINDOWS, pe())])
def test_the_smallest_tree_of_every_profile_is_accepted(
    tmp_path: Path, name: str, target: Target, program: bytes
) -> None:
    profile = load_profile(name)
    any_program = {f"bin/any{target.executable_suffix}": program}
    files = required_files(profile, target, program) or any_program
    assert check(write_stage(tmp_path, files), profile, target).accepted


def test_each_file_of_a_directory_is_named_by_its_path(tmp_path: Path) -> None:
    verdict = check(write_stage(tmp_path, GOOD), PROFILE, LINUX)
    assert verdict.accepted
    assert [(file.path, file.member) for file in verdict.files] == [
        (str(tmp_path / name), None) for name in sorted(GOOD)
    ]


@pytest.mark.parametrize("pack", PACKERS)
def test_each_file_of_an_archive_is_named_by_archive_and_member(
    tmp_path: Path, pack: Callable[[Files], bytes]
) -> None:
    path = tmp_path / "release"
    path.write_bytes(pack(GOOD))
    verdict = check(path, PROFILE, LINUX)
    assert verdict.accepted
    assert [(file.path, file.member) for file in verdict.files] == [
        (str(path), f"bitcoin-31.0/{name}") for name in sorted(GOOD)
    ]


@pytest.mark.parametrize("pack", PACKERS)
def test_an_archive_without_a_prefix_is_the_same_tree(
    tmp_path: Path, pack: Callable[..., bytes]
) -> None:
    path = tmp_path / "release"
    path.write_bytes(pack(GOOD, "."))
    verdict = check(path, PROFILE, LINUX)
    assert verdict.accepted
    assert [finding.name for finding in verdict.files[0].findings] == ["prefix-directory"]
    assert [file.member for file in verdict.files[1:]] == sorted(GOOD)


def test_a_missing_member_is_named_as_it_would_be_in_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "release.tar.gz"
    files = {name: content for name, content in GOOD.items() if name != "bin/bitcoin"}
    path.write_bytes(pack_tar_gz(files))
    (missing,) = (file for file in check(path, PROFILE, LINUX).files if not file.accepted)
    assert missing.member == "bitcoin-31.0/bin/bitcoin"


def test_the_same_tree_gives_the_same_verdict_twice(tmp_path: Path) -> None:
    write_stage(tmp_path, {**GOOD, "extra": b"", "bin/bitcoin-cli": b"#!"})
    assert check(tmp_path, PROFILE, LINUX) == check(tmp_path, PROFILE, LINUX)


def test_a_tree_for_one_target_is_not_one_for_another(tmp_path: Path) -> None:
    write_stage(tmp_path, GOOD)
    verdict = check(tmp_path, load_profile("generic"), WINDOWS)
    assert {finding.rule for file in verdict.files for finding in file.findings} == {"L13"}


def test_what_cannot_be_read_is_an_error_and_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(TreeError):
        check(tmp_path / "absent", PROFILE, LINUX)
