"""Smoke tests of any stage or archive, with what was not said found out from it."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.measured import measure_tree
from counterproof.errors import UnrunnableError
from counterproof.profiles.detection import Asked, Detected
from counterproof.smoke.launcher import Launcher, Machine, launcher_for
from counterproof.smoke.programs import startable_programs
from counterproof.smoke.rig import Rig
from counterproof.smoke.scratch import Scratch, scratch
from counterproof.smoke.testing import smoke_tests
from counterproof.smoke.trial import Trial
from counterproof.smoke.unpacking import unpack
from counterproof.survey import Survey

__all__ = ["SmokeTested", "smoke_test"]

_ARCHITECTURES: Final = {"amd64": "x86_64", "armv7l": "arm", "i686": "i386", "ppc64": "powerpc64"}
"""How systems spell some architectures, and how the image formats do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeTested:
    """What became of every test, and what they were made with."""

    trials: tuple[Trial, ...]
    measure: Detected
    launcher: Launcher


def smoke_test(path: Path, asked: Asked, seconds: float) -> SmokeTested:
    """Run the programs in the directory or archive ``path``, each for ``seconds`` at most.

    An archive is unpacked to a temporary place, a directory is used as it is. Raises
    :class:`~counterproof.errors.UnrunnableError` when this machine cannot run such programs, and
    what :func:`~countermark.measured.measure_tree` does.
    """
    subject, measure = measure_tree(path, asked)
    with _unpacked(subject.survey) as (place, top):
        programs = startable_programs(subject, top)
        one = next((program for program in programs.values() if program.image), None)
        if one is None:
            raise UnrunnableError(
                f"{path}: there is no program in it", "Name a stage, a build tree or an archive."
            )
        with launcher_for(subject.target, one.path, _machine(), place) as launcher:
            rig = Rig(
                subject=subject,
                programs=programs,
                launcher=launcher,
                scratch=place,
                seconds=seconds,
            )
            trials = tuple(smoke_tests(rig))
    return SmokeTested(trials=trials, measure=measure, launcher=launcher)


@contextmanager
def _unpacked(seen: Survey) -> Iterator[tuple[Scratch, Path]]:
    """Make a scratch directory and unpack an archive into it; give both."""
    with scratch() as place:
        if seen.archive:
            yield place, unpack(seen.path, place.directory("tree")) / (seen.prefix or "")
        else:
            yield place, seen.path.resolve()


def _machine() -> Machine:
    system, machine = platform.system().lower(), platform.machine().lower()
    if system == "darwin":
        return Machine("darwin", "x86_64" if machine == "x86_64" else "arm64")
    return Machine(system, _ARCHITECTURES.get(machine, machine))
