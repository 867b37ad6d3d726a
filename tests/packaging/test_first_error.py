"""Which lines of a failed build are shown: what each program prints, written as it prints it."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.first_error import LINES, LONGEST, failure_lines, first_error
from countermark.toolchain import find_zig
from countermark.tools import find_build_tools

WARNINGS = "".join(
    f"a.cpp:{number}:9: warning: unused variable 'x{number}' [-Wunused-variable]\n"
    f"  {number} |     int x{number};\n"
    "      |         ^~\n"
    for number in range(1, 40)
)


def shown(output: str) -> list[str]:
    return list(first_error(failure_lines(output.splitlines())))


def failed(output: str, *, mark: str = "FAILED: [code=1] a.o ", command: str = "cc -c a.c") -> str:
    """Write what Ninja prints of a step that failed, between two that did not."""
    return (
        f"[1/9] Building C object first.o\n{mark}\n{command}\n{output}"
        "[2/9] Building C object last.o\nninja: build stopped: subcommand failed.\n"
    )


def matter(output: str) -> list[str]:
    """Return what is shown of what a failed command printed."""
    mark, command, *rest = shown(failed(output))
    assert (mark, command) == ("FAILED: [code=1] a.o", "cc -c a.c")
    return rest


def test_an_error_is_shown_without_the_warnings_around_it() -> None:
    error = "a.cpp:50:5: error: unknown type name 'nonsense'\n 50 | nonsense\n    | ^\n"
    assert matter(WARNINGS + error + WARNINGS) == error.splitlines()


def test_where_gcc_is_when_it_finds_an_error_is_shown() -> None:
    include = "In file included from b.h:1,\n                 from a.cpp:2:\n"
    error = "c.h:2:20: error: invalid conversion\n"
    assert matter(WARNINGS + include + error) == (include + error).splitlines()
    function = "a.cpp: In function 'int f(int)':\na.cpp:4:53: error: 'x' was not declared\n"
    assert matter(WARNINGS + function) == function.splitlines()


def test_the_notes_of_an_error_are_shown_and_no_more_than_ten_lines() -> None:
    error = "a.cpp:5:3: fatal error: no match\n"
    notes = "".join(f"b.h:{n}:1: note: candidate {n}\n" for n in range(100))
    assert matter(error + notes) == (error + notes).splitlines()[:LINES]


@pytest.mark.parametrize(
    "output",
    [
        "/usr/bin/ld: a.o: in function `main':\na.c:(.text+0xf): undefined reference to `foo'\n",
        "ld.lld: error: undefined symbol: foo\n>>> referenced by a.c\n>>>    a.o:(main)\n",
        "ld64.lld-19: error: undefined symbol: _foo\n>>> referenced by a.c:1\n",
        "lld-link: error: undefined symbol: foo\n>>> referenced by a.c:1\n",
        "error: undefined symbol: _foo\n    note: referenced by a.o:_main\n",
        'error: unable to find system framework "CoreFoundation". searched paths: none\n',
        "a.c:1:1: error: checking cache failed: file_open FileNotFound a.c\n",
        "/usr/bin/ld: cannot find -lboost: No such file or directory\n",
        "LINK : fatal error LNK1120: 1 unresolved externals\n",
        "{standard input}:23: Error: no such instruction: `nonsense'\n",
        "c++: internal compiler error: Segmentation fault signal terminated program cc1plus\n",
    ],
)
def test_what_linkers_and_other_programs_say_is_known(output: str) -> None:
    noise = "info: available CPUs for architecture 'aarch64':\n" + " a64fx\n" * 100
    empty = "collect2: error: ld returned 1 exit status\n"
    assert matter(noise + output) == output.splitlines()
    assert matter(noise + output + empty) == (output + empty).splitlines()


def test_a_driver_that_says_no_more_than_that_it_failed_is_shown() -> None:
    said = "clang: error: linker command failed with exit code 1 (use -v to see invocation)"
    assert matter(f"something\n{said}\n") == [said]


def test_of_a_program_of_no_known_kind_the_last_lines_are_shown() -> None:
    trace = ["Traceback (most recent call last):", '  File "x.py", line 1', "NameError: x"]
    assert matter("\n".join(["line"] * 90 + trace) + "\n") == ["line"] * 7 + trace


def test_a_very_long_command_and_line_lack_their_middle() -> None:
    command = "cc " + "-I/some/where " * 5000 + "-c last.c"
    line = "a.c:1:1: error: " + "x" * 5000
    _, told, error = shown(failed(f"{line}\n", command=command))
    assert told.startswith("cc -I/some")
    assert told.endswith("-c last.c")
    assert len(told) <= LONGEST
    assert len(error) <= LONGEST


def test_how_many_other_steps_failed_is_said() -> None:
    other = "FAILED: [code=1] {}.o \ncc -c\n{}.c:1:1: error: too\n"
    output = "a.c:1:1: error: first\n" + other.format("b", "b") + other.format("c", "c")
    assert matter(output) == ["a.c:1:1: error: first", "(2 other steps failed too)"]


def test_ninja_before_1_12_says_no_code() -> None:
    assert shown(failed("a.c:1:1: error: x\n", mark="FAILED: a.o "))[0] == "FAILED: a.o"


def test_a_build_within_the_build_says_why() -> None:
    inner = failed("b.c:3:1: error: inner\n", mark="FAILED: [code=1] b.o ", command="cc -c b.c")
    assert shown(failed(inner))[:3] == [
        "FAILED: [code=1] b.o",
        "cc -c b.c",
        "b.c:3:1: error: inner",
    ]


def test_colours_are_taken_away() -> None:
    coloured = "\x1b[01m\x1b[Ka.c:1:1:\x1b[m\x1b[K \x1b[01;31m\x1b[Kerror: \x1b[m\x1b[Kno\n"
    warning = "\x1b[1ma.c:1:1: \x1b[0m\x1b[0;1;35mwarning: \x1b[0mno\n"
    assert matter(warning + coloured) == ["a.c:1:1: error: no"]


def test_what_ninja_itself_has_against_a_build_is_shown() -> None:
    error = "ninja: error: 'gone.c', needed by 'a.o', missing and no known rule to make it"
    assert shown(f"[1/2] x\n{error}\n") == [error]


CMAKE = """\
-- Looking for x
CMake Warning at CMakeLists.txt:1 (message):
  careful


