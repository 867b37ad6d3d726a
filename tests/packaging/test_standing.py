"""How far a build is, by what it has written down so far, and how long it may go on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark import standing
from countermark.standing import CompileMeter, LogMeter, Standing, SupplyMeter, read_standing
from countermark.step_times import TimesLog, read_times, seconds_left, step_times
from countermark.tail import Tail

HEADING = "# ninja log v7\n"


@pytest.fixture(autouse=True)
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "_REST", 0.0)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def some_steps(directory: Path) -> TimesLog:
    return log_of(directory, names(1), names(2, 3))


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)


def step(output: str, start: int, end: int, command: str = "") -> str:
    """Write a line of Ninja's log; times are in milliseconds."""
    return f"{start}\t{end}\t1700000000000000000\t{output}\t{command or output}\n"


def test_a_tail_gives_what_was_added_in_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    append(path, "old\n")
    tail, whole = Tail(path), Tail(path, whole=True)
    assert tail.lines() == []
    append(path, "one\ntw")
    assert tail.lines() == ["one"]
    append(path, "o\n\N{SNOWMAN}\n")
    assert tail.lines() == ["two", "\N{SNOWMAN}"]
    assert whole.lines() == ["old", "one", "two", "\N{SNOWMAN}"]
    assert tail.lines() == []


def test_a_file_that_is_emptied_or_goes_away_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "log"
    tail = Tail(path)
    assert tail.lines() == []
    append(path, "a long line\n")
    assert tail.lines() == ["a long line"]
    path.write_text("new\n", encoding="utf-8")
    assert tail.lines() == ["new"]
    path.unlink()
    assert tail.lines() == []


@settings(deadline=None)
@given(st.lists(st.binary(max_size=30), max_size=10))
def test_whatever_is_written_is_read_once(directory: Path, parts: list[bytes]) -> None:
    path = directory / "growing"
    path.unlink(missing_ok=True)
    tail, read = Tail(path, whole=True), []
    for part in [*parts, b"\n"]:
        with path.open("ab") as stream:
            stream.write(part)
        read += tail.lines()
    assert read == path.read_bytes().decode(errors="replace").splitlines()


def test_of_very_much_the_latest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    tail = Tail(path)
    path.write_bytes(b"x" * 9_000_000 + b"\n" + b"[3/4] last\n")
    assert tail.lines() == ["[3/4] last"]
    path.write_bytes(path.read_bytes() + b"y" * 9_000_000)
    assert tail.lines() == []
    append(path, "\n[4/4] x\n")
    assert tail.lines()[-1] == "[4/4] x"


def test_ninjas_status_says_how_far_a_build_is() -> None:
    lines = ["$ cmake --build x", "[1/370] Building a", "a.c:1:1: warning: [9/9]", "[2/370] b"]
    assert read_standing(Standing(), lines) == Standing(done=2, total=370)


def test_a_new_command_begins_anew() -> None:
    lines = ["[5/5] done", "$ cmake -S .", "-- Detecting C", "-- Looking for x", "checking"]
    assert read_standing(Standing(), lines) == Standing(doing="Looking for x")


def test_a_log_is_read_from_where_it_was(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, "[370/370] of an earlier run\n")
    look = LogMeter(log)
    assert look() == Standing()
    log.write_text("$ cmake\n-- Found\n", encoding="utf-8")
    assert look() == Standing(doing="Found")


def test_a_log_is_not_looked_into_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "_REST", 3600.0)
    look = LogMeter(tmp_path / "log")
    first = look()
    append(tmp_path / "log", "[1/2] x\n")
    assert look() is first


def test_of_several_builds_the_one_at_work_is_told(tmp_path: Path) -> None:
    logs = {name: tmp_path / name for name in ("zlib 1.3", "capnproto 1.1", "boost 1.81")}
    logs["boost 1.81"].touch()
    look = SupplyMeter(logs)
    assert look() == Standing()
    for time, (name, text) in enumerate(
        [("zlib 1.3", "[9/9] x\n"), ("capnproto 1.1", "[3/80] x\n")], start=10
    ):
        append(logs[name], text)
        os.utime(logs[name], (time, time))
    assert look() == Standing(doing="capnproto 1.1", done=3, total=80)


