"""Progress as plain lines, one when a step has ended and a few while it lasts: for logs."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final, TextIO

from countermark.hosts import HOSTS
from countermark.pipeline import Step
from countermark.render.standing import describe_standing
from countermark.standing import Look

__all__ = ["LineProgress", "host_width", "step_width"]

host_width = max(map(len, HOSTS))
step_width = max(map(len, Step))

_PAUSE: Final = 30.0
"""Seconds between two lines about a step that goes on."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A step that has begun and not ended."""

    step: Step
    since: float
    look: Look


class LineProgress:
    """Writes a line for every step that ended; while the context lasts, also for those that run."""

    def __init__(self, stream: TextIO, *, pause: float = _PAUSE) -> None:
        self._stream = stream
        self._pause = pause
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}
        self._over = threading.Event()
        self._reporter = threading.Thread(target=self._report, daemon=True)

    def __enter__(self) -> LineProgress:
        self._reporter.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._reporter.join()

    def begun(self, hosts: tuple[str, ...], steps: tuple[Step, ...]) -> None:
        """Say nothing."""

    def started(self, host: str, step: Step, look: Look | None) -> None:
        """Say nothing yet: the end of a step says more."""
        if look is not None:
            with self._lock:
                self._running[host] = _Running(step, time.monotonic(), look)

    def finished(self, host: str, step: Step, seconds: float, detail: str) -> None:
        """Say that a step went well."""
        self._end(host, step, seconds, detail)

    def failed(self, host: str, step: Step, seconds: float, problem: str) -> None:
        """Say that a step went wrong; the whole story comes at the end."""
        self._end(host, step, seconds, "FAILED")

    def _end(self, host: str, step: Step, seconds: float, text: str) -> None:
        with self._lock:
            self._running.pop(host, None)
            self._write(host, step, seconds, text)

    def _report(self) -> None:
        while not self._over.wait(self._pause):
            with self._lock:
                for host, running in self._running.items():
                    text = describe_standing(running.look())
                    if text:
                        seconds = time.monotonic() - running.since
                        self._write(host, running.step, seconds, f"... {text}")

    def _write(self, host: str, step: Step, seconds: float, text: str) -> None:
        line = f"{host:{host_width}}  {step:{step_width}}  {seconds:6.1f} s  {text}"
        # Whoever reads the progress may go away; the work goes on.
        with contextlib.suppress(OSError, ValueError):
            print(line.rstrip(), file=self._stream, flush=True)
