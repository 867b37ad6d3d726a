"""Exit codes: the one place where an error becomes a number."""

from __future__ import annotations

import enum
from typing import Final

from countermark.errors import ConfigurationError, CountermarkError
from counterproof.errors import LayoutError, ProfileError, SchemaError, UndecidedError
from countersign.errors import SigningError, TargetError

__all__ = ["FORESEEN", "Exit", "exit_of_error"]

FORESEEN: Final = (CountermarkError, LayoutError, SigningError)
"""Errors that a user can act on; each has a message and a ``hint``."""


_USAGE: Final = (ConfigurationError, ProfileError, SchemaError, TargetError, UndecidedError)
"""Those that are about what the user wrote."""


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
    return Exit.USAGE if isinstance(error, _USAGE) else Exit.UNDONE