def test_ninjas_log_says_how_long_each_step_took() -> None:
    lines = [
        HEADING,
        step("a.o", 0, 1500),
        step("one", 10, 30, "abc"),
        step("two", 10, 30, "abc"),
        step("a.o", 0, 2500),
        "nonsense",
        "1\t2\t3",
        step("b.o", 9, 5),
        step("c.o", 0, int("9" * 40)),
    ]
    times = step_times(line.rstrip("\n") for line in lines)
    assert times.pop("c.o") > 0
    assert times == {"a.o": 2.5, "one": 0.02, "b.o": 0.0}


def test_the_first_log_with_any_times_counts(tmp_path: Path) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    append(empty, HEADING)
    append(full, HEADING + step("a.o", 0, 1000))
    assert read_times([tmp_path / "missing", empty, full]) == {"a.o": 1.0}
    assert read_times([]) == {}


def log_of(directory: Path, before: tuple[str, ...] = (), now: tuple[str, ...] = ()) -> TimesLog:
    path = directory / ".ninja_log"
    append(path, HEADING + "".join(step(name, 0, 1000) for name in before))
    log = TimesLog(path)
    append(path, "".join(step(name, 0, 1000) for name in now))
    log.look()
    return log


def names(*numbers: int) -> tuple[str, ...]:
    return tuple(f"{number}.o" for number in numbers)


def test_without_times_of_before_all_steps_count_alike(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    assert seconds_left(50, 150, 100.0, jobs=2, known={}, log=log) == 300.0
    assert seconds_left(5, 195, 100.0, jobs=2, known={}, log=log) is None
    assert seconds_left(50, 150, 2.0, jobs=2, known={}, log=log) is None


def test_at_first_the_build_before_says_how_long_it_takes(tmp_path: Path) -> None:
    known = dict.fromkeys(names(*range(100)), 2.0)
    assert seconds_left(0, 100, 1.0, jobs=4, known=known, log=log_of(tmp_path)) == 50.0


def test_then_the_work_that_is_left_is_compared_with_what_is_done(tmp_path: Path) -> None:
    known = {**dict.fromkeys(names(*range(10)), 1.0), **dict.fromkeys(names(*range(10, 20)), 9.0)}
    log = log_of(tmp_path, now=names(*range(10)))
    assert seconds_left(10, 10, 20.0, jobs=4, known=known, log=log) == pytest.approx(180.0)


def test_what_an_earlier_run_has_done_is_not_to_be_done(tmp_path: Path) -> None:
    known = dict.fromkeys(names(*range(20)), 1.0)
    log = log_of(tmp_path, before=names(*range(10)), now=names(*range(10, 15)))
    assert seconds_left(5, 5, 20.0, jobs=4, known=known, log=log) == pytest.approx(20.0)


def test_steps_that_are_new_count_as_much_as_others_on_average(tmp_path: Path) -> None:
    known = dict.fromkeys(names(*range(10)), 3.0)
    log = log_of(tmp_path, now=names(*range(10)))
    assert seconds_left(10, 10, 30.0, jobs=4, known=known, log=log) == pytest.approx(30.0)


def test_steps_that_are_no_more_do_not_count(tmp_path: Path) -> None:
    known = dict.fromkeys(names(*range(100)), 3.0)
    log = log_of(tmp_path, now=names(*range(10)))
    assert seconds_left(10, 0, 30.0, jobs=4, known=known, log=log) == 0


@settings(deadline=None)
@given(
    st.integers(0, 100),
    st.integers(0, 100),
    st.floats(0, 1e6),
    st.dictionaries(st.sampled_from(names(*range(9))), st.floats(0, 1e6)),
)
def test_no_build_has_less_than_nothing_left(
    some_steps: TimesLog, steps: int, left: int, elapsed: float, known: dict[str, float]
) -> None:
    found = seconds_left(steps, left, elapsed, jobs=2, known=known, log=some_steps)
    assert found is None or found >= 0


def test_a_build_at_work_is_foretold_by_another_hosts(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    known = dict.fromkeys(names(*range(100)), 6.0)
    look = CompileMeter(log, tmp_path, jobs=2, known=known)
    assert look() == Standing()
    append(log, "$ cmake --build x\n[1/100] Building 0.o\n")
    append(tmp_path / ".ninja_log", HEADING + step("0.o", 0, 1000))
    assert look() == Standing(done=1, total=100, left=99 * 6.0 / 2)
