"""Processes that read images: one that crashes costs its image, and none outlives the reader."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

import pytest

from counterproof.hardening import pool
from counterproof.hardening.facts import Unreadable
from counterproof.hardening.pool import FactsReader
from countersign.image import Image, identify
from trees import elf


class SlowToClose(Connection):
    """A connection that another thread can always meet half closed."""

    closings = 0

    def _close(self) -> None:
        SlowToClose.closings += 1
        time.sleep(0.2)
        super()._close()  # type: ignore[misc]


def slow_pipe() -> tuple[Connection, Connection]:
    ours, its = Pipe()
    with ours:
        return SlowToClose(os.dup(ours.fileno())), its


def image_of(data: bytes) -> Image:
    image = identify(data)
    assert image is not None
    return image


def with_lief(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the processes import another ``lief``."""
    (folder / "lief.py").write_text(f"import os, signal, time\n{body}\n")
    monkeypatch.syspath_prepend(str(folder))


def test_a_crash_costs_one_image_and_the_next_has_a_new_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_lief(tmp_path, "os.kill(os.getpid(), signal.SIGSEGV)", monkeypatch)
    data = elf()
    with FactsReader(1) as reader:
        answers = [reader.submit(data, image_of(data)).result() for _ in range(2)]
    assert answers == [Unreadable("the process that read it ended (signal 11)")] * 2


def test_an_image_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_lief(tmp_path, "time.sleep(600)", monkeypatch)
    data = elf()
    with FactsReader(1, seconds=0.1) as reader:
        facts = reader.submit(data, image_of(data)).result()
    assert facts == Unreadable("reading it takes more than 0.1 s")


def test_an_interruption_ends_every_process_and_stays_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_lief(tmp_path, "open('started', 'w').close(); time.sleep(600)", monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pool, "Pipe", slow_pipe)
    monkeypatch.setattr(SlowToClose, "closings", 0)
    data = elf()
    reader = FactsReader(1)
    with pytest.raises(KeyboardInterrupt), reader:  # noqa: PT012
        reader.submit(data, image_of(data))
        reader.submit(data, image_of(data))
        while not Path("started").exists():
            time.sleep(0.01)
        raise KeyboardInterrupt
    assert [worker.ended for worker in reader._started] == [True]
    assert SlowToClose.closings == 1
