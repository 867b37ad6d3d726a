"""``countermark layout smoke`` through the real command line, on the embedded suite."""

from __future__ import annotations

import json
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from commands import Run
from documents import validate
from trees import elf, pack_tar_gz, write_stage

pytestmark = pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"),
    reason="runs programs for x86_64-linux-gnu",
)

NATIVE, ARM = "x86_64-linux-gnu", "aarch64-linux-gnu"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    directory = tmp_path_factory.mktemp("smoke")
    ended = run("release", "--host", NATIVE, "--host", ARM, cwd=directory)
    assert ended.code == 0, ended.err
    return directory / "dist"


def archive(dist: Path, host: str) -> Path:
    return dist / f"bitcoin-1.0.0-{host}.tar.gz"


@pytest.fixture
def short_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


def test_a_good_archive_passes_and_leaves_nothing(
    dist: Path, tmp_path: Path, short_directory: Path, run: Run
) -> None:
    variables = {"TMPDIR": str(short_directory)}
    ended = run("layout", "smoke", archive(dist, NATIVE), cwd=tmp_path, **variables)
    assert ended.code == 0, ended.out
    lines = ended.out.splitlines()
    assert "passed  bitcoin node -version: it ran libexec/bitcoin-node" in lines
    assert "passed  bitcoin -m node: SIGTERM: exit 0" in lines
    assert "skipped bitcoin -M node -version: bitcoind is not in the tree" in lines
    assert any(line.startswith("passed  bitcoin -m node -ipcbind=unix: wallet:") for line in lines)
    assert ", 0 failed, " in lines[-1]
    assert not list(short_directory.iterdir())
    assert "programs are run natively" in ended.err


def test_the_reports_tell_failed_and_skipped_ones(dist: Path, tmp_path: Path, run: Run) -> None:
    shutil.unpack_archive(archive(dist, NATIVE), tmp_path)
    stage = tmp_path / "bitcoin-1.0.0"
    (stage / "libexec/bitcoin-wallet").chmod(0o644)
    command = ("layout", "smoke", stage, "--host", NATIVE, "--profile", "multiprocess", "--format")
    ended = run(*command, "junit", cwd=tmp_path)
    assert ended.code == 1
    cases = {str(case.get("classname")): case for case in ET.fromstring(ended.out).iter("testcase")}
    told = {name.rpartition(": ")[2]: [child.tag for child in case] for name, case in cases.items()}
    assert told["bin/bitcoin --version"] == []
    assert told["libexec/bitcoin-wallet -version"] == ["failure"]
    assert told["bitcoin -M node -version"] == ["skipped"]
    ended = run(*command, "json", cwd=tmp_path)
    validate(ended.out)
    files = {file["member"]: file for file in json.loads(ended.out)["files"]}
    (finding,) = files["libexec/bitcoin-wallet -version"]["findings"]
    assert (finding["rule"], finding["severity"]) == ("S02", "error")
    assert "Permission denied" in finding["message"]
    (note,) = files["bitcoin -M node -version"]["findings"]
    assert (note["rule"], note["severity"]) == ("S01", "note")


@pytest.mark.parametrize(
    ("content", "rule", "told"),
    [
        (b"\x7fELF, cut short", "S02", "Exec format error"),
        (b"", "S02", "Exec format error"),
        (b"#!/bin/sh\nsleep 100\n", "S09", "did not end"),
    ],
)
def test_what_stands_in_a_programs_place_is_started(
    dist: Path, tmp_path: Path, run: Run, content: bytes, rule: str, told: str
) -> None:
    shutil.unpack_archive(archive(dist, NATIVE), tmp_path)
    stage = tmp_path / "bitcoin-1.0.0"
    (stage / "libexec/bitcoin-wallet").write_bytes(content)
    (stage / "libexec/README").write_bytes(content)
    options = ("--host", NATIVE, "--profile", "multiprocess", "--timeout", "2")
    ended = run("layout", "smoke", stage, *options, cwd=tmp_path)
    assert ended.code == 1
    lines = [line for line in ended.out.splitlines() if line.startswith("FAILED")]
    (line,) = (line for line in lines if "libexec/bitcoin-wallet -version" in line)
    assert f"({rule})" in line
    assert told in line
    assert "README" not in ended.out


@pytest.mark.skipif(shutil.which("qemu-aarch64-static") is None, reason="there is no qemu")
@pytest.mark.skipif(not Path("/usr/aarch64-linux-gnu/lib").exists(), reason="no C library for it")
def test_another_machines_programs_run_under_qemu(dist: Path, tmp_path: Path, run: Run) -> None:
    ended = run("layout", "smoke", archive(dist, ARM), cwd=tmp_path)
    assert ended.code == 0, ended.out
    assert "node: SIGTERM: exit 0" in ended.out
    assert "passed  libexec/bitcoin-node -version" in ended.out


def test_programs_for_macos_are_not_run_on_linux(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.tar.gz").write_bytes(pack_tar_gz({"bin/bitcoin": elf()}))
    ended = run("layout", "smoke", "a.tar.gz", "--host", "arm64-apple-darwin", cwd=tmp_path)
    assert ended.code == 3
    assert "programs for darwin on arm64 do not run on linux on x86_64" in ended.err
    assert ended.out == ""


def test_a_tree_without_programs_cannot_be_tried(tmp_path: Path, run: Run) -> None:
    write_stage(tmp_path / "stage", {"README.md": b"x"})
    ended = run("layout", "smoke", "stage", "--host", NATIVE, cwd=tmp_path)
    assert (ended.code, ended.out) == (3, "")
    assert "there is no program in it" in ended.err


def test_an_interrupt_leaves_nothing_behind(
    dist: Path, short_directory: Path, environment: dict[str, str]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "countermark", "layout", "smoke", str(archive(dist, NATIVE))],
        env={**environment, "TMPDIR": str(short_directory)},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        while not list(short_directory.glob("smoke-*/tree/*")) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert not list(short_directory.iterdir())