{}

-- Configuring incomplete, errors occurred!
"""
MODULES = "/usr/share/cmake/Modules"


def test_cmakes_error_is_shown_with_the_first_place_that_led_to_it() -> None:
    error = """\
CMake Error at cmake/sub.cmake:2 (message):
  it is no good

  at all
Call Stack (most recent call first):
  cmake/sub.cmake:5 (inner)
  CMakeLists.txt:6 (try)
"""
    assert shown(CMAKE.format(error)) == [
        "CMake Error at cmake/sub.cmake:2 (message):",
        "  it is no good",
        "  at all",
        "  called from cmake/sub.cmake:5 (inner)",
    ]


def test_an_error_in_a_module_of_cmakes_is_shown_with_the_place_in_the_suite() -> None:
    error = f"""\
CMake Error at {MODULES}/FindPackageHandleStandardArgs.cmake:290 (message):
  Could NOT find Boost (missing: Boost_INCLUDE_DIR) (Required is at least "1.74")
Call Stack (most recent call first):
  {MODULES}/FindPackageHandleStandardArgs.cmake:652 (_FPHSA_FAILURE_MESSAGE)
  {MODULES}/FindBoost.cmake:2455 (find_package_handle_standard_args)
  CMakeLists.txt:10 (find_package)
"""
    assert shown(CMAKE.format(error))[1:] == [
        '  Could NOT find Boost (missing: Boost_INCLUDE_DIR) (Required is at least "1.74")',
        "  called from CMakeLists.txt:10 (find_package)",
    ]


def test_of_a_missing_package_the_names_and_the_remedy_are_shown() -> None:
    error = """\
CMake Error at CMakeLists.txt:8 (find_package):
  By not providing "FindFoo.cmake" in CMAKE_MODULE_PATH this project has
  asked CMake to find a package configuration file provided by "Foo", but
  CMake did not find one.

  Could not find a package configuration file provided by "Foo" with any of
  the following names:

    FooConfig.cmake
    foo-config.cmake

  Add the installation prefix of "Foo" to CMAKE_PREFIX_PATH or set "Foo_DIR"
  to a directory containing one of the above files.
