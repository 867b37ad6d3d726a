"""Exit codes: the one place where an error or a verdict becomes a number."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

from countermark.errors import ConfigurationError, CountermarkError
from countermark.pipeline import HostOutcome, Outcome
from counterproof.errors import LayoutError, ProfileError
from countersign.errors import SigningError

__all__ = ["FORESEEN", "Exit", "exit_of_error", "exit_of_hosts"]

FORESEEN: Final = (CountermarkError, LayoutError, SigningError)
"""Errors that a user can act on; each has a message and a ``hint``."""


class Exit(enum.IntEnum):
    """What the shell is told."""

    GOOD = 0
    BAD = 1
    """What was checked is bad."""
    USAGE = 2
    """Wrong usage or configuration."""
    UNDONE = 3
    """The work could not be done: input or output, a tool, a build."""
    INTERRUPTED = 130


def exit_of_error(error: Exception) -> Exit:
    """Return the code that stands for an error."""
    usage = isinstance(error, ConfigurationError | ProfileError)
    return Exit.USAGE if usage else Exit.UNDONE


def exit_of_hosts(outcomes: Iterable[HostOutcome]) -> Exit:
    """Return the worst code among the hosts of a run."""
    codes = [Exit.GOOD]
    for outcome in outcomes:
        if outcome.outcome is Outcome.REJECTED:
            codes.append(Exit.BAD)
        elif outcome.error is not None:
            codes.append(exit_of_error(outcome.error))
    return max(codes)
