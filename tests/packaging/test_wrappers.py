"""The programs that stand for a compiler's tools, run as make and CMake run them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.toolchains.arguments import filter_arguments
from countermark.toolchains.resources import resource_arguments
from countermark.toolchains.target import Target
from countermark.toolchains.verdict import RefusedError
from countermark.toolchains.wrappers import Wrappers

TUNED = ("-Xclang", "-tune-cpu", "-Xclang", "x")
LINUX, MAC, WINDOWS = "x86_64-linux-gnu.2.31", "aarch64-macos.14.0-none", "x86_64-windows-gnu"


def wrappers_in(directory: Path, target: str) -> Wrappers:
    """Write the wrappers of a zig that only prints its arguments, a line each."""
    zig = directory / "a zig; of $ome kind"
    zig.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", encoding="utf-8")
    zig.chmod(0o755)
    place = directory / ("an 'odd' place" + "/deep" * 40)  # too long for a line "#!"
    wrappers = Wrappers(directory=place, python=Path(sys.executable), zig=zig, target=target)
    wrappers.write()
    return wrappers


def call(wrappers: Wrappers, tool: str, *arguments: str, cwd: Path | None = None) -> list[str]:
    """Call a tool and return what zig was given."""
    done = subprocess.run(
        (str(wrappers.directory / tool), *arguments),
        check=True,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PATH": os.defpath},
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("target", "names"),
    [
        (LINUX, {"ar", "c++", "cc", "dlltool", "objcopy", "ranlib", "strip"}),
        (MAC, {"ar", "c++", "cc", "dlltool", "objcopy", "ranlib", "strip", "install_name_tool"}),
        (WINDOWS, {"ar", "c++", "cc", "dlltool", "objcopy", "ranlib", "strip", "windres"}),
    ],
)
def test_each_tool_is_a_program_of_its_own(tmp_path: Path, target: str, names: set[str]) -> None:
    wrappers = wrappers_in(tmp_path, target)
    files = [path for path in wrappers.directory.iterdir() if path.is_file()]
    assert {path.name for path in files} == names
    assert all(os.access(path, os.X_OK) for path in files)


@pytest.mark.parametrize("tool", ["cc", "c++"])
def test_a_compiler_is_zigs_with_other_arguments(tmp_path: Path, tool: str) -> None:
    wrappers = wrappers_in(tmp_path, LINUX)
    given = call(wrappers, tool, "-DTEXT=a  'b' $c", "-c", "a b.c", "-mtune=x")
    assert given[:2] == [tool, f"--target={LINUX}"]
    assert given[-8:-1] == ["-DTEXT=a  'b' $c", "-c", "a b.c", *TUNED]
    assert given[-1] == f"-ffile-prefix-map={tmp_path}=./zig"


def test_archives_are_made_by_zig(tmp_path: Path) -> None:
    wrappers = wrappers_in(tmp_path, MAC)
    assert call(wrappers, "ar", "qc", "a.a", "b.o") == ["ar", "qc", "a.a", "b.o"]
    assert call(wrappers, "ranlib", "a.a") == ["ranlib", "a.a"]


def test_what_is_in_a_response_file_is_filtered_too(tmp_path: Path) -> None:
    wrappers = wrappers_in(tmp_path, LINUX)
    (tmp_path / "in.rsp").write_text('-Wl,-z,separate-code "b c.o"', encoding="utf-8")
    (tmp_path / "a.rsp").write_text("@in.rsp -o a", encoding="utf-8")
    given = call(wrappers, "cc", "@a.rsp", "@not-there", cwd=tmp_path)
    assert given[-4:] == ["b c.o", "-o", "a", "@not-there"]
    assert [change[0] for change in wrappers.changes()] == ["-Wl,-z,separate-code"]


def test_response_files_in_a_circle_are_refused(tmp_path: Path) -> None:
    wrappers = wrappers_in(tmp_path, LINUX)
    (tmp_path / "a.rsp").write_text("@a.rsp", encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        call(wrappers, "cc", "@a.rsp", cwd=tmp_path)
    assert caught.value.stderr == "cc: error: @a.rsp: response files stand in one another\n"


def test_each_change_is_noted_once_however_many_compilers_run(tmp_path: Path) -> None:
    wrappers = wrappers_in(tmp_path, LINUX)
    with ThreadPoolExecutor(4) as pool:
        for number in range(8):
            pool.submit(call, wrappers, "cc", "-mtune=x", "-c", f"{number}.c")
    call(wrappers, "cc", "-Wl,--cref", "a.o", "-Wl,-t")
    assert [change[:2] for change in wrappers.changes()] == [
        ("-Wl,--cref", ""),
        ("-Wl,-t", ""),
        ("-mtune=x", " ".join(TUNED)),
    ]
    wrappers.write()
    assert len(wrappers.changes()) == 3
    wrappers.forget()
    assert wrappers.changes() == ()


def test_a_probe_is_told_no_where_zig_would_say_yes(tmp_path: Path) -> None:
    wrappers = wrappers_in(tmp_path, MAC)
    scratch = tmp_path / "CMakeFiles/CMakeScratch/TryCompile-x"
    scratch.mkdir(parents=True)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        call(wrappers, "cc", "-Wl,-z,relro", "a.o", cwd=scratch)
    assert "-Wl,-z,relro" in caught.value.stderr
    assert call(wrappers, "cc", "-Wl,-pie", "a.o", cwd=scratch)[-1] == "a.o"


def test_nothing_is_stripped_or_renamed_after_linking(tmp_path: Path) -> None:
    wrappers = wrappers_in(tmp_path, MAC)
    assert call(wrappers, "strip", "-x", "program") == []
    assert [change[0] for change in wrappers.changes()] == ["strip"]
    with pytest.raises(subprocess.CalledProcessError):
        call(wrappers, "install_name_tool", "-id", "x", "library")


def test_a_wrapper_that_is_as_it_should_be_is_left_alone(tmp_path: Path) -> None:
    wrappers = wrappers_in(tmp_path, LINUX)
    os.utime(wrappers.directory / "cc", (1, 1))
    (wrappers.directory / "ar").write_text("spoilt", encoding="utf-8")
    wrappers.write()
    assert (wrappers.directory / "cc").stat().st_mtime == 1
    assert call(wrappers, "ar") == ["ar"]


def test_windres_is_zigs_resource_compiler(tmp_path: Path) -> None:
    wrappers = wrappers_in(tmp_path, WINDOWS)
    given = call(wrappers, "windres", "-O", "coff", "-DA=1", "-I", "in", "/s/a.rc", "a.obj")
    assert given == [
        *("rc", "/:auto-includes", "gnu", "/:target", "x86_64", "/:output-format", "coff"),
        *("/d", "A=1", "/i", "in", "/fo", "a.obj", "--", "/s/a.rc"),
    ]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("a.rc a.o", "/:output-format coff /fo a.o -- a.rc"),
        ("-i a.rc -o a.res", "/:output-format res /fo a.res -- a.rc"),
        ("--input=a.rc --output=a.o --define=X --include-dir i", "coff /d X /i i /fo a.o -- a.rc"),
        ("-J res -O coff a.res a.o", "/:output-format coff /:input-format res /fo a.o -- a.res"),
        ("-F pe-x86-64 --use-temp-file -c 65001 a.rc -o a.o", "coff /c 65001 /fo a.o -- a.rc"),
        ("-UX -l 0x409 a.rc a.o", "coff /u X /l 0x409 /fo a.o -- a.rc"),
    ],
)
def test_windres_arguments_have_their_counterparts(given: str, wanted: str) -> None:
    line = " ".join(resource_arguments(given.split(), "x86_64"))
    assert line.startswith("/:auto-includes gnu /:target x86_64 ")
    assert line.endswith(wanted)


def test_an_argument_of_windres_without_a_counterpart_is_refused() -> None:
    with pytest.raises(RefusedError, match="--frobnicate"):
        resource_arguments(["--frobnicate", "a.rc", "a.o"], "x86_64")


def test_another_filter_is_another_compiler(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrappers = wrappers_in(tmp_path, LINUX)
    before = wrappers.scripts()
    monkeypatch.setattr("countermark.toolchains.wrappers._RUN", tmp_path / "run.py")
    after = wrappers.scripts()
    assert before["cc"].splitlines()[1] != after["cc"].splitlines()[1]
    assert before["ar"] == after["ar"]


WORDS = st.sampled_from(
    (
        *("-O2", "-DA=1", "-D_WIN32_WINNT=0x0602", "-D_LIBCPP_HARDENING_MODE=x", "-UNDEBUG"),
        *("-Iinclude", "-I", "-fPIC", "-flto", "-fuse-ld=lld", "-ffunction-sections", "-g", "-g0"),
        *("-std=c++20", "-Wall", "-Wl,-z,separate-code", "-Wp,-D_FORTIFY_SOURCE=3", "-pthread"),
        *("-march=x86-64-v2", "-mtune=haswell", "-msse4.1", "-mbranch-protection=bti", "-MD"),
        *("-mmacosx-version-min=11.0", "-isystem", "-o", "a b.o", "-MF", "x.d", "-c", "a.c", "-E"),
        *("b.cpp", "@missing", "-", "-x", "c", "-s", "-lfoo", "-Xclang", "-include", "--version"),
    )
)


@settings(deadline=None, max_examples=30)
@given(st.lists(WORDS, max_size=8), st.sampled_from((LINUX, MAC, WINDOWS)))
def test_what_a_wrapper_does_by_itself_is_what_the_filter_does(
    words: list[str], target: str
) -> None:
    with tempfile.TemporaryDirectory() as place:
        wrappers = wrappers_in(Path(place), target)
        given_ = call(wrappers, "cc", "-c", "a.c", *words)
        wanted, notices = filter_arguments(
            ["-c", "a.c", *words], Target(target), zig=place, probing=False
        )
        assert given_ == ["cc", *wanted]
        noted = {(each.argument, each.instead, each.why) for each in wrappers.changes()}
        assert noted == set(notices)


def test_a_plain_call_starts_no_python(tmp_path: Path) -> None:
    wrappers = wrappers_in(tmp_path, MAC)
    nobody = replace(wrappers, python=tmp_path / "missing")
    nobody.write()
    plain = ("-O2", "-DA", "-I.", "-o", "a.o", "-MD", "-MF", "a.d", "-c", "a.c")
    assert "a.c" in call(nobody, "cc", *plain)
    with pytest.raises(subprocess.CalledProcessError):
        call(nobody, "cc", *plain, "-march=armv8-a+crypto")
