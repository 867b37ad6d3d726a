"""Files that are there whole or not at all, and the sums of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from countermark.files import publish, read_ordinary, sha256_of, write_whole
from countermark.sums.writing import format_sums


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "unfinished"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_a_file_is_written_with_its_mode_whatever_the_umask(
    tmp_path: Path, temporary: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "a", b"x", temporary=temporary)
    finally:
        os.umask(before)
    assert (tmp_path / "a").read_bytes() == b"x"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644
    assert list(temporary.iterdir()) == []


def test_an_earlier_file_is_replaced_and_not_written_over(tmp_path: Path, temporary: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with (tmp_path / "a").open("rb") as reader:
        write_whole(tmp_path / "a", b"new", temporary=temporary)
        assert reader.read() == b"old"
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path, temporary: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "a", b"x", temporary=temporary)
    assert list(temporary.iterdir()) == []


def test_a_finished_file_is_published_under_its_name(tmp_path: Path, temporary: Path) -> None:
    (temporary / "half").write_bytes(b"whole")
    (temporary / "half").chmod(0o600)
    publish(temporary / "half", tmp_path / "whole")
    assert (tmp_path / "whole").read_bytes() == b"whole"
    assert stat.S_IMODE((tmp_path / "whole").stat().st_mode) == 0o644
    assert not (temporary / "half").exists()


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is missing")
def test_sha256sum_checks_the_sums(tmp_path: Path) -> None:
    names = ["b.tar.gz", "a.zip", "ü n.txt"]
    for name in names:
        (tmp_path / name).write_text(name, encoding="utf-8")
    sums = format_sums({name: sha256_of(tmp_path / name) for name in names})
    (tmp_path / "SHA256SUMS").write_bytes(sums)
    command = ("sha256sum", "--check", "--strict", "SHA256SUMS")
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_sums_are_sorted_by_name() -> None:
    digest = hashlib.sha256(b"").hexdigest()
    names = [line.split(b"  ")[1] for line in format_sums({"b": digest, "a": digest}).splitlines()]
    assert names == [b"a", b"b"]
    assert format_sums({}) == b""


def test_no_more_of_a_file_is_read_than_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert read_ordinary(tmp_path / "a", 2) == b"ab"
    assert read_ordinary(tmp_path / "a", 9) == b"abc"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_ordinary_file_is_not_waited_for(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "odd")
    with pytest.raises(OSError, match="odd"):
        read_ordinary(tmp_path / "odd", 9)
