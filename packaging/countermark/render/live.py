"""Progress on a terminal: a line for each host, with its step and how long it has taken."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from countermark.pipeline import Step
from countermark.render.standing import describe_standing, describe_sum
from countermark.standing import Look, Standing

__all__ = ["LiveProgress"]


@dataclass(frozen=True, slots=True)
class _State:
    step: Step
    look: Look | None = None
    """Says how far the step is, as long as it lasts."""
    taken: float | None = None
    """Seconds that it took since the host began, once it has ended."""
    text: str = ""
    failed: bool = False


class LiveProgress:
    """Draws the hosts while the context lasts; the last picture stays."""

    def __init__(self, *, colour: bool) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, _State | None] = {}
        """None for a host that waits for its turn."""
        self._began: dict[str, float] = {}
        """When a host began, by the monotonic clock."""
        self._compiled: dict[str, Standing] = {}
        """How far each host is that compiles, or has."""
        self._compiling: set[str] = set()
        """The hosts that compile, have yet to, or have."""
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

    def begun(self, hosts: tuple[str, ...], steps: tuple[Step, ...]) -> None:
        """Show every host, in the order in which they were asked for."""
        with self._lock:
            self._states = dict.fromkeys(hosts)
            self._compiling = set(hosts) if Step.BUILD in steps else set()

    def started(self, host: str, step: Step, look: Look | None) -> None:
        """Show the step that a host is in."""
        with self._lock:
            self._began.setdefault(host, time.monotonic())
            self._states[host] = _State(step=step, look=look)

    def finished(self, host: str, step: Step, seconds: float, detail: str) -> None:
        """Show that a step went well."""
        self._end(host, step, detail, failed=False)

    def failed(self, host: str, step: Step, seconds: float, problem: str) -> None:
        """Show that a host ends here."""
        self._end(host, step, problem, failed=True)

    def _end(self, host: str, step: Step, text: str, *, failed: bool) -> None:
        now = time.monotonic()
        with self._lock:
            state, taken = self._states[host], now - self._began[host]
            if step is Step.BUILD and state is not None:
                self._look(host, state)
            self._states[host] = _State(step=step, taken=taken, text=text, failed=failed)
            if failed or step is Step.BUILD:
                self._add_up(host, failed=failed)

    def _add_up(self, host: str, *, failed: bool) -> None:
        """Let a host that has compiled count with all its steps, and one without any not at all."""
        steps = self._compiled.pop(host, Standing()).total
        if failed or not steps:
            self._compiling.discard(host)
        else:
            self._compiled[host] = Standing(done=steps, total=steps)

    def _draw(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        with self._lock:
            for host, state in self._states.items():
                table.add_row(*self._row(host, state))
            words = self._sum()
        return Group(table, Text(f"   {words}", style="dim")) if words else table

    def _row(self, host: str, state: _State | None) -> tuple[RenderableType, ...]:
        if state is None:
            return "", host, "", "", Text("waits for its turn", style="dim")
        running = state.taken is None
        seconds = time.monotonic() - self._began[host] if running else state.taken or 0.0
        text = self._look(host, state) if running else state.text
        return (
            self._spinner if running else _mark(state),
            host,
            str(state.step),
            Text(f"{seconds:.1f} s", justify="right"),
            Text(text, overflow="ellipsis", no_wrap=True),
        )

    def _look(self, host: str, state: _State) -> str:
        if state.look is None:
            return ""
        standing = state.look()
        if state.step is Step.BUILD:
            self._compiled[host] = standing
        return describe_standing(standing)

    def _sum(self) -> str:
        """Say how far all hosts are, as long as not every one of them has compiled."""
        if all(each.done == each.total for each in self._compiled.values()) and (
            self._compiled.keys() == self._compiling
        ):
            return ""
        return describe_sum(self._compiled.values(), len(self._compiling))


def _mark(state: _State) -> Text:
    if state.failed:
        return Text("x", style="bold red")
    return Text("+", style="green")
