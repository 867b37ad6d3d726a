"""Programs that do not end, print without end, or cannot be run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from counterproof.smoke.process import Ended, Started, run, start
from counterproof.smoke.trial import Failed, Outcome, Skipped, attempt

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def shell(script: str, tmp_path: Path, seconds: float = 30) -> Ended:
    return run(
        ("/bin/sh", "-c", script), environment=ENVIRONMENT, directory=tmp_path, seconds=seconds
    )


def test_both_streams_and_the_exit_code_are_taken(tmp_path: Path) -> None:
    ended = shell("echo one; echo two; echo three >&2; exit 42", tmp_path)
    assert (ended.status, ended.out, ended.err) == (42, "one\ntwo\n", "three\n")
    assert ended.first_line == "one"
    assert str(ended) == "exit 42: three"


def test_a_signal_is_named(tmp_path: Path) -> None:
    assert str(shell("kill -SEGV $$", tmp_path)) == "killed by SIGSEGV"


def test_what_the_program_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held")
    held = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(Failed, match="did not end within"):
        shell("sleep 1000 > held & sleep 1000", tmp_path, seconds=0.5)
    os.set_blocking(held, True)
    assert os.read(held, 1) == b""  # nobody holds it any more
    os.close(held)


def test_output_without_end_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="printed more than 4 MiB") as caught:
        shell("yes", tmp_path)
    assert caught.value.rule.id == "S09"


def test_what_is_no_program_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    with pytest.raises(Failed, match="cannot be run: Permission denied") as caught:
        run((str(tmp_path / "text"),), environment={}, directory=tmp_path, seconds=5)
    assert caught.value.rule.id == "S02"


def started(script: str, tmp_path: Path, seconds: float, test: Callable[[Started], object]) -> None:
    with start(
        ("/bin/sh", "-c", script),
        environment=ENVIRONMENT,
        directory=tmp_path,
        seconds=seconds,
        log=tmp_path / "log",
    ) as one:
        test(one)


def test_a_program_that_ends_too_early_says_why(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"ended \(exit 3\) before running: no coins"):
        started(
            "echo no coins; exit 3",
            tmp_path,
            30,
            lambda one: one.wait_until(lambda: False, "running"),
        )


def test_waiting_has_a_limit(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"did not reach running within 0\.2 s"):
        started("sleep 1000", tmp_path, 0.2, lambda one: one.wait_until(lambda: False, "running"))


def test_an_end_by_a_signal_must_be_a_good_one(tmp_path: Path) -> None:
    def end(one: Started) -> None:
        one.terminate()
        one.wait("SIGTERM")

    with pytest.raises(Failed, match="after SIGTERM it ended with killed by SIGTERM") as caught:
        started("exec sleep 1000", tmp_path, 30, end)
    assert caught.value.rule.id == "S07"


def test_outcomes_are_told_apart() -> None:
    def skip() -> str:
        raise Skipped("no display")

    assert attempt("one", lambda: "seen").outcome is Outcome.PASSED
    skipped = attempt("two", skip)
    assert skipped.outcome is Outcome.SKIPPED
    assert skipped.finding is not None
    assert (skipped.finding.rule, skipped.finding.severity) == ("S01", "note")
