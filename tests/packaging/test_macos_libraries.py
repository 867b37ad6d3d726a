"""The libraries that zig links with, where another linker finds them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.errors import WorkError
from countermark.process import Runner
from countermark.toolchain import find_zig
from countermark.toolchains.macos_libraries import (
    MacosLibraries,
    sdk_version,
    without_unknown_targets,
)

STUB = """\
--- !tapi-tbd
tbd-version:     4
targets:         [ x86_64-macos, arm64e-macos, arm64e-maccatalyst,
                   arm64e.x1-macos ]
install-name:    '/usr/lib/libSystem.B.dylib'
exports:
  - targets:         [ arm64e.x1-macos, arm64-macos ]
    symbols:         [ _open, 'R8289209$_close', _targets, '_arm64e.x1-macos' ]
...
"""


def test_only_targets_are_taken_out_of_a_stub() -> None:
    assert (
        without_unknown_targets(STUB)
        == """\
--- !tapi-tbd
tbd-version:     4
targets:         [ x86_64-macos, arm64e-macos, arm64e-maccatalyst ]
install-name:    '/usr/lib/libSystem.B.dylib'
exports:
  - targets:         [ arm64-macos ]
    symbols:         [ _open, 'R8289209$_close', _targets, '_arm64e.x1-macos' ]
...
"""
    )


def test_a_stub_without_unknown_targets_stays_the_same_stub() -> None:
    once = without_unknown_targets(STUB)
    assert without_unknown_targets(once) == once


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("targets:\n  - x86_64-macos\n", "no list"),
        ('{"targets": [{"target": "x86_64-macos"}]}', "no list"),
        ("targets: [ 'x86_64-macos' ]\n", "the target"),
        ("targets: [ x86_64 ]\n", "the target"),
        ("targets: [ ]\n", "the target"),
        ("targets: [ arm64e.x1-macos ]\n", "no target"),
    ],
)
def test_a_stub_that_is_laid_out_otherwise_is_refused(given: str, problem: str) -> None:
    with pytest.raises(WorkError, match=problem):
        without_unknown_targets(given)


@given(st.text("targets:[] -,xm8_64\n'"))
def test_no_text_makes_it_raise_anything_else(text: str) -> None:
    try:
        without_unknown_targets(text)
    except WorkError:
        return


def fake_zig(directory: Path, script: str) -> Path:
    """Write a zig with a stub and an SDK beside it, which answers as ``script`` does."""
    darwin = directory / "lib" / "libc" / "darwin"
    darwin.mkdir(parents=True)
    (darwin / "libSystem.tbd").write_text(STUB)
    (darwin / "SDKSettings.json").write_text('{"Version":"27.0"}')
    program = directory / "zig"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def answering(cache: Path, *names: str) -> str:
    """Return a script that says where the archives are, and puts them there."""
    kept = cache / "o" / ("0" * 32)
    kept.mkdir(parents=True)
    for name in names:
        (kept / name).write_text(name)
    return f"echo 'zig ld -dynamic {' '.join(str(kept / name) for name in names)} -lSystem'"


ARCHIVES = ("libc++abi.a", "libc++.a", "libcompiler_rt.a")


def test_zig_is_asked_once(tmp_path: Path) -> None:
    cache = tmp_path / "with space"
    zig = fake_zig(tmp_path / "zig", answering(cache, *ARCHIVES))
    environment = {"PATH": os.environ["PATH"], "ZIG_LOCAL_CACHE_DIR": str(cache)}
    libraries = MacosLibraries.below(tmp_path, zig, "digest", "aarch64-macos.14.0-none")
    libraries.fill(environment, Runner())
    zig.unlink()
    libraries.fill(environment, Runner())
    found = {path.name for path in libraries.directory.iterdir()}
    assert found >= {*ARCHIVES, "libSystem.tbd", "libm.tbd", "libpthread.tbd"}
    assert (libraries.directory / "libm.tbd").read_text() == without_unknown_targets(STUB)
    assert [path.name for path in libraries.directory.parent.iterdir()] == [
        libraries.directory.name
    ]


def test_another_zig_or_target_has_another_directory(tmp_path: Path) -> None:
    def directory(digest: str, target: str) -> Path:
        return MacosLibraries.below(tmp_path, tmp_path, digest, target).directory

    assert len({directory(*key) for key in ("aa", "ab", "ba", "bb")}) == 4


@pytest.mark.parametrize("names", [(), ARCHIVES[:2]])
def test_an_answer_that_lacks_a_library_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    zig = fake_zig(tmp_path / "zig", answering(tmp_path / "cache", *names))
    environment = {"PATH": os.environ["PATH"], "ZIG_LOCAL_CACHE_DIR": str(tmp_path / "cache")}
    libraries = MacosLibraries.below(tmp_path, zig, "digest", "aarch64-macos.14.0-none")
    with pytest.raises(WorkError, match="does not say"):
        libraries.fill(environment, Runner())
    assert not any(libraries.directory.parent.iterdir())


def test_the_real_zig_tells_its_sdk_and_has_a_stub_to_take_apart() -> None:
    zig = find_zig().program
    assert sdk_version(zig).split(".")[0].isdecimal()
    stub = (zig.parent / "lib" / "libc" / "darwin" / "libSystem.tbd").read_text(encoding="utf-8")
    assert "arm64e.x1" not in without_unknown_targets(stub)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"Version"'])
def test_a_zig_that_tells_no_sdk(tmp_path: Path, content: str) -> None:
    zig = fake_zig(tmp_path / "zig", "")
    (zig.parent / "lib" / "libc" / "darwin" / "SDKSettings.json").write_text(content)
    with pytest.raises(WorkError, match="SDK"):
        sdk_version(zig)
