"""The programs a build needs: found, asked for their version, or named as missing."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from countermark.errors import MissingToolError
from countermark.tools import (
    find_build_tools,
    find_emulators,
    find_newest,
    find_program,
    version_of,
)

ENVIRONMENT = {"PATH": os.environ["PATH"]}


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python without packages, and an empty directory that is the whole PATH."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    path = tmp_path / "bin"
    path.mkdir()
    return path


def write_program(place: Path, output: str, status: int = 0) -> Path:
    place.write_text(f"#!/bin/sh\necho '{output}'\nexit {status}\n", encoding="utf-8")
    place.chmod(0o755)
    return place


def test_the_tools_of_this_python_are_found_whatever_the_path() -> None:
    tools = find_build_tools({"PATH": ""})
    for tool in (tools.cmake, tools.ninja):
        assert tool.program.is_file()
        assert tool.version


def test_tools_on_the_path_serve_where_python_has_none(bare: Path) -> None:
    cmake = write_program(bare / "cmake", "cmake version 3.28.1")
    ninja = write_program(bare / "ninja", "1.11.1.git")
    tools = find_build_tools({"PATH": str(bare)})
    assert (tools.cmake.program, tools.cmake.version) == (cmake, "3.28.1")
    assert (tools.ninja.program, tools.ninja.version) == (ninja, "1.11.1")


@pytest.mark.parametrize("missing", ["cmake", "ninja"])
def test_a_missing_tool_is_named_with_how_to_get_it(bare: Path, missing: str) -> None:
    for name, output in (("cmake", "cmake version 3.28.1"), ("ninja", "1.11.1")):
        if name != missing:
            write_program(bare / name, output)
    with pytest.raises(MissingToolError, match=missing) as caught:
        find_build_tools({"PATH": str(bare)})
    assert "pip install" in caught.value.hint


def test_a_cmake_that_is_too_old_is_refused_with_both_versions(bare: Path) -> None:
    write_program(bare / "cmake", "cmake version 3.9.0")
    write_program(bare / "ninja", "1.11.1")
    with pytest.raises(MissingToolError) as caught:
        find_build_tools({"PATH": str(bare)})
    assert "3.9.0" in str(caught.value)
    assert "3.25" in str(caught.value)


def test_a_tool_that_does_not_run_is_refused(bare: Path) -> None:
    write_program(bare / "cmake", "cmake version 3.28.1", status=1)
    with pytest.raises(MissingToolError, match="does not run"):
        find_build_tools({"PATH": str(bare)})


def test_a_program_is_looked_for_on_the_given_path_only(bare: Path) -> None:
    program = write_program(bare / "gzip", "gzip 1.12")
    assert find_program("gzip", {"PATH": str(bare)}) == program
    assert find_program("gzip", {"PATH": ""}) is None
    assert find_program("gzip", {}) is None


def test_a_file_that_cannot_be_run_is_no_program(bare: Path) -> None:
    (bare / "gzip").touch(mode=0o644)
    assert find_program("gzip", {"PATH": str(bare)}) is None


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("cmake version 4.4.4", "4.4.4"),
        ("gzip 1.12\nCopyright 2022", "1.12"),
        ("This is Zip 3.0 (July 5th 2008)", "3.0"),
        ("nothing to tell", ""),
    ],
)
def test_a_version_is_the_first_number_with_a_point(bare: Path, output: str, version: str) -> None:
    assert version_of(write_program(bare / "tool", output), ENVIRONMENT) == version


def test_emulators_are_found_for_other_hosts_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("qemu-x86_64", "qemu-aarch64", "qemu-riscv64", "qemu-riscv64-static", "wine64"):
        (tmp_path / name).touch(mode=0o755)
    environment = {"PATH": str(tmp_path)}
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    programs = {host: Path(words[0]).name for host, words in find_emulators(environment).items()}
    assert programs == {
        "aarch64-linux-gnu": "qemu-aarch64",
        "riscv64-linux-gnu": "qemu-riscv64-static",
        "x86_64-w64-mingw32": "wine64",
    }
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert list(find_emulators(environment)) == ["x86_64-w64-mingw32"]
    assert find_emulators({"PATH": ""}) == {}


def test_the_newest_of_several_versions_is_found(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path)}
    assert find_newest("linker", 19, environment) is None
    write_program(tmp_path / "linker", "version 9.1")
    found = find_newest("linker", 19, environment)
    assert found is not None
    assert found.version == "9.1"
    for version in ("19.1.7", "21.0"):
        write_program(tmp_path / f"linker-{version.partition('.')[0]}", f"version {version}")
    write_program(tmp_path / "linker-18", "version 99")  # older than the oldest that is asked for
    write_program(tmp_path / "linker-22", "no number", status=1)
    found = find_newest("linker", 19, environment)
    assert found is not None
    assert (found.name, found.version) == ("linker", "21.0")
    assert found.program == tmp_path / "linker-21"
