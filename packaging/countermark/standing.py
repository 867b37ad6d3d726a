"""How far a program of the flow is, by what it has printed into its log so far.

Nobody is asked, and what the programs print goes straight into the log: it is only read there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from countermark.step_times import TimesLog, seconds_left
from countermark.tail import Tail

__all__ = ["CompileMeter", "LogMeter", "Look", "Standing", "SupplyMeter", "read_standing"]

_STATUS: Final = re.compile(r"\[(\d{1,9})/(\d{1,9})\] ")
"""Ninja's own: the environment of a build is whole, so nobody's NINJA_STATUS changes it."""
_COMMAND: Final = "$ "
"""Stands before every command in a log."""
_CMAKE: Final = "-- "
_REST: Final = 1.0
"""Seconds between two looks into a log."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far something is."""

    doing: str = ""
    """What it is about, in its own words, which nobody has checked."""
    done: int = 0
    total: int = 0
    """Steps; 0 as long as they are not known."""
    left: float | None = None
    """Seconds that it may still take."""


Look = Callable[[], Standing]


def read_standing(standing: Standing, lines: Iterable[str]) -> Standing:
    """Return how far it is after more ``lines`` of the log."""
    for line in lines:
        if line.startswith(_COMMAND):
            standing = Standing()
        elif status := _STATUS.match(line):
            standing = Standing(done=int(status[1]), total=int(status[2]))
        elif line.startswith(_CMAKE):
            standing = replace(standing, doing=line.removeprefix(_CMAKE))
    return standing


class LogMeter:
    """Looks into a log, once in a second at most."""

    def __init__(self, log: Path) -> None:
        self._tail = Tail(log)
        self._looked = 0.0
        self._standing = Standing()

    def __call__(self) -> Standing:
        """Say how far it is."""
        now = time.monotonic()
        if now - self._looked >= _REST:
            self._looked = now
            self._standing = self._look(now)
        return self._standing

    def _look(self, now: float) -> Standing:
        return read_standing(self._standing, self._tail.lines())


class CompileMeter(LogMeter):
    """Looks into the log of a build, and reckons how long it will go on."""

    def __init__(self, log: Path, tree: Path, *, jobs: int, known: Mapping[str, float]) -> None:
        """``known`` are the times of an earlier build's steps, or of another host's."""
        super().__init__(log)
        self._began = time.monotonic()
        self._jobs, self._known = jobs, known
        self._times = TimesLog(tree / ".ninja_log")

    def _look(self, now: float) -> Standing:
        self._times.look()
        standing = super()._look(now)
        if not standing.total:
            return standing
        left = seconds_left(
            standing.done,
            standing.total - standing.done,
            now - self._began,
            jobs=self._jobs,
            known=self._known,
            log=self._times,
        )
        return replace(standing, left=left)


class SupplyMeter:
    """Looks into the logs of several builds, of which one is at work."""

    def __init__(self, logs: Mapping[str, Path]) -> None:
        """``logs`` are those of the builds, by the names of what is built."""
        self._logs = logs
        self._meters = {name: LogMeter(log) for name, log in logs.items()}
        self._before = {name: _changed(log) for name, log in logs.items()}

    def __call__(self) -> Standing:
        """Say which is built, and how far it is."""
        changed = {name: _changed(log) for name, log in self._logs.items()}
        begun = [name for name in changed if changed[name] != self._before[name]]
        if not begun:
            return Standing()
        latest = max(begun, key=changed.__getitem__)
        return replace(self._meters[latest](), doing=latest)


def _changed(path: Path) -> int:
    """Return when a file was last written to, in nanoseconds; 0 for one that is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
