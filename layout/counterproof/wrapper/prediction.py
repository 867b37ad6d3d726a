"""What every command of the wrapper would run, and what users see where it runs nothing."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final, Literal, TypeAlias

from counterproof.profiles.wrapper import Command, Wrapper
from counterproof.survey import Survey
from counterproof.target import Target
from counterproof.wrapper.dialect import BITCOIN_CORE, Default
from counterproof.wrapper.lookup import Found, Lookup, Sight
from counterproof.wrapper.search import Effect, Place, Searcher, shown

__all__ = ["MODES", "Ending", "Invoked", "Mode", "Prediction", "Predictor", "find_wrapper"]

Mode: TypeAlias = Literal["default", "multiprocess", "monolithic"]
"""Neither ``-m`` nor ``-M``; ``-m``; ``-M``."""

MODES: Final[tuple[Mode, ...]] = ("default", "multiprocess", "monolithic")

_LIBEXEC: Final = PurePosixPath("libexec")

Invoked: TypeAlias = Literal["path", "name"]
"""How the wrapper was started: with a directory, or by its bare name found in ``PATH``."""


class Ending(enum.StrEnum):
    """How a command ends."""

    RUNS = "runs"
    SHELL = "shell"
    """The C library hands the file to ``/bin/sh``."""
    PATH = "path"
    """It is looked for in ``PATH``, which is not known."""
    FAILS = "fails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What becomes of one command in one mode."""

    command: str
    mode: Mode
    program: str
    """What is looked for, without any ``.exe``; empty for a command that the wrapper does not
    know.
    """
    places: tuple[Place, ...]
    """In the order in which they are tried, as far as the search goes."""
    ending: Ending
    runs: PurePosixPath | None = None
    """The file behind all links that runs, or that the shell is given."""
    error: str | None = None
    """What the wrapper prints, word for word; ``...`` is where the user has the tree."""
    exit_code: int | None = None
    """The wrapper's own; None where it is the program's, or the shell's."""

    @property
    def certain(self) -> bool:
        """False where something outside of the tree could change the answer."""
        outside = any(place.sight.found is Found.OUTSIDE for place in self.places)
        return not outside and self.ending is not Ending.PATH


class Predictor:
    """A wrapper in a tree, ready to be asked for its commands."""

    def __init__(
        self,
        survey: Survey,
        target: Target,
        wrapper: Wrapper,
        *,
        at: PurePosixPath,
        libexec: PurePosixPath = _LIBEXEC,
    ) -> None:
        """``at`` is where the wrapper stands, from the top of the tree; ``libexec`` where a wrapper
        that does not say so itself looks for internal programs.
        """
        self.at = at
        self.target = target
        self.wrapper = wrapper
        self.lookup = Lookup(survey, target)
        self._file = self.lookup.resolve(at) or at
        sample = survey.samples.get(self._file)
        said = sample.wrapper if sample else None
        self.dialect = said or replace(BITCOIN_CORE, libexec=PurePosixPath("..", libexec))
        self._searcher = Searcher(self.lookup, target, self.dialect, self._file.parent)

    @property
    def out_of_bin(self) -> PurePosixPath | None:
        """Where the internal programs would be looked for if only the wrapper's directory had the
        name that it asks for; None where it has.
        """
        return self._searcher.out_of_bin

    def search(self, program: str) -> tuple[Place, ...]:
        """Give the places that are tried for a program."""
        return self._searcher.search(program)

    def everywhere(self, program: str) -> tuple[Sight, ...]:
        """See what stands at all places where a program could be found."""
        return self._searcher.everywhere(program)

    def predict_all(self, invoked: Invoked = "path") -> tuple[Prediction, ...]:
        """Predict every command in every mode, in the order of the profile's table."""
        return tuple(
            self.predict(command, mode, invoked)
            for command in self.wrapper.commands
            for mode in MODES
        )

    def predict(self, command: Command, mode: Mode, invoked: Invoked = "path") -> Prediction:
        """Predict one command."""
        if self.dialect.commands is not None and command.name not in self.dialect.commands:
            return self._unrecognized(command, mode, invoked)
        settled: Default = self.dialect.default if mode == "default" else mode
        program = command.multiprocess if settled == "multiprocess" else command.monolithic
        places = self.search(program)
        last = places[-1]
        ending = _ENDINGS[last.effect]
        if last.effect is Effect.NEXT and invoked == "name":
            ending = Ending.PATH
        return Prediction(
            command=command.name,
            mode=mode,
            program=program,
            places=places,
            ending=ending,
            runs=last.sight.path if ending in (Ending.RUNS, Ending.SHELL) else None,
            error=self._failure(program, places, invoked) if ending is Ending.FAILS else None,
            exit_code=self._exit_code(ending, last.sight),
        )

    def _unrecognized(self, command: Command, mode: Mode, invoked: Invoked) -> Prediction:
        return Prediction(
            command=command.name,
            mode=mode,
            program="",
            places=(),
            ending=Ending.FAILS,
            error=self._error(f"Unrecognized command: '{command.name}'", invoked),
            exit_code=1,
        )

    def _failure(self, program: str, places: tuple[Place, ...], invoked: Invoked) -> str:
        """Say what users see when a search ends at the last of ``places`` without a program."""
        if self.dialect.name == "reference":
            return self._error(self._reference_problem(program, places), invoked)
        last = places[-1]
        # The C runtime of Windows adds the suffix by itself.
        name = shown(last.path.with_name(program), self.target.platform)
        return self._error(f"execvp failed to execute '{name}': {last.reason}", invoked)

    def _reference_problem(self, program: str, places: tuple[Place, ...]) -> str:
        lines = [f"Cannot find a '{program}' that can be run. Tried:"]
        for place in places:
            end = " (the search ends here)" if place.effect is Effect.FAILS else ""
            lines.append(f"  {shown(place.path, self.target.platform)}: {place.reason}{end}")
        return "\n".join(lines)

    def _error(self, problem: str, invoked: Invoked) -> str:
        own = self.at.name if invoked == "name" else shown(self.at, self.target.platform)
        return f"Error: {problem}\nTry '{own} --help' for more information."

    def _exit_code(self, ending: Ending, last: Sight) -> int | None:
        if ending is Ending.FAILS:
            return 1
        if ending is Ending.SHELL and last.found is Found.EMPTY:
            return 0  # a script that does nothing
        without_waiting = self.target.platform == "windows" and self.dialect.name == "bitcoin-core"
        return 0 if ending is Ending.RUNS and without_waiting else None


_ENDINGS = {
    Effect.RUNS: Ending.RUNS,
    Effect.SHELL: Ending.SHELL,
    Effect.NEXT: Ending.FAILS,
    Effect.FAILS: Ending.FAILS,
}


def find_wrapper(survey: Survey, target: Target, wrapper: Wrapper) -> PurePosixPath | None:
    """Find the wrapper in a tree: in ``bin/``, at the top, else the first image of its name."""
    name = target.file_name(wrapper.program)
    lookup = Lookup(survey, target)
    for place in (PurePosixPath("bin", name), PurePosixPath(name)):
        if lookup.look(place).found not in (Found.ABSENT, Found.DIRECTORY):
            return place
    named = (
        sample.entry.path
        for sample in survey.files
        if sample.entry.path.name == name and (behind := survey.behind(sample)) and behind.image
    )
    return min(named, key=lambda path: (len(path.parts), path), default=None)
