"""How fast signing and verifying are on this machine, beside its limits and other signers.

All contenders run in turn, round after round, so that what disturbs the machine disturbs all.
A first round, whose times are not kept, warms the caches, takes the memory, and sorts out who
fails.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from countermark.contenders import SIGN, Contender, Role, limits, ours
from countermark.errors import CountermarkError, WorkError
from countermark.measurement import HASHING, Measurement
from countermark.memory import PeakMemory
from countermark.subjects import Subject
from countermark.workbench import Run, Workbench, broken_rules, space_needed
from countersign.errors import SigningError

__all__ = ["Benched", "LeftOut", "bench", "describe_machine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A contender that failed, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Benched:
    """What was measured with one image."""

    subject: Subject
    measurements: tuple[Measurement, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(slots=True, kw_only=True)
class _Entry:
    """A contender in the race, with what it has shown so far."""

    name: str
    role: Role
    run: Callable[[Callable[[int], object] | None], Run]
    memory: PeakMemory = field(default_factory=PeakMemory)
    samples: list[float] = field(default_factory=list)
    accepted: bool | None = None
    findings: tuple[str, ...] = ()

    def judge(self, run: Run) -> None:
        """Take note of a verdict; one rejection is not made good by later runs."""
        if run.verdict is not None:
            self.accepted = run.verdict.accepted and self.accepted is not False
            self.findings = tuple(dict.fromkeys((*self.findings, *broken_rules(run.verdict))))

    def measurement(self) -> Measurement:
        return Measurement(
            name=self.name,
            role=self.role,
            samples=tuple(self.samples),
            peak_memory=self.memory.peak,
            accepted=self.accepted,
            findings=self.findings,
        )


def describe_machine() -> str:
    """Name what the figures depend on most."""
    system = f"{platform.system()} {platform.machine()}"
    return f"{system}, {os.cpu_count()} cores, Python {platform.python_version()}"


def bench(
    subject: Subject,
    peers: Iterable[Contender],
    *,
    runs: int,
    directory: Path,
    environment: Mapping[str, str],
    progress: Callable[[str], object] = lambda _: None,
) -> Benched:
    """Measure countermark, the machine's limits and ``peers`` with one image, ``runs`` times.

    Everything happens in a new directory below ``directory``, which is gone afterwards. A peer
    that fails is left out. Raises :class:`WorkError` when there is no room for it, or when
    countermark itself or a limit fails, and :class:`SigningError` never.
    """
    _require_space(directory, space_needed(subject.size))
    try:
        with tempfile.TemporaryDirectory(prefix="countermark-bench-", dir=directory) as name:
            workbench = Workbench(root=Path(name), environment=environment)
            progress(f"{subject.name}: making it ready")
            subject.write(workbench.source)
            return _race(workbench, subject, tuple(peers), runs, progress)
    except OSError as error:
        raise WorkError(
            f"{directory} cannot be worked in: {error.strerror or error}",
            hint="Give another directory with --directory.",
        ) from error


def _require_space(directory: Path, needed: int) -> None:
    try:
        free = shutil.disk_usage(directory).free
    except OSError as error:
        raise WorkError(f"{directory} cannot be read: {error.strerror or error}") from error
    if free < needed:
        raise WorkError(
            f"{directory} has {free:,} bytes free, and {needed:,} are needed",
            hint="Give another directory with --directory, or a smaller --size.",
        )


def _race(
    workbench: Workbench,
    subject: Subject,
    peers: tuple[Contender, ...],
    runs: int,
    progress: Callable[[str], object],
) -> Benched:
    entries = _entries(workbench, peers)
    left_out: list[LeftOut] = []
    for number in range(runs + 1):
        progress(f"{subject.name}: run {number} of {runs}" if number else f"{subject.name}: trial")
        for entry in tuple(entries):
            try:
                _step(entry, timed=number > 0)
            except (CountermarkError, SigningError) as error:
                if entry.name == SIGN:
                    raise WorkError(f"{SIGN} fails: {error}") from error
                entries.remove(entry)
                left_out.append(LeftOut(name=entry.name, reason=str(error)))
    return Benched(
        subject=subject,
        measurements=tuple(entry.measurement() for entry in entries),
        left_out=tuple(left_out),
    )


def _step(entry: _Entry, *, timed: bool) -> None:
    """Let an entry run once; watching its memory disturbs it, so that is not timed."""
    run = entry.run(None if timed else entry.memory.look)
    entry.judge(run)
    if timed:
        entry.samples.append(run.seconds)


def _entries(workbench: Workbench, peers: tuple[Contender, ...]) -> list[_Entry]:
    """List who takes part, in the order of the table, with a first signed file at hand."""
    sign, *others = ours()
    page_size = _sign_first(workbench, sign)
    hashing = _Entry(name=HASHING, role=Role.LIMIT, run=lambda _: workbench.hash_pages(page_size))
    processes = [
        _Entry(name=each.name, role=each.role, run=functools.partial(workbench.run, each))
        for each in (*limits(), sign, *peers, *others)
    ]
    return [processes[0], hashing, *processes[1:]]


def _sign_first(workbench: Workbench, sign: Contender) -> int:
    """Make the signed file that is verified; return the bytes that one of its pages has."""
    try:
        run = workbench.run(sign, keep=True)
    except WorkError as error:
        raise WorkError(f"{sign.name} fails: {error}", hint=error.hint) from error
    slices = run.verdict.slices if run.verdict else ()
    sizes = [thin.page_size for thin in slices if thin.page_size]
    return min(sizes, default=0x1000)
