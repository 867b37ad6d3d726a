"""Programs that the system ended: how those who had started them say so, and what is advised."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from countermark import process
from countermark.errors import CommandError
from countermark.killed import advice, killed_program
from countermark.process import Command, Runner

STEP = "FAILED: [code=1] a.o \ncc -c a.c\n"
STOPPED = "ninja: build stopped: subcommand failed.\n"


@pytest.mark.parametrize(
    ("said", "program"),
    [
        ("c++: fatal error: Killed signal terminated program cc1plus", "cc1plus"),
        ("g++: internal compiler error: Killed (program cc1plus)", "cc1plus"),
        ("collect2: fatal error: ld terminated with signal 9 [Killed]", "ld"),
        ("clang-19: error: unable to execute command: Killed", "clang-19"),
        ("Killed", "a program"),
        ("/bin/sh: line 1:  6137 Killed                  cc -c a.c", "a program"),
        ("bash:  6137 Killed                  cc -c a.c", "a program"),
        ("  process didn't exit successfully: `rustc` (signal: 9, SIGKILL: kill)", "a program"),
        ("LLVM ERROR: out of memory", "a program"),
        ("cc1plus: out of memory allocating 65536 bytes after a total of 99", "a program"),
        ("ld.lld: error: failed to open a: Cannot allocate memory", "a program"),
        ("terminate called after throwing an instance of 'std::bad_alloc'", "a program"),
        ("error: OutOfMemory", "a program"),
        ("Aborted", "a program"),
        ("Aborted (core dumped)", "a program"),
        ("\x1b[01m\x1b[Kc++:\x1b[m fatal error: Killed signal terminated program cc1", "cc1"),
    ],
)
def test_what_is_said_of_a_killed_program_is_known(said: str, program: str) -> None:
    assert killed_program(f"{STEP}{said}\n[2/3] x\n{STOPPED}".splitlines()) == program


def test_ninja_tells_by_the_code() -> None:
    assert killed_program(["FAILED: [code=137] a.o", "cc -c a.c", "[2/3] x"]) == "a program"


def test_ninja_that_was_killed_is_known() -> None:
    error = "CMake Error: Generator: build tool execution failed, command was: /usr/bin/ninja"
    assert killed_program(["[1/5] x", "Subprocess killed", error], 1) is not None
    assert killed_program([error], 1) is None


@pytest.mark.parametrize("status", [-9, 137])
def test_the_whole_build_may_be_killed(status: int) -> None:
    assert killed_program([], status) == "the build"


@pytest.mark.parametrize(
    "said",
    [
        "a.c:1:1: error: unknown type name 'Killed'",
        "Killed all 3 processes that were left",
        "test: Killed",
        "Assertion `memory' failed.\nAborted",
        "Aborted\nwhile reading a file",
        "Segmentation fault",
        "a.c:1:1: error: use of std::bad_alloc without its header",
    ],
)
def test_other_failures_are_no_kills(said: str) -> None:
    assert killed_program(f"{STEP}{said}\n{STOPPED}".splitlines(), 1) is None


def test_the_advice_claims_no_more_than_is_known() -> None:
    assert "for want of memory" in advice("cc1", 1)
    assert "most likely" not in advice("cc1", 1)
    assert "most likely" in advice("cc1", None)
    assert "counted no such end" in advice("cc1", 0)
    assert all("cc1" in advice("cc1", n) and "--jobs" in advice("cc1", n) for n in (None, 0, 3))


@pytest.mark.parametrize(
    ("counts", "words"),
    [((4, 5), "for want of memory:"), ((4, 4), "counted no such end"), ((None, 5), "most likely")],
)
def test_a_compiler_that_is_killed_is_told_of(
    counts: tuple[int | None, int], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = iter(counts)
    monkeypatch.setattr(process, "memory_kills", lambda: next(told))
    killing = Command(argv=("sh", "-c", "kill -KILL $$"), environment={"PATH": os.environ["PATH"]})
    with pytest.raises(CommandError) as caught:
        Runner().run(killing, what="compiling", log=tmp_path / "log", hint="Correct the error.")
    assert words in caught.value.hint
    assert "Correct" not in caught.value.hint
