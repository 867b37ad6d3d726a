"""Whom a configured tree builds for, whatever its toolchain calls it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import EPOCH, Run
from countermark.built_for import check_built_for
from countermark.errors import ConfigurationError
from countermark.hosts import HOSTS
from macho import Macho, fat
from trees import AARCH64, elf, pe

MAC, LINUX, WINDOWS = "arm64-apple-darwin", "x86_64-linux-gnu", "x86_64-w64-mingw32"
UNIVERSAL = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", Macho(arch="arm64").build())])
ARCHIVE = b"!<arch>\n"


def configured(directory: Path, system: str, machine: str, program: bytes | None = None) -> Path:
    """Write what CMake leaves in a tree."""
    files = directory / "CMakeFiles" / "4.4.4"
    files.mkdir(parents=True, exist_ok=True)
    (files / "CMakeSystem.cmake").write_text(
        'set(CMAKE_HOST_SYSTEM_NAME "Linux")\n\nset(CMAKE_SYSTEM "X-1")\n'
        f'set(CMAKE_SYSTEM_NAME "{system}")\nset(CMAKE_SYSTEM_PROCESSOR "{machine}")\n'
    )
    if program is not None:
        (files / "CMakeDetermineCompilerABI_C.bin").write_bytes(program)
    return directory


@pytest.mark.parametrize(
    ("triple", "system", "machine", "program"),
    [
        (MAC, "Darwin", "arm64", Macho(arch="arm64").build()),
        (MAC, "Darwin", "aarch64", Macho(arch="arm64").build()),
        (MAC, "Darwin", "x86_64", UNIVERSAL),
        (MAC, "Darwin", "aarch64", None),
        (MAC, "", "", Macho(arch="arm64").build()),
        (MAC, "Darwin", "", ARCHIVE),
        ("x86_64-apple-darwin", "Darwin", "arm64", UNIVERSAL),
        ("x86_64-apple-darwin", "Darwin", "x86_64", Macho(arch="x86_64").build()),
        (LINUX, "Linux", "x86_64", elf()),
        (LINUX, "Linux", "amd64", None),
        (LINUX, "Linux", "core2", None),
        (LINUX, "Generic", "x86", elf()),
        ("aarch64-linux-gnu", "Linux", "arm64", elf(AARCH64)),
        ("aarch64-linux-gnu", "Linux", "ARM64", ARCHIVE),
        ("aarch64-linux-gnu", "Linux", "arm", None),
        ("arm-linux-gnueabihf", "Linux", "armv7l", None),
        ("arm-linux-gnueabihf", "Linux", "arm", ARCHIVE),
        ("riscv64-linux-gnu", "Linux", "rv64gc", None),
        ("powerpc64-linux-gnu", "Linux", "ppc64", None),
        (WINDOWS, "Windows", "AMD64", pe()),
        (WINDOWS, "Windows", "x86_64", pe()),
        (WINDOWS, "Windows", "AMD64", None),
        (WINDOWS, "Windows", "", None),
    ],
)
def test_names_that_mean_the_same_are_no_other_host(
    tmp_path: Path, triple: str, system: str, machine: str, program: bytes | None
) -> None:
    check_built_for(configured(tmp_path, system, machine, program), HOSTS[triple], "my.cmake")


@pytest.mark.parametrize(
    ("triple", "system", "machine", "program", "said"),
    [
        (MAC, "Linux", "x86_64", elf(), "Linux on x86_64"),
        (MAC, "Darwin", "x86_64", Macho(arch="x86_64").build(), "Darwin on x86_64"),
        (MAC, "Darwin", "arm64", Macho(arch="x86_64").build(), "Darwin on x86_64"),
        (MAC, "iOS", "arm64", Macho(arch="arm64").build(), "iOS on arm64"),
        (MAC, "Darwin", "x86_64", None, "Darwin on x86_64"),
        (MAC, "", "", elf(), "x86_64"),
        (LINUX, "Linux", "aarch64", elf(AARCH64), "Linux on aarch64"),
        (LINUX, "Linux", "x86_64", elf(AARCH64), "Linux on aarch64"),
        (LINUX, "Linux", "i686", ARCHIVE, "Linux on i686"),
        (LINUX, "Android", "x86_64", elf(), "Android on x86_64"),
        (LINUX, "Windows", "AMD64", None, "Windows on AMD64"),
        (LINUX, "Windows", "", None, "Windows"),
        ("powerpc64-linux-gnu", "Linux", "ppc64le", None, "Linux on ppc64le"),
        (WINDOWS, "Windows", "x86", pe(0x14C), "Windows on i386"),
        (WINDOWS, "Windows", "ARM64", None, "Windows on ARM64"),
    ],
)
def test_another_host_is_named_with_the_fix(
    tmp_path: Path, triple: str, system: str, machine: str, program: bytes | None, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_built_for(configured(tmp_path, system, machine, program), HOSTS[triple], "my.cmake")
    assert str(caught.value) == f"the toolchain my.cmake builds for {said}, not for {triple}"
    assert f"[hosts.{triple}]" in caught.value.hint


@pytest.mark.parametrize("triple", list(HOSTS))
def test_a_tree_that_tells_nothing_is_not_judged(tmp_path: Path, triple: str) -> None:
    check_built_for(tmp_path, HOSTS[triple], "my.cmake")


@given(
    system=st.text(st.characters(codec="utf-8", exclude_characters='"\n\r')),
    machine=st.text(st.characters(codec="utf-8", exclude_characters='"\n\r')),
    program=st.binary(max_size=64),
)
def test_whatever_cmake_and_the_linker_leave_is_judged_or_let_be(
    tmp_path_factory: pytest.TempPathFactory, system: str, machine: str, program: bytes
) -> None:
    tree = configured(tmp_path_factory.mktemp("tree"), system, machine, program)
    problem = ""
    try:
        check_built_for(tree, HOSTS[LINUX], "my.cmake")
    except ConfigurationError as error:
        problem = str(error)
    assert problem == "" or problem.isprintable()
    shutil.rmtree(tree)


def test_nothing_is_compiled_by_a_toolchain_for_another_host(tmp_path: Path, run: Run) -> None:
    """The machine's own compiler under the name of a toolchain file, for every host but one."""
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(a LANGUAGES C)\n"
        'file(WRITE a.c "#error compiled")\nadd_executable(a a.c)\ninstall(TARGETS a)\n'
    )
    (tmp_path / "own.cmake").touch()
    ended = run(
        *("build", ".", "--host", "riscv64-linux-gnu", "--toolchain", "own.cmake"),
        *("--version", "1.0", "--out", "out"),
        cwd=tmp_path,
        SOURCE_DATE_EPOCH=EPOCH,
    )
    assert ended.code == 2, ended.err
    assert f"the toolchain {tmp_path}/own.cmake builds for " in ended.err
    assert "not for riscv64-linux-gnu" in ended.err
