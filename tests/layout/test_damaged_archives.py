from __future__ import annotations

import contextlib
import random
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from counterproof.errors import TreeError
from counterproof.judging import check
from counterproof.profiles.library import load_profile
from counterproof.trees import content
from counterproof.trees.tree import walk
from trees import LINUX, Files, elf, pack_tar, pack_tar_gz, pack_tar_zst, pack_zip, required_files

PROFILE = load_profile("multiprocess")
FILES = {**required_files(PROFILE, LINUX, elf()), "README.md": b"read me\n"}
PACKERS = [pack_tar, pack_tar_gz, pack_tar_zst, pack_zip]
Pack = Callable[[Files], bytes]


@pytest.mark.parametrize("pack", [pack_tar_gz, pack_tar_zst, pack_zip])
def test_every_truncation_is_a_tree_error(tmp_path: Path, pack: Pack) -> None:
    data, path = pack(FILES), tmp_path / "archive"
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(TreeError):
            check(path, PROFILE, LINUX)


def test_every_truncation_of_a_plain_tar_before_its_end_mark_is_a_tree_error(
    tmp_path: Path,
) -> None:
    data, path = pack_tar(FILES), tmp_path / "archive"
    end = len(data.rstrip(b"\0"))
    for length in (*range(0, end, 61), *range(512, end, 512)):
        path.write_bytes(data[:length])
        with pytest.raises(TreeError):
            list(walk(path))


@pytest.mark.parametrize("pack", PACKERS)
def test_no_changed_byte_raises_anything_but_a_tree_error(tmp_path: Path, pack: Pack) -> None:
    data, path = pack(FILES), tmp_path / "archive"
    chosen = random.Random(1)
    for _ in range(1500):
        changed = bytearray(data)
        for _ in range(chosen.choice((1, 1, 3))):
            changed[chosen.randrange(len(data))] = chosen.randrange(256)
        path.write_bytes(changed)
        with contextlib.suppress(TreeError):
            check(path, PROFILE, LINUX)


def test_a_damaged_header_in_the_middle_of_a_tar_does_not_end_it_quietly(tmp_path: Path) -> None:
    data, path = bytearray(pack_tar(FILES)), tmp_path / "archive"
    data[1024] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(TreeError, match="cut short, or a header is wrong"):
        list(walk(path))


def test_data_behind_the_end_of_a_tar_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(pack_tar(FILES) + b"more")
    with pytest.raises(TreeError, match="data follows the end"):
        list(walk(path))


@pytest.mark.parametrize("more", [b"x", bytes(100), b"PK\x05\x06"])
def test_data_behind_the_end_of_a_zip_is_refused(tmp_path: Path, more: bytes) -> None:
    path = tmp_path / "archive"
    path.write_bytes(pack_zip(FILES) + more)
    with pytest.raises(TreeError, match="damaged"):
        list(walk(path))


def test_a_zip_may_have_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    data = pack_zip(FILES)
    path.write_bytes(data[:-2] + b"\x05\x00hello")
    assert len(list(walk(path))) == len(FILES)


def test_a_full_disk_is_not_taken_for_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "HELD", 10)
    path = tmp_path / "archive"
    path.write_bytes(pack_tar({"large": bytes(100_000)}))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(TreeError, match="File too large"):
            list(walk(path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
