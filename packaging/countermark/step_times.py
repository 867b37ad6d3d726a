"""How long the steps of a build took, by Ninja's own log, and how long what is left may take.

The log is described in Ninja's manual: a heading, then a line for each output of a step with its
start and end in milliseconds since the build began, a time, the output and a hash of the command,
between tabs. A step that is made again has a line again, which is the one that counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from countermark.tail import Tail

__all__ = ["TimesLog", "read_times", "seconds_left", "step_times"]

_FIRST_SECONDS: Final = 10.0
"""So long nothing is told from the speed of a build: its first steps are like no others."""
_FIRST_STEPS: Final = 10
_FIRST_SHARE: Final = 0.02
"""So much of the work must be done before its speed says more than the one before it."""


def step_times(lines: Iterable[str]) -> dict[str, float]:
    """Return the seconds that each step took, by its first output; other lines are passed over."""
    times: dict[str, float] = {}
    step = None
    for line in lines:
        fields = line.split("\t")
        if len(fields) != 5 or not (fields[0].isdecimal() and fields[1].isdecimal()):
            continue
        same, step = step, (fields[0], fields[1], fields[4])
        if step != same:  # or it is another output of the same step
            times[fields[3]] = max(0, int(fields[1][:18]) - int(fields[0][:18])) / 1000
    return times


def read_times(logs: Iterable[Path]) -> dict[str, float]:
    """Return the times of the first of several logs that has any."""
    return next(filter(None, (step_times(Tail(log, whole=True).lines()) for log in logs)), {})


class TimesLog:
    """Ninja's log of a build that is at work."""

    def __init__(self, path: Path) -> None:
        self._tail = Tail(path, whole=True)
        self.before = frozenset(step_times(self._tail.lines()))
        """What an earlier run has done already."""
        self.now: dict[str, float] = {}
        """What this one has, with the seconds that it took."""

    def look(self) -> None:
        """Take note of the steps that ended since the last look."""
        added = step_times(self._tail.lines())
        self.now.update((name, time) for name, time in added.items() if name not in self.before)


def seconds_left(
    steps: int,
    left: int,
    elapsed: float,
    *,
    jobs: int,
    known: Mapping[str, float],
    log: TimesLog,
) -> float | None:
    """Reckon how long a build will go on; None as long as nobody can know.

    ``steps`` are done and ``left`` are not after ``elapsed`` seconds. ``known`` are the times of
    an earlier build, best of the same suite: by them the work that is left is compared with the
    work that is done, and until enough is done for that, divided by ``jobs``. Without them, all
    steps count alike.
    """
    early = elapsed < _FIRST_SECONDS
    if not known:
        return None if early or steps < _FIRST_STEPS else elapsed * left / steps
    usual = sum(known.values()) / len(known)
    ahead = [time for name, time in known.items() if name not in log.now.keys() | log.before]
    work = sum(ahead) * min(1, left / max(1, len(ahead))) + usual * max(0, left - len(ahead))
    done = sum(known.get(name, usual) for name in log.now)
    if early or done < _FIRST_SHARE * (work + done):
        return work / jobs
    return elapsed * work / done
