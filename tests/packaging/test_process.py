"""Programs of the system: what is told of one that fails, and how all are stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
from collections import namedtuple
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from countermark.errors import CommandError, MissingToolError, StoppedError
from countermark.process import Command, Runner, answer, measure

ENVIRONMENT = {"PATH": os.environ["PATH"]}
NINJA_OUTPUT = """\
[1/3] Building C object a.o
FAILED: [code=1] b.o
cc -c b.c
b.c:1:1: error: unknown type name 'nonsense'
[2/3] Building C object c.o
FAILED: [code=1] c.o
ninja: build stopped: subcommand failed.
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


def shell(script: str, *arguments: str) -> Command:
    return Command(argv=("sh", "-c", script, "sh", *arguments), environment=ENVIRONMENT)


def failure(command: Command, log: Path, **words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        Runner().run(command, what="compiling", log=log, **words)
    return caught.value


def test_the_log_holds_the_command_and_all_it_said(log: Path) -> None:
    Runner().run(shell("echo out; echo err >&2"), what="talking", log=log)
    first, *rest = log.read_text(encoding="utf-8").splitlines()
    assert first.startswith("$ sh -c ")
    assert rest == ["out", "err"]


def test_the_log_goes_on(log: Path) -> None:
    runner = Runner()
    runner.run(shell("echo one"), what="talking", log=log)
    runner.run(shell("echo two"), what="talking", log=log)
    assert log.read_text(encoding="utf-8").count("$ sh") == 2


def test_a_command_reads_as_one_could_type_it() -> None:
    command = Command(argv=("cc", "-DA=b c", "it's"), environment={})
    assert str(command) == "cc '-DA=b c' 'it'\"'\"'s'"


def test_an_argument_that_is_not_utf8_is_no_trouble(log: Path) -> None:
    Runner().run(shell('echo "$1"', os.fsdecode(b"\xff")), what="talking", log=log)
    assert log.read_bytes().endswith(b"\xff\n")


def test_a_failure_names_work_status_and_log(log: Path) -> None:
    error = failure(shell("exit 7"), log, hint="Mend it.")
    assert "compiling" in str(error)
    assert "exit 7" in str(error)
    assert str(log) in str(error)
    assert error.hint == "Mend it."


def test_a_failure_shows_the_first_failed_lines(log: Path) -> None:
    error = failure(shell('printf %s "$1"; exit 1', NINJA_OUTPUT), log)
    assert error.tail[0] == "FAILED: [code=1] b.o"
    assert any("nonsense" in line for line in error.tail)
    assert len(error.tail) == 4


def test_cmakes_first_error_is_shown(log: Path) -> None:
    output = "-- Checking\nCMake Error at CMakeLists.txt:3 (message):\n  no\n-- Incomplete\n"
    error = failure(shell('printf %s "$1"; exit 1', output), log)
    assert error.tail[0].startswith("CMake Error at CMakeLists.txt:3")


def test_without_a_marked_error_the_last_lines_are_shown(log: Path) -> None:
    error = failure(shell("seq 100; exit 1"), log)
    assert error.tail == tuple(map(str, range(91, 101)))


def test_an_earlier_commands_error_is_not_shown(log: Path) -> None:
    log.write_text("FAILED: long ago\n", encoding="utf-8")
    assert failure(shell("echo now; exit 1"), log).tail == ("now",)


def test_output_without_end_is_read_from_its_end(log: Path) -> None:
    error = failure(shell("yes | head -c 1000000; echo last; exit 1"), log)
    assert error.tail[-1] == "last"
    assert len(error.tail) == 10


def test_a_signal_is_named(log: Path) -> None:
    assert "SIGKILL" in str(failure(shell("kill -KILL $$"), log))


def test_a_missing_program_is_named(log: Path) -> None:
    with pytest.raises(MissingToolError, match="no-such-program"):
        Runner().run(
            Command(argv=("no-such-program",), environment=ENVIRONMENT), what="running", log=log
        )


def test_a_full_disk_is_told_instead_of_the_hint(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 10, 0))
    error = failure(shell("exit 1"), log, hint="Correct the suite.")
    assert "full" in error.hint
    assert str(log.parent) in error.hint


