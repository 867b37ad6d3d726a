"""Archives of every kind through the real command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import ROOT, Run
from counterproof.profiles.library import load_profile
from countersign.signer import sign_bytes
from rewriting import MACHO
from suites import schema_errors
from trees import DARWIN, pack_tar, pack_tar_gz, pack_tar_zst, pack_zip, required_files

PACKERS = [pack_tar, pack_tar_gz, pack_tar_zst, pack_zip]
SIGNED = sign_bytes(MACHO, "bitcoin")
Pack = Callable[[dict[str, bytes]], bytes]


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("pack", PACKERS)
def test_signatures_in_an_archive_are_verified(tmp_path: Path, run: Run, pack: Pack) -> None:
    path = written(tmp_path / "release", pack({"bin/good": SIGNED, "bin/bad": MACHO}))
    ended = run("verify", path, "--format", "json", cwd=tmp_path)
    document = json.loads(ended.out)
    schema = json.loads((ROOT / "docs/schema/verify.1.json").read_text(encoding="utf-8"))
    assert schema_errors(schema, document) == []
    assert {file["member"]: file["accepted"] for file in document["files"]} == {
        "bitcoin-31.0/bin/good": True,
        "bitcoin-31.0/bin/bad": False,
    }
    assert ended.code == 1
    written(path, pack({"bin/good": SIGNED}))
    assert run("verify", path, cwd=tmp_path).code == 0


@pytest.mark.parametrize("pack", PACKERS)
def test_the_layout_of_an_archive_is_checked(tmp_path: Path, run: Run, pack: Pack) -> None:
    files = required_files(load_profile("multiprocess"), DARWIN, SIGNED)
    arguments = ("--profile", "multiprocess", "--host", "arm64-apple-darwin")
    path = written(tmp_path / "release", pack(files))
    assert run("layout", "check", path, *arguments, cwd=tmp_path).code == 0
    written(path, pack({**files, "bin/stranger": SIGNED}))
    assert run("layout", "check", path, *arguments, cwd=tmp_path).code == 1


@pytest.mark.parametrize("pack", [pack_tar_gz, pack_tar_zst, pack_zip])
def test_a_damaged_archive_is_work_undone(tmp_path: Path, run: Run, pack: Pack) -> None:
    path = written(tmp_path / "release", pack({"README.md": b"read me" * 99})[:-1])
    ended = run("verify", path, cwd=tmp_path)
    assert ended.code == 3
    assert "the archive is damaged" in ended.err
    assert "hint" in ended.err


def test_a_window_that_takes_too_much_memory_is_named(tmp_path: Path, run: Run) -> None:
    path = written(tmp_path / "release", b"\x28\xb5\x2f\xfd\0\x90" + bytes((1, 0, 0)))
    ended = run("verify", path, cwd=tmp_path)
    assert ended.code == 3
    assert "a window of 268435456 bytes" in ended.err
    assert "zstd" in ended.err
