"""What every smoke test is given: the programs, a way to run them, and a place to do it in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from counterproof.profiles.wrapper import Wrapper
from counterproof.smoke.launcher import Launcher
from counterproof.smoke.process import Ended, Started, run, start
from counterproof.smoke.programs import Startable
from counterproof.smoke.scratch import Scratch
from counterproof.smoke.trial import Skipped
from counterproof.subject import Subject
from counterproof.wrapper.dialect import BITCOIN_CORE, Default

__all__ = ["Rig"]

_NO_DISPLAY: Final = ("could not connect to display", "no Qt platform plugin")
"""What a program with windows says where there is no screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """The programs of one tree, ready to be run."""

    subject: Subject
    programs: Mapping[str, Startable]
    """By name."""
    launcher: Launcher
    scratch: Scratch
    seconds: float
    """How long each program may take."""

    @property
    def wrapper(self) -> Wrapper | None:
        """What the profile says of the wrapper."""
        return self.subject.profile.wrapper

    @property
    def default_mode(self) -> Default:
        """Which programs the wrapper of the tree runs when it is not told."""
        program = self.programs.get(self.wrapper.program) if self.wrapper else None
        sample = self.subject.survey.samples.get(program.place) if program else None
        said = sample.wrapper if sample else None
        return (said or BITCOIN_CORE).default

    def find(self, name: str) -> Startable:
        """Give a program; raises :class:`Skipped` when it is not in the tree."""
        if name not in self.programs:
            raise Skipped(f"{name} is not in the tree")
        return self.programs[name]

    def need_starting_others(self) -> None:
        """Raise :class:`Skipped` where a program cannot start another one."""
        if self.launcher.cannot_start_others:
            raise Skipped(self.launcher.cannot_start_others)

    def run(self, program: Startable, *arguments: str) -> Ended:
        """Run a program to its end, in a directory of its own.

        Raises :class:`Failed` when it does not start or end, :class:`Skipped` when it is the
        machine that lacks something.
        """
        ended = run(
            self.launcher.argv(program.path, arguments),
            environment=self._environment,
            directory=self.scratch.fresh(),
            seconds=self.seconds,
        )
        if lack := self.launcher.missing(ended):
            raise Skipped(lack)
        if ended.status != 0 and any(text in ended.err for text in _NO_DISPLAY):
            raise Skipped("it needs a display")
        return ended

    @contextmanager
    def start(self, program: Startable, *arguments: str) -> Iterator[Started]:
        """Start a program that goes on by itself, and kill it at the end if it is still there."""
        with start(
            self.launcher.argv(program.path, arguments),
            environment=self._environment,
            directory=self.scratch.fresh(),
            seconds=self.seconds,
            log=self.scratch.fresh() / "output",
        ) as started:
            yield started

    def path(self, path: Path) -> str:
        """Spell a path as an argument for the programs."""
        return self.launcher.path(path)

    @property
    def _environment(self) -> Mapping[str, str]:
        return {**self.scratch.environment, **self.launcher.variables}