def test_a_program_reads_the_text_it_is_given(log: Path) -> None:
    text = f"one\n{os.fsdecode(bytes([255]))}\n"
    command = Command(argv=("cat",), environment=ENVIRONMENT, text=text)
    Runner().run(command, what="reading", log=log)
    assert log.read_bytes() == b"$ cat\none\n\xff\n"


def test_a_program_without_text_reads_nothing(log: Path) -> None:
    Runner().run(Command(argv=("cat",), environment=ENVIRONMENT), what="reading", log=log)
    assert log.read_bytes() == b"$ cat\n"


def test_a_program_sees_the_given_environment_only(log: Path) -> None:
    env = Command(argv=(shutil.which("env") or "env",), environment={"ONLY": "this"})
    Runner().run(env, what="looking", log=log)
    assert log.read_text(encoding="utf-8").splitlines()[1:] == ["ONLY=this"]


def test_a_program_runs_where_it_is_told(log: Path, tmp_path: Path) -> None:
    command = Command(argv=("pwd",), environment=ENVIRONMENT, directory=tmp_path)
    Runner().run(command, what="looking", log=log)
    assert log.read_text(encoding="utf-8").splitlines()[1] == str(tmp_path.resolve())


def test_stopping_ends_a_program_and_all_that_it_started(log: Path, tmp_path: Path) -> None:
    """A pipe is held open by the whole family: its end is read when the last of them is gone."""
    started, alive = tmp_path / "started", tmp_path / "alive"
    os.mkfifo(started)
    os.mkfifo(alive)
    family = shell('exec 3>"$2"; sleep 600 & echo >"$1"; sleep 600', str(started), str(alive))
    runner, caught = Runner(), []

    def run() -> None:
        try:
            runner.run(family, what="waiting", log=log)
        except StoppedError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    with alive.open("rb") as watched:
        started.read_bytes()
        runner.stop()
        assert watched.read() == b""
    thread.join()
    assert len(caught) == 1


def test_what_outlives_its_leader_is_given_time_to_end_its_own(log: Path, tmp_path: Path) -> None:
    """Ninja ends compilers, each in a group of its own, after cmake, its leader, has gone."""
    started, done = tmp_path / "started", tmp_path / "done"
    os.mkfifo(started)
    family = shell(
        """(trap 'sleep 0.3; touch "$2"; exit' TERM; echo >"$1"; while :; do sleep 0.05; done) &
        exec sleep 600""",
        str(started),
        str(done),
    )
    runner = Runner()

    def run() -> None:
        with contextlib.suppress(StoppedError):
            runner.run(family, what="waiting", log=log)

    thread = threading.Thread(target=run)
    thread.start()
    started.read_bytes()
    runner.stop()
    thread.join()
    assert done.exists()


def test_after_stopping_no_program_begins(log: Path, tmp_path: Path) -> None:
    runner = Runner()
    runner.stop()
    with pytest.raises(StoppedError):
        runner.run(shell('touch "$1"', str(tmp_path / "trace")), what="running", log=log)
    assert not (tmp_path / "trace").exists()


def test_an_answer_is_stripped() -> None:
    assert answer(("echo", " yes "), ENVIRONMENT) == "yes"


@pytest.mark.parametrize(
    "argv",
    [("false",), ("sh", "-c", "echo no; exit 1"), ("no-such-program",), ("/",)],
    ids=["fails", "fails loudly", "is missing", "is a directory"],
)
def test_no_answer_is_empty(argv: tuple[str, ...]) -> None:
    assert answer(argv, ENVIRONMENT) == ""


def test_an_answer_that_does_not_come_is_empty() -> None:
    assert answer(("sleep", "600"), ENVIRONMENT, seconds=0.05) == ""


