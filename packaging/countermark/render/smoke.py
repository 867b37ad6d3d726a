"""Smoke tests as text: one line for each, what to do about the failed ones, and the sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from counterproof.smoke.trial import Outcome, Trial
from countersign.escaping import printable

__all__ = ["describe_trials"]

_MARKS: Final = {Outcome.PASSED: "passed", Outcome.FAILED: "FAILED", Outcome.SKIPPED: "skipped"}


def describe_trials(trials: Sequence[Trial]) -> str:
    """Return every test with its outcome; skipped ones are never among the passed ones."""
    lines = [f"{_MARKS[each.outcome]:8}{_line(each)}" for each in trials]
    failed = [each.finding for each in trials if each.outcome is Outcome.FAILED and each.finding]
    if failed:
        remedies = dict.fromkeys((f"{each.rule} {each.name}", each.fix) for each in failed)
        lines += ["", "What to do (countermark explain RULE says why):"]
        lines += (f"  {rule}  {fix}" for rule, fix in remedies)
    counts = Counter(each.outcome for each in trials)
    sums = ", ".join(f"{counts[each]} {each.value}" for each in Outcome)
    return "\n".join([*lines, "", sums])


def _line(trial: Trial) -> str:
    rule = f" ({trial.finding.rule})" if trial.outcome is Outcome.FAILED and trial.finding else ""
    return printable(f"{trial.name}: {trial.detail}{rule}")
