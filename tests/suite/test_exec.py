"""The wrapper becomes the program: same process, arguments, exit code and signals."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Place = Callable[[Path], Path]

AWKWARD = [
    "",
    " ",
    "two words",
    "it's",
    '"',
    "\\",
    "$HOME",
    "`id`",
    "*",
    "~",
    "#",
    "a=b",
    "-x",
    "--",
    "Zürich",
]


@pytest.fixture
def node(wrapper: Path, place: Place) -> Path:
    return place(wrapper.with_name("bitcoin-node"))


def test_process_id_stays_the_same(wrapper: Path, node: Path) -> None:
    with subprocess.Popen([wrapper, "node"], stdout=subprocess.PIPE) as process:
        output, _ = process.communicate(timeout=30)
    assert int(output.split(b"\0")[0]) == process.pid


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_exit_code_is_the_programs(wrapper: Path, node: Path, run: Run, code: int) -> None:
    assert run(wrapper, "node", PROBE_EXIT=str(code)).returncode == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGUSR1])
def test_signals_reach_the_program(wrapper: Path, node: Path, number: signal.Signals) -> None:
    environment = os.environ | {"PROBE_WAIT": "1"}
    with subprocess.Popen([wrapper, "node"], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 30)[0]
        process.send_signal(number)
        assert process.wait(timeout=30) == -number


def test_arguments_are_passed_verbatim(wrapper: Path, node: Path) -> None:
    arguments = [text.encode() for text in [*AWKWARD, "line\nbreak"]] + [b"\xff\xfe not UTF-8"]
    done = subprocess.run([os.fsencode(wrapper), b"node", *arguments], capture_output=True)
    assert done.stdout.split(b"\0")[1:] == [os.fsencode(node), *arguments, b""]


def test_options_of_the_wrapper_after_the_command_are_the_programs(
    wrapper: Path, node: Path, run: Run
) -> None:
    after = ["-m", "-M", "-v", "-h", "--help", "--print-exec", "help"]
    assert run(wrapper, "node", *after).stdout.split("\0")[2:-1] == after


def test_rpc_arguments_come_after_named(wrapper: Path, place: Place, run: Run) -> None:
    place(wrapper.with_name("bitcoin-cli"))
    done = run(wrapper, "rpc", "getblock", "height=1")
    assert done.stdout.split("\0")[2:-1] == ["-named", "getblock", "height=1"]


def test_plain_words_are_printed_unquoted(wrapper: Path, node: Path, run: Run) -> None:
    done = run(wrapper, "--print-exec", "node", "-datadir=/a/b.c", "-x=1,2", "@%+:_-")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{node} -datadir=/a/b.c -x=1,2 @%+:_-\n"


def test_a_shell_reads_the_printed_line_back(wrapper: Path, node: Path, run: Run) -> None:
    line = run(wrapper, "--print-exec", "node", *AWKWARD).stdout
    assert line.count("\n") == 1
    done = run("sh", "-c", f"printf '%s\\0' {line}")
    assert done.stdout.split("\0") == [str(node), *AWKWARD, ""]


@pytest.mark.skipif(shutil.which("bash") is None, reason="$'...' is not in every sh yet")
def test_control_characters_do_not_break_the_printed_line(
    wrapper: Path, node: Path, run: Run
) -> None:
    arguments = ["line\nbreak", "\t'\\\x7f\x01" + "9"]
    line = run(wrapper, "--print-exec", "node", *arguments).stdout
    assert line.count("\n") == 1
    assert line.isprintable() or line.rstrip("\n").isprintable()
    done = run("bash", "-c", f"printf '%s\\0' {line}")
    assert done.stdout.split("\0") == [str(node), *arguments, ""]


def test_printing_runs_nothing_and_fails_like_running(wrapper: Path, run: Run) -> None:
    printed = run(wrapper, "--print-exec", "node")
    assert (printed.returncode, printed.stdout) == (1, "")
    assert printed.stderr == run(wrapper, "node").stderr