"""
    told = shown(CMAKE.format(error))
    assert told[0] == "CMake Error at CMakeLists.txt:8 (find_package):"
    assert told[1].startswith("  Could not find a package")
    assert told[-1].endswith("one of the above files.")


def test_several_errors_of_cmakes_are_counted() -> None:
    error = "CMake Error at CMakeLists.txt:{} (message):\n  no\n\n\n"
    output = "".join(error.format(line) for line in (3, 4, 5))
    assert shown(CMAKE.format(output)) == [
        "CMake Error at CMakeLists.txt:3 (message):",
        "  no",
        "(2 other errors of CMake's)",
    ]


def test_of_a_compiler_that_does_not_work_its_own_error_is_shown() -> None:
    error = f"""\
CMake Error at {MODULES}/CMakeTestCCompiler.cmake:65 (message):
  The C compiler

    "/usr/bin/cc"

  is not able to compile a simple test program.

  It fails with the following output:

    Change Dir: '/x'

    Run Build Command(s): /usr/bin/ninja -v cmTC_cf869
    [1/2] /usr/bin/cc -o x.o -c x.c
    [2/2] : && /usr/bin/cc -fuse-ld=gone x.o -o x
    FAILED: x
    : && /usr/bin/cc -fuse-ld=gone x.o -o x
    collect2: fatal error: cannot find 'ld'
    compilation terminated.
    ninja: build stopped: subcommand failed.
Call Stack (most recent call first):
  CMakeLists.txt:2 (project)
"""
    told = shown(CMAKE.format(error))
    assert "    collect2: fatal error: cannot find 'ld'" in told
    assert told[-1] == "  called from CMakeLists.txt:2 (project)"
    assert len(told) <= LINES + 1


def test_cmake_that_runs_again_in_a_build_is_shown_as_such() -> None:
    error = "-- Checking\nCMake Error at CMakeLists.txt:3 (message):\n  no\n\n\n-- Incomplete\n"
    assert matter(error) == ["CMake Error at CMakeLists.txt:3 (message):", "  no"]


_PARTS = st.sampled_from(
    [
        "FAILED: [code=1] x",
        "FAILED: ",
        "CMake Error at /x:1 (f):",
        "CMake Error",
        "Call Stack (most recent call first):",
        "  /usr/x.cmake:1 (f)",
        "a: error: x",
        "a: warning: x",
        "[1/2] x",
        "ninja: error: x",
        "",
        "  text",
        "\x1b[31m",
    ]
)


@settings(deadline=None)
@given(st.lists(_PARTS | st.text(max_size=20), max_size=40))
def test_any_lines_give_few_short_lines(lines: list[str]) -> None:
    told = first_error(failure_lines(lines))
    assert len(told) <= LINES + 3
    assert bool(told) == bool(lines)
    assert all(len(line) <= LONGEST for line in told)


def test_output_without_end_is_not_kept() -> None:
    endless = itertools.chain(["FAILED: x"], itertools.repeat("x", 1_000_000))
    assert len(failure_lines(endless)) < 10_000


def output_of(*command: object, directory: Path) -> str:
    cache = {name: os.environ[name] for name in ("HOME",) if name in os.environ}
    done = subprocess.run(
        [*map(str, command)],
        cwd=directory,
        env={**cache, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode != 0
    return done.stdout + done.stderr


@pytest.mark.parametrize("compiler", ["gcc", "clang", "zig"])
def test_a_compiler_of_this_machine_is_understood(compiler: str, tmp_path: Path) -> None:
    program = [find_zig().program, "cc"] if compiler == "zig" else [shutil.which(compiler)]
    if program[0] is None:
        pytest.skip(f"{compiler} is not installed")
    (tmp_path / "a.c").write_text("#warning careful\nint f(void) { nonsense y; }\n")
    output = output_of(*program, "-c", "a.c", directory=tmp_path)
    assert "careful" in output
    told = matter(output)
    assert any("error: " in line and "nonsense" in line for line in told)
    assert not any("careful" in line for line in told)


def test_cmake_of_this_machine_is_understood(tmp_path: Path) -> None:
    tools = find_build_tools({"PATH": os.environ["PATH"]})
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(x NONE)\nfind_package(NoSuch REQUIRED)\n"
    )
    told = shown(output_of(tools.cmake.program, "-S", ".", "-B", "b", directory=tmp_path))
    assert told[0] == "CMake Error at CMakeLists.txt:3 (find_package):"
    assert told[1].startswith("  Could not find a package configuration file")
