"""One smoke test and what became of it."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from counterproof.rulebook.smoke import SKIPPED
from counterproof.rules import breach
from countersign.findings import FileVerdict, Finding, Verdict
from countersign.rule import Rule

__all__ = ["Failed", "Outcome", "Skipped", "Trial", "attempt", "trials_verdict"]


class Outcome(enum.StrEnum):
    """What became of a test."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A test that was made, or could not be."""

    name: str
    """What was done, as a command where it was one."""
    outcome: Outcome
    detail: str
    """What was seen, what was wrong, or why it could not be made."""
    seconds: float = 0.0
    finding: Finding | None = None
    """None for a test that passed; a note for one that was skipped."""


class Failed(Exception):  # noqa: N818  # an outcome, not an error of ours
    """Ends a test: something is not as ``rule`` demands."""

    def __init__(self, rule: Rule, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class Skipped(Exception):  # noqa: N818
    """Ends a test that cannot be made here, and says why."""


def attempt(name: str, test: Callable[[], str]) -> Trial:
    """Make a test, which returns what it saw, or raises :class:`Failed` or :class:`Skipped`."""
    began = time.monotonic()
    finding = None
    try:
        detail, outcome = test(), Outcome.PASSED
    except Failed as failure:
        detail, outcome = str(failure), Outcome.FAILED
        finding = breach(failure.rule, detail)
    except Skipped as reason:
        detail, outcome = str(reason), Outcome.SKIPPED
        finding = breach(SKIPPED, f"not run: {detail}")
    return Trial(
        name=name,
        outcome=outcome,
        detail=detail,
        seconds=time.monotonic() - began,
        finding=finding,
    )


def trials_verdict(path: Path, trials: Iterable[Trial]) -> Verdict:
    """Say the same as a verdict: one entry for each test, named like a member of ``path``."""
    return Verdict(
        files=tuple(
            FileVerdict(
                path=str(path),
                member=trial.name,
                findings=(trial.finding,) if trial.finding else (),
            )
            for trial in trials
        )
    )