def test_an_answer_may_be_any_bytes() -> None:
    assert answer(("printf", r"\377"), ENVIRONMENT) == "\N{REPLACEMENT CHARACTER}"


def test_a_program_that_asks_gets_no_answer_from_the_terminal() -> None:
    asks = "import sys; print(sys.stdin.read() or 'nobody')"
    assert answer((sys.executable, "-c", asks), ENVIRONMENT) == "nobody"


def test_a_signal_without_a_name_has_a_number(log: Path) -> None:
    number = signal.SIGRTMIN + 1
    assert f"signal {number}" in str(failure(shell(f"kill -{int(number)} $$"), log))


def test_a_measured_program_took_as_long_as_it_says(log: Path) -> None:
    ended = measure(shell("sleep 0.1; echo done"), log=log, seconds=60)
    assert 0.1 <= ended.seconds < 60
    assert ended.problem == ""
    assert log.read_text(encoding="utf-8") == "done\n"


def test_a_measured_program_that_fails_is_quoted(log: Path) -> None:
    ended = measure(shell("echo first; echo last >&2; exit 7"), log=log, seconds=60)
    assert ended.problem == "exit 7: last"


def test_a_measured_program_that_hangs_is_killed_with_its_family(log: Path, tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    ended = []
    family = shell('exec 3>"$1"; sleep 600 & sleep 600', str(alive))
    thread = threading.Thread(target=lambda: ended.append(measure(family, log=log, seconds=0.2)))
    thread.start()
    with alive.open("rb") as watched:
        assert watched.read() == b""
    thread.join()
    assert "SIGKILL" in ended[0].problem


def test_a_measured_program_that_is_missing_is_named(log: Path) -> None:
    command = Command(argv=("no-such-program",), environment=ENVIRONMENT)
    with pytest.raises(MissingToolError, match="no-such-program"):
        measure(command, log=log, seconds=60)


def test_a_watched_program_is_looked_at_while_it_runs(log: Path) -> None:
    seen: list[int] = []
    measure(shell("sleep 0.05"), log=log, seconds=60, watch=seen.append)
    assert seen
    assert len(set(seen)) == 1


def fed(
    script: str, chunks: Iterable[bytes], target: Path, log: Path, runner: Runner | None = None
) -> None:
    with (
        target.open("wb") as stream,
        (runner or Runner()).feed(shell(script), stream, what="filtering", log=log) as pipe,
    ):
        for chunk in chunks:
            pipe.write(chunk)


def test_a_filter_reads_what_is_written_to_it(tmp_path: Path, log: Path) -> None:
    target = tmp_path / "out"
    fed("tr a-z A-Z; echo done >&2", [b"some", b" words"], target, log)
    assert target.read_bytes() == b"SOME WORDS"
    assert log.read_text(encoding="utf-8").splitlines()[-1] == "done"


@pytest.mark.parametrize("script", ["echo no room >&2; exit 3", "cat >/dev/null; exit 3"])
def test_a_filter_that_fails_is_told_of(script: str, tmp_path: Path, log: Path) -> None:
    with pytest.raises(CommandError, match="filtering failed \\(exit 3\\)"):
        fed(script, [bytes(1 << 20)] * 5, tmp_path / "out", log)


def test_a_filter_that_does_not_read_to_the_end_has_failed(tmp_path: Path, log: Path) -> None:
    with pytest.raises(CommandError):
        fed("exit 0", [bytes(1 << 20)] * 5, tmp_path / "out", log)


def test_a_filter_ends_with_the_trouble_of_its_writer(tmp_path: Path, log: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"a"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fed("cat; sleep 60", chunks(), tmp_path / "out", log)


def test_a_filter_is_stopped_with_the_others(tmp_path: Path, log: Path) -> None:
    runner = Runner()

    def chunks() -> Iterator[bytes]:
        runner.stop()
        yield from [bytes(1 << 20)] * 100

    with pytest.raises(StoppedError):
        fed("cat; sleep 60", chunks(), tmp_path / "out", log, runner)
