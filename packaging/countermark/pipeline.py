"""The flow of a release: supply, build, stage, sign, check, pack, for every host.

The flow is given a plan and an executor for each host: :class:`countermark.worker.Worker` does
the work, :class:`countermark.describe.Describer` only says what would be done.
"""

from __future__ import annotations

import contextlib
import enum
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from countermark.errors import CountermarkError, RejectedError, StoppedError, foreseen
from countermark.plan import HostPlan
from counterproof.errors import LayoutError
from countersign.errors import SigningError

if TYPE_CHECKING:
    from countermark.packing.archive import Artifact
    from countermark.standing import Look
    from countersign.findings import Verdict

__all__ = [
    "Executor",
    "HostOutcome",
    "Outcome",
    "Progress",
    "Silent",
    "Step",
    "run_hosts",
]


class Step(enum.StrEnum):
    """The arrows of the flow, in order."""

    SUPPLY = "supply"
    CONFIGURE = "configure"
    BUILD = "build"
    STAGE = "stage"
    SIGN = "sign"
    CHECK = "check"
    PACK = "pack"


class Outcome(enum.StrEnum):
    """How it went for one host."""

    DONE = "done"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FAILED = "failed"


class Progress(Protocol):
    """Who is told what happens, from several threads."""

    def begun(self, hosts: tuple[str, ...], steps: tuple[Step, ...]) -> None:
        """Say what will be done."""

    def started(self, host: str, step: Step, look: Look | None) -> None:
        """Say that a step begins; ``look`` says how far it is, as long as it is not ended."""

    def finished(self, host: str, step: Step, seconds: float, detail: str) -> None:
        """Say that a step went well."""

    def failed(self, host: str, step: Step, seconds: float, problem: str) -> None:
        """Say that a step went wrong."""


class Silent:
    """Progress that nobody watches."""

    def begun(self, hosts: tuple[str, ...], steps: tuple[Step, ...]) -> None:
        """Say nothing."""

    def started(self, host: str, step: Step, look: Look | None) -> None:
        """Say nothing."""

    def finished(self, host: str, step: Step, seconds: float, detail: str) -> None:
        """Say nothing."""

    def failed(self, host: str, step: Step, seconds: float, problem: str) -> None:
        """Say nothing."""


class Executor(Protocol):
    """Performs, or describes, the steps for one host in order."""

    plan: HostPlan

    def turn(self, step: Step) -> AbstractContextManager[object]:
        """Wait until the step may begin, and keep others waiting while it lasts."""
        ...

    def meter(self, step: Step) -> Look | None:
        """Return what says how far a step is that is about to be taken, for one that takes long."""
        ...

    def perform(self, step: Step) -> str:
        """Take one step and return what is worth saying of it, in a few words."""
        ...

    def recorded(self, step: Step, seconds: float, detail: str) -> None:
        """Note that the step went well."""

    def refused(self, error: Exception) -> None:
        """Note that the host ends here."""

    @property
    def verdict(self) -> Verdict | None:
        """What checking said, once it was done."""

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """What was packed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOutcome:
    """What became of one host."""

    plan: HostPlan
    outcome: Outcome
    verdict: Verdict | None = None
    artifacts: tuple[Artifact, ...] = ()
    error: Exception | None = None
    """Why it failed: an error of one of the three packages."""
    failed_step: Step | None = None


def run_hosts(
    executors: Iterable[Executor],
    steps: tuple[Step, ...],
    progress: Progress,
    stop: Callable[[], None],
) -> tuple[HostOutcome, ...]:
    """Take ``steps`` for every host; one that fails does not stop the others.

    Each host goes through its steps in a thread of its own. Those that use all cores by
    themselves wait for each other in the executor, so that the rest overlaps with them. When
    interrupted, ``stop`` is called before the exception goes on.
    """
    everyone = tuple(executors)
    progress.begun(tuple(each.plan.triple for each in everyone), steps)
    with ThreadPoolExecutor(max_workers=max(1, len(everyone))) as pool:
        futures = [pool.submit(_run_host, each, steps, progress) for each in everyone]
        try:
            return tuple(future.result() for future in futures)
        except BaseException:
            stop()
            raise


def _run_host(executor: Executor, steps: tuple[Step, ...], progress: Progress) -> HostOutcome:
    for step in steps:
        if step is Step.SUPPLY and not executor.plan.supplies:
            continue
        with executor.turn(step):
            problem = _take(executor, step, progress)
        if problem is not None:
            return _ended(executor, step, problem)
    outcome = Outcome.DONE if executor.verdict is None else Outcome.ACCEPTED
    return HostOutcome(
        plan=executor.plan,
        outcome=outcome,
        verdict=executor.verdict,
        artifacts=executor.artifacts,
    )


def _take(executor: Executor, step: Step, progress: Progress) -> Exception | None:
    """Take one step, say so, and return the trouble that ends the host, if any."""
    host = executor.plan.triple
    progress.started(host, step, executor.meter(step))
    start = time.monotonic()
    try:
        detail = executor.perform(step)
        executor.recorded(step, time.monotonic() - start, detail)
    except (CountermarkError, LayoutError, SigningError, OSError) as error:
        problem = foreseen(error)
        if not isinstance(problem, StoppedError):
            with contextlib.suppress(CountermarkError, OSError):  # the first trouble is the one
                executor.refused(problem)
        progress.failed(host, step, time.monotonic() - start, str(problem))
        return problem
    progress.finished(host, step, time.monotonic() - start, detail)
    return None


def _ended(executor: Executor, step: Step, problem: Exception) -> HostOutcome:
    rejected = isinstance(problem, RejectedError)
    return HostOutcome(
        plan=executor.plan,
        outcome=Outcome.REJECTED if rejected else Outcome.FAILED,
        verdict=executor.verdict,
        error=problem,
        failed_step=step,
    )
