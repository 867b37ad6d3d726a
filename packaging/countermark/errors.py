"""Everything this package raises: one base, and one subclass per thing a caller can act on.

The command line turns a class into an exit code in one place, :mod:`countermark.cli.exits`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "BusyError",
    "CommandError",
    "ConfigurationError",
    "CountermarkError",
    "DifferentError",
    "LeftAloneError",
    "MissingToolError",
    "OutOfOrderError",
    "RejectedError",
    "RewriteError",
    "StageError",
    "StoppedError",
    "UnknownHostError",
    "WorkError",
    "foreseen",
    "missing",
    "nearest",
    "nothing",
]


class CountermarkError(Exception):
    """Base of all errors raised on purpose by countermark."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        """What the user can do about it, shown on a line of its own; may be empty."""


class ConfigurationError(CountermarkError):
    """What was asked for does not make sense: a file, an option or a variable is wrong."""


class UnknownHostError(ConfigurationError):
    """No host has that name, or the toolchain cannot build for it."""


class WorkError(CountermarkError):
    """The work could not be done: input or output, a tool, a build."""


class MissingToolError(WorkError):
    """A program that is needed is not on this machine."""


class BusyError(WorkError):
    """Another run is at work in the same output directory."""

    def __init__(self, out: Path, owner: str) -> None:
        super().__init__(
            f"{out} is in use by another run{owner}",
            hint="Wait until it and all that it started have ended, "
            "or give this one another --out directory.",
        )


class OutOfOrderError(WorkError):
    """A step was asked for whose step before was not taken yet."""


class StoppedError(WorkError):
    """A program was not run, or not to its end, because the user interrupted the work."""

    def __init__(self) -> None:
        super().__init__("interrupted")


class RejectedError(CountermarkError):
    """What was checked is not what its profile demands, so it is not packed."""


class RewriteError(WorkError):
    """An archive holds something that could not be kept if one of its members changed."""

    def __init__(self, source: Path, problem: str, *, member: str | None = None) -> None:
        place = str(source) if member is None else f"{source}: member {member[:200]!a}"
        super().__init__(
            f"{place}: {problem}",
            hint="It is as it was. Unpack it, change the files, and pack them again.",
        )
        self.member = member


class LeftAloneError(CountermarkError):
    """An archive was not written anew because of what is in it."""

    def __init__(self, failed: int) -> None:
        what = "one of its members" if failed == 1 else f"{failed} of its members"
        super().__init__(
            f"the archive was left as it was, for {what} could not be done",
            hint="Mend or take out what is named above, or see --existing and --force.",
        )


class DifferentError(CountermarkError):
    """A file that was got from elsewhere is not the declared one."""


class StageError(WorkError):
    """The install tree is not one that can be signed and packed."""


class CommandError(WorkError):
    """A program ended with a failure."""

    def __init__(
        self, what: str, *, status: str, log: Path, tail: Iterable[str], hint: str
    ) -> None:
        super().__init__(f"{what} failed ({status}); the whole log is {log}", hint=hint)
        self.tail = tuple(tail)
        """The last lines of its output that matter."""


def missing(path: Path) -> CountermarkError:
    """Say what is wrong with a path of the user's at which there is nothing."""
    if path.is_symlink():  # alone or in a loop
        return WorkError(
            f"{path}: the file could not be read: the symbolic link leads nowhere",
            hint="Check where the link should lead.",
        )
    return ConfigurationError(f"there is no {path}", hint="Check the spelling of the path.")


def nothing(path: Path) -> WorkError:
    """Say that a path holds nothing to work on."""
    return WorkError(
        f"{path}: there is no Mach-O in it",
        hint="Name a Mach-O, or a directory or an archive that holds one.",
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the known word nearest to ``word``, or nothing."""
    from difflib import get_close_matches

    found = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{found[0]}'?" if found else ""


def foreseen(error: Exception) -> Exception:
    """Give trouble of the system the words that a user can act on."""
    if not isinstance(error, OSError):
        return error
    path = error.filename2 or error.filename
    place = f" ({path})" if path else ""
    return WorkError(
        f"{error.strerror or error}{place}",
        hint="Check the path, the free space and the permissions, then run it again.",
    )
