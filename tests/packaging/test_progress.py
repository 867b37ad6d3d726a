"""What is shown of work that goes on: on a terminal, and in a log."""

from __future__ import annotations

import io
import threading
import time

import pytest

from countermark.pipeline import Step
from countermark.render.lines import LineProgress
from countermark.render.live import LiveProgress
from countermark.render.standing import describe_standing, describe_sum, duration
from countermark.standing import Standing

HOSTS = ("x86_64-linux-gnu", "arm64-apple-darwin", "x86_64-w64-mingw32")
HOSTILE = "\x1b]0;title\x07\x1b[2Jx"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "5 s"),
        (2.4, "5 s"),
        (33, "35 s"),
        (59.9, "1 min"),
        (60, "1 min"),
        (251, "4 min"),
        (3599, "1 h"),
        (3600, "1 h"),
        (4100, "1 h 10 min"),
        (1e9, "277777 h 45 min"),
    ],
)
def test_a_time_that_was_reckoned_is_said_roughly(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing(), ""),
        (Standing(doing="Looking for x"), "Looking for x"),
        (Standing(done=3, total=80), "3/80 steps"),
        (Standing(done=3, total=80, left=240), "3/80 steps, about 4 min left"),
        (Standing(doing="zlib 1.3", done=3, total=80), "zlib 1.3, 3/80 steps"),
    ],
)
def test_how_far_it_is_takes_few_words(standing: Standing, words: str) -> None:
    assert describe_standing(standing) == words


def test_what_a_program_says_does_not_reach_the_terminal_as_it_is() -> None:
    assert describe_standing(Standing(doing=HOSTILE)).isprintable()


def test_the_steps_of_all_hosts_are_added_up_as_far_as_they_are_known() -> None:
    one, two = Standing(done=3, total=80), Standing(done=70, total=70)
    assert describe_sum([one], 1) == ""
    assert describe_sum([], 3) == describe_sum([Standing()], 3) == ""
    assert describe_sum([one, two], 2) == "73/150 steps of 2 hosts"
    assert describe_sum([one, Standing()], 3) == (
        "3/80 steps of 1 host; those of 2 more are not known yet"
    )


class Log(io.StringIO):
    """A log that says when so many lines are in it."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self._wanted = lines
        self.full = threading.Event()

    def flush(self) -> None:
        if self.getvalue().count("\n") >= self._wanted:
            self.full.set()


def test_a_step_that_goes_on_has_a_line_now_and_then() -> None:
    log, standings = Log(2), iter([Standing(), Standing(done=1, total=9), Standing(doing=HOSTILE)])
    last = Standing(done=9, total=9)
    with LineProgress(log, pause=0.01) as progress:
        progress.begun(HOSTS, (Step.BUILD,))
        progress.started(HOSTS[0], Step.BUILD, lambda: next(standings, last))
        assert log.full.wait(60)
        progress.finished(HOSTS[0], Step.BUILD, 2.5, "GNU 12")
        text = log.getvalue()
        time.sleep(0.05)
        assert log.getvalue() == text
    first, *_, end = text.splitlines()
    assert first.split()[:2] == [HOSTS[0], "build"]
    assert first.endswith("... 1/9 steps")
    assert end.endswith("2.5 s  GNU 12")
    assert "\x1b" not in text


def test_a_step_that_nobody_can_look_into_has_no_line_of_its_own() -> None:
    log = io.StringIO()
    with LineProgress(log, pause=0.01) as progress:
        progress.started(HOSTS[0], Step.PACK, None)
        time.sleep(0.05)
        assert log.getvalue() == ""


def test_a_log_that_goes_away_stops_nothing() -> None:
    log = io.StringIO()
    with LineProgress(log, pause=0.01) as progress:
        progress.started(HOSTS[0], Step.BUILD, lambda: Standing(done=1, total=2))
        log.close()
        time.sleep(0.05)
        progress.finished(HOSTS[0], Step.BUILD, 1, "")


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def picture(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in capsys.readouterr().err.splitlines()]


@pytest.mark.usefixtures("narrow")
def test_the_picture_has_every_host_and_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    with LiveProgress(colour=False) as progress:
        progress.begun(HOSTS, (Step.CONFIGURE, Step.BUILD))
        progress.started(HOSTS[0], Step.BUILD, lambda: Standing(done=123, total=370, left=250))
        progress.started(HOSTS[1], Step.CONFIGURE, lambda: Standing(doing=f"{HOSTILE} " * 99))
    one, two, three, total = picture(capsys)
    assert HOSTS[0] in one
    assert one.endswith("123/370 steps, about 4 min left")
    assert HOSTS[1] in two
    assert HOSTS[2] in three
    assert "waits" in three
    assert total.strip() == "123/370 steps of 1 host; those of 2 more are not known yet"
    assert not any("\x1b" in line or "\x07" in line for line in (one, two, three))


@pytest.mark.usefixtures("narrow")
def test_hosts_that_are_done_count_with_all_their_steps(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with LiveProgress(colour=False) as progress:
        progress.begun(HOSTS, (Step.BUILD,))
        for host in HOSTS:
            progress.started(host, Step.BUILD, lambda: Standing(done=10, total=100))
        progress.finished(HOSTS[0], Step.BUILD, 1, "GNU 12")
        progress.failed(HOSTS[1], Step.BUILD, 1, "compiling failed")
    *_, total = picture(capsys)
    assert total.strip() == "110/200 steps of 2 hosts"


@pytest.mark.usefixtures("narrow")
def test_without_compiling_or_behind_it_there_is_no_sum(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with LiveProgress(colour=False) as progress:
        progress.begun(HOSTS, (Step.BUILD,))
        for host in HOSTS:
            progress.started(host, Step.BUILD, lambda: Standing(done=100, total=100))
        for host in HOSTS:
            progress.finished(host, Step.BUILD, 1, "GNU 12")
    assert len(picture(capsys)) == len(HOSTS)
    with LiveProgress(colour=False) as progress:
        progress.begun(HOSTS, (Step.PACK,))
        progress.started(HOSTS[0], Step.PACK, None)
    assert len(picture(capsys)) == len(HOSTS)
