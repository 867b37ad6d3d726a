"""Progress as plain lines, one when a step has ended: for logs."""

from __future__ import annotations

import contextlib
import threading
from typing import TextIO

from countermark.hosts import HOSTS
from countermark.pipeline import Step

__all__ = ["LineProgress", "host_width", "step_width"]

host_width = max(map(len, HOSTS))
step_width = max(map(len, Step))


class LineProgress:
    """Writes a line for every step that ended."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def started(self, host: str, step: Step) -> None:
        """Say nothing: the end of a step says more."""

    def finished(self, host: str, step: Step, seconds: float, detail: str) -> None:
        """Say that a step went well."""
        self._write(host, step, seconds, detail)

    def failed(self, host: str, step: Step, seconds: float, problem: str) -> None:
        """Say that a step went wrong; the whole story comes at the end."""
        self._write(host, step, seconds, "FAILED")

    def _write(self, host: str, step: Step, seconds: float, text: str) -> None:
        line = f"{host:{host_width}}  {step:{step_width}}  {seconds:6.1f} s  {text}"
        # Whoever reads the progress may go away; the work goes on.
        with self._lock, contextlib.suppress(OSError, ValueError):
            print(line.rstrip(), file=self._stream, flush=True)
