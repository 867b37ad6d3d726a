"""What the commands that change signatures have in common: errors and the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import click

from countermark.changes import Change
from countermark.cli.exits import Exit, exit_of_error
from countermark.errors import LeftAloneError
from countersign.errors import ChangedError, ReadError, SettingsError, SigningError, WriteError
from countersign.escaping import printable

__all__ = ["exit_of_changes", "place", "show_errors"]

T = TypeVar("T")


def show_errors(changes: Sequence[Change[T]]) -> None:
    """Say on standard error what went wrong, naming each file once, and what to do."""
    for change in changes:
        if change.error is not None:
            text = str(change.error)
            # Only errors of countersign leave it to their caller to say which file it is.
            unnamed = isinstance(change.error, SigningError | LeftAloneError)
            problem = f"{place(change)}: {text}" if unnamed else text
            click.echo(f"countermark: error: {printable(problem)}", err=True)
            click.echo(f"  hint: {change.error.hint}", err=True)


def place(change: Change[T]) -> str:
    """Name the file, or the archive and the member in it."""
    path = str(change.path)
    return f"{path}: {change.member}" if change.member is not None else path


def exit_of_changes(changes: Sequence[Change[T]]) -> Exit:
    """Give the worst code: the whole batch is as good as its worst file."""
    return max((_exit(change) for change in changes), default=Exit.GOOD)


def _exit(change: Change[T]) -> Exit:
    """A file that cannot carry a signature is bad; one that cannot be written is work undone."""
    error = change.error
    if error is None:
        return Exit.GOOD
    judged = isinstance(error, SigningError | LeftAloneError)
    undone = isinstance(error, ReadError | WriteError | ChangedError)
    if isinstance(error, SettingsError):
        return Exit.USAGE
    return Exit.BAD if judged and not undone else exit_of_error(error)
