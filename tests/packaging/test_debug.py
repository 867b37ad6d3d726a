"""Debug information in files of its own."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import zlib
from pathlib import Path

import pytest

from countermark.errors import MissingToolError, StageError
from countermark.hosts import HOSTS
from countermark.packing.debug import Splitter, debug_members, find_objcopy, split_debug
from countermark.process import Runner

ENVIRONMENT = {"PATH": os.environ["PATH"]}
SOURCE = '#include <stdio.h>\nint main(void) { return puts("here") < 0; }\n'
STEPS = r"""
set -e
objcopy --enable-deterministic-archives -p --only-keep-debug "$1" "$1.dbg"
objcopy --enable-deterministic-archives -p --strip-debug "$1" "$1"
strip --enable-deterministic-archives -p -s "$1"
objcopy --enable-deterministic-archives -p --add-gnu-debuglink="$1.dbg" "$1"
"""
"""Bitcoin Core's split-debug.sh, step by step."""

needs_gcc = pytest.mark.skipif(
    not all(map(shutil.which, ("gcc", "objcopy", "strip"))), reason="gcc or binutils are missing"
)
COMPILERS = {"elf": ("gcc", "program"), "pe": ("x86_64-w64-mingw32-gcc", "program.exe")}


def compiled(stage: Path, kind: str = "elf") -> Path:
    """Make a stage of two programs, one in ``bin`` and one in ``libexec``, and a script."""
    compiler, name = COMPILERS[kind]
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is missing")
    for folder in ("bin", "libexec"):
        (stage / folder).mkdir(parents=True)
        subprocess.run(
            (compiler, "-g", "-O1", "-x", "c", "-", "-o", stage / folder / name),
            input=SOURCE.encode(),
            check=True,
        )
    (stage / "bin" / "script").write_text("#!/bin/sh\n")
    return stage / "bin" / name


def splitter(tmp_path: Path, program: str) -> Splitter:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is missing")
    return Splitter(
        objcopy=Path(found), environment=ENVIRONMENT, runner=Runner(), log=tmp_path / "log"
    )


def link_to(split: Path) -> bytes:
    """What the section ``.gnu_debuglink`` holds: the name, up to four bytes, and the check sum."""
    name = split.name.encode() + b"\0"
    return name + bytes(-len(name) % 4) + zlib.crc32(split.read_bytes()).to_bytes(4, "little")


@pytest.mark.parametrize("kind", COMPILERS)
@pytest.mark.parametrize("objcopy", ["objcopy", "llvm-objcopy"])
def test_every_program_is_split_and_linked_to_what_was_taken(
    tmp_path: Path, kind: str, objcopy: str
) -> None:
    stage, debug = tmp_path / "stage" / "a-1.0", tmp_path / "debug" / "a-1.0"
    program = compiled(stage, kind)
    assert split_debug(stage, debug, splitter(tmp_path, objcopy)) == 2
    for folder in ("bin", "libexec"):
        split = debug / folder / f"{program.name}.dbg"
        content = (stage / folder / program.name).read_bytes()
        assert link_to(split) in content
        assert b".debug_info" not in content
        assert b".debug_info" in split.read_bytes()
    assert stat.S_IMODE(program.stat().st_mode) == 0o755


@needs_gcc
def test_a_split_program_runs(tmp_path: Path) -> None:
    stage = tmp_path / "stage" / "a-1.0"
    program = compiled(stage)
    split_debug(stage, tmp_path / "debug", splitter(tmp_path, "objcopy"))
    assert subprocess.check_output([program], text=True) == "here\n"


@needs_gcc
def test_the_bytes_are_those_of_split_debug_sh(tmp_path: Path) -> None:
    stage, debug = tmp_path / "stage" / "a-1.0", tmp_path / "debug" / "a-1.0"
    program = compiled(stage)
    theirs = tmp_path / program.name
    shutil.copy(program, theirs)
    subprocess.run(("sh", "-c", STEPS, "sh", program.name), cwd=tmp_path, check=True)
    split_debug(stage, debug, splitter(tmp_path, "objcopy"))
    assert program.read_bytes() == theirs.read_bytes()
    assert (debug / "bin/program.dbg").read_bytes() == (tmp_path / "program.dbg").read_bytes()


@needs_gcc
def test_only_the_files_are_packed_as_guix_does(tmp_path: Path) -> None:
    stage, debug = tmp_path / "stage" / "a-1.0", tmp_path / "debug" / "a-1.0"
    compiled(stage)
    split_debug(stage, debug, splitter(tmp_path, "objcopy"))
    names = sorted(member.name for member in debug_members(debug, "a-1.0"))
    assert names == ["a-1.0/bin/program.dbg", "a-1.0/libexec/program.dbg"]


@needs_gcc
def test_what_an_earlier_run_split_does_not_stay(tmp_path: Path) -> None:
    stage, debug = tmp_path / "stage" / "a-1.0", tmp_path / "debug" / "a-1.0"
    compiled(stage)
    debug.mkdir(parents=True)
    (debug / "old.dbg").touch()
    split_debug(stage, debug, splitter(tmp_path, "objcopy"))
    assert not (debug / "old.dbg").exists()


def test_a_stage_without_a_program_has_nothing_to_split(tmp_path: Path) -> None:
    (tmp_path / "stage").mkdir()
    with pytest.raises(StageError, match="no program"):
        split_debug(tmp_path / "stage", tmp_path / "debug", splitter(tmp_path, "objcopy"))


def test_the_hosts_own_objcopy_comes_first(tmp_path: Path) -> None:
    for name in ("aarch64-linux-gnu-objcopy", "llvm-objcopy", "objcopy"):
        (tmp_path / name).touch(mode=0o755)
    host, environment = HOSTS["aarch64-linux-gnu"], {"PATH": str(tmp_path)}
    assert find_objcopy(host, environment).name == "aarch64-linux-gnu-objcopy"
    (tmp_path / "aarch64-linux-gnu-objcopy").unlink()
    (tmp_path / "llvm-objcopy").unlink()
    windows = HOSTS["x86_64-w64-mingw32"]
    with pytest.raises(MissingToolError, match="x86_64-w64-mingw32-objcopy") as caught:
        find_objcopy(windows, environment)
    assert "llvm" in caught.value.hint
