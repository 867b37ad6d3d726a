"""Releases by the compilers of other packagers, where this machine has them."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from commands import EPOCH, Run
from countermark.errors import CountermarkError
from countermark.toolchain import find_zig
from countermark.toolchains.clang import newest_clang
from countermark.toolchains.macos_libraries import without_unknown_targets

HERE = {"PATH": os.environ["PATH"]}
WINDOWS = "x86_64-w64-mingw32"


@pytest.fixture
def needs_clang() -> None:
    try:
        newest_clang(HERE)
    except CountermarkError as error:
        pytest.skip(f"{error}: {error.hint}")


@pytest.fixture
def needs_mingw() -> None:
    if not any(shutil.which(f"{WINDOWS}-g++{end}") for end in ("-posix", "")):
        pytest.skip(f"{WINDOWS}-g++ is not installed: apt-get install g++-mingw-w64-x86-64-posix")


def configure(suite: Path, host: str) -> None:
    (suite / "countermark.toml").write_text(
        f'name = "tiny"\nversion = "2.5"\nsource_date_epoch = {EPOCH}\nprofile = "generic"\n{host}'
    )


@pytest.mark.usefixtures("needs_mingw")
def test_a_program_for_windows_by_mingw_runs_alone(tiny: Path, tmp_path: Path, run: Run) -> None:
    """The same in another directory; no library but those of Windows; and it runs under wine."""
    configure(tiny, f'[hosts.{WINDOWS}]\ntoolchain = "mingw-w64"\nminimum = "6.2"\n')
    (tiny / "number.cpp").write_text(
        "#include <thread>\n#include <stdexcept>\n"
        'extern "C" int number() { int n = 1; std::thread([&] { n = 0; }).join();\n'
        "  try { if (!n) throw std::runtime_error(__FILE__); } catch (...) { return n; }\n"
        "  return 2; }\n"
    )
    (tiny / "number.c").unlink()
    lists = (tiny / "CMakeLists.txt").read_text()
    (tiny / "CMakeLists.txt").write_text(
        lists.replace("LANGUAGES C", "LANGUAGES C CXX").replace("number.c)", "number.cpp)")
    )
    ended = run("release", tiny, cwd=tmp_path)
    assert (ended.code, "mingw-w64" in ended.err) == (0, True), ended.err
    (archive,) = (tmp_path / "dist").glob("*.zip")
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    assert run("release", tiny, cwd=elsewhere).code == 0
    assert (elsewhere / "dist" / archive.name).read_bytes() == archive.read_bytes()
    record = json.loads(zipfile.ZipFile(archive).read("tiny-2.5/share/countermark/build.json"))
    assert record["toolchain"]["kind"] == "mingw-w64"
    assert f"{WINDOWS}-g++" in record["tools"]
    again = run("rebuild", archive, "--suite", tiny, cwd=tmp_path)
    assert again.code == 0, again.err + again.out
    if shutil.which("wine"):
        zipfile.ZipFile(archive).extractall(tmp_path)
        done = subprocess.run(
            ("wine", tmp_path / "tiny-2.5" / "bin" / "tiny.exe"),
            env={**HERE, "WINEDEBUG": "-all", "HOME": str(tmp_path)},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def sdk_from_zig(directory: Path) -> Path:
    """Make what stands for an SDK, enough for C."""
    library = find_zig().program.parent / "lib" / "libc"
    (directory / "usr" / "lib").mkdir(parents=True)
    (directory / "usr" / "include").symlink_to(library / "include" / "any-darwin-any")
    stub = (library / "darwin" / "libSystem.tbd").read_text(encoding="utf-8")
    (directory / "usr" / "lib" / "libSystem.tbd").write_text(without_unknown_targets(stub))
    (directory / "SDKSettings.json").write_text('{"Version": "14.4"}')
    return directory


@pytest.mark.usefixtures("needs_clang")
def test_a_program_for_macos_by_clang_and_an_sdk(tiny: Path, tmp_path: Path, run: Run) -> None:
    sdk = sdk_from_zig(tmp_path / "an SDK")
    configure(tiny, f'[hosts.arm64-apple-darwin]\ntoolchain = "clang"\nsdk_path = "{sdk}"\n')
    ended = run("release", tiny, cwd=tmp_path)
    assert ended.code == 0, ended.err
    (archive,) = (tmp_path / "dist").glob("*.tar.gz")
    assert run("verify", "--target", "macos:27", archive, cwd=tmp_path).code == 0
    assert "program for macOS 14.0 (SDK 14.4)" in run("inspect", archive, cwd=tmp_path).out
    refused = run("rebuild", archive, "--suite", tiny, cwd=tmp_path)
    assert (refused.code, "sdk_path" in refused.err) == (2, True)
    moved = sdk.rename(tmp_path / "moved")
    again = run("rebuild", archive, "--suite", tiny, "--sdk-path", moved, cwd=tmp_path)
    assert again.code == 0, again.err + again.out


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the machine is no x86_64-linux-gnu")
@pytest.mark.usefixtures("needs_clang")
def test_a_program_for_this_machine_by_clang(tiny: Path, tmp_path: Path, run: Run) -> None:
    configure(tiny, '[hosts.x86_64-linux-gnu]\ntoolchain = "clang"\n')
    ended = run("release", tiny, cwd=tmp_path)
    assert ended.code == 0, ended.err
    stage = tmp_path / "dist/.countermark/x86_64-linux-gnu/stage/tiny-2.5"
    assert (
        subprocess.run([stage / "bin" / "tiny"], check=False, capture_output=True).returncode == 0
    )
