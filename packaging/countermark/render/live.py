"""Progress on a terminal: a line for each host, with its step and how long it has taken."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from countermark.pipeline import Step

__all__ = ["LiveProgress"]


@dataclass(frozen=True, slots=True)
class _State:
    step: Step
    since: float
    """When the step began, by the monotonic clock, in seconds."""
    taken: float | None = None
    """Seconds that it took, once it has ended."""
    text: str = ""
    failed: bool = False


class LiveProgress:
    """Draws the hosts while the context lasts; the last picture stays."""

    def __init__(self, *, colour: bool) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}
        self._began: dict[str, float] = {}
        self._spinner = Spinner("dots")
        self._live = Live(
            console=Console(stderr=True, no_color=not colour),
            get_renderable=self._draw,
            refresh_per_second=8,
        )

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def started(self, host: str, step: Step) -> None:
        """Show the step that a host is in."""
        now = time.monotonic()
        with self._lock:
            self._began.setdefault(host, now)
            self._states[host] = _State(step=step, since=now)

    def finished(self, host: str, step: Step, seconds: float, detail: str) -> None:
        """Show that a step went well."""
        self._end(host, step, detail, failed=False)

    def failed(self, host: str, step: Step, seconds: float, problem: str) -> None:
        """Show that a host ends here."""
        self._end(host, step, problem, failed=True)

    def _end(self, host: str, step: Step, text: str, *, failed: bool) -> None:
        now = time.monotonic()
        with self._lock:
            taken = now - self._began[host]
            self._states[host] = _State(step=step, since=now, taken=taken, text=text, failed=failed)

    def _draw(self) -> Table:
        table = Table.grid(padding=(0, 2))
        with self._lock:
            states, began = dict(self._states), dict(self._began)
        for host, state in states.items():
            running = state.taken is None
            seconds = time.monotonic() - began[host] if running else state.taken or 0.0
            table.add_row(
                self._spinner if running else _mark(state),
                host,
                str(state.step),
                Text(f"{seconds:.1f} s", justify="right"),
                Text(state.text, overflow="ellipsis", no_wrap=True),
            )
        return table


def _mark(state: _State) -> Text:
    if state.failed:
        return Text("x", style="bold red")
    return Text("+", style="green")
