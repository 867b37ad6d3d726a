"""Does every program start, as itself, and are all of one version? Rules S02, S03 and S10."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Final

from counterproof.rulebook.smoke import STARTS, VERSIONS, WRONG_PROGRAM
from counterproof.smoke.process import Ended
from counterproof.smoke.programs import Startable
from counterproof.smoke.rig import Rig
from counterproof.smoke.trial import Failed, Skipped, Trial, attempt

__all__ = ["try_versions", "version_argument"]

_VERSION: Final = re.compile(r"\bversion (v\d\S*)")
_TESTS: Final = "test_"
"""How programs begin that Boost.Test drives: ``-version`` means nothing to it."""
_WITHOUT_VERSION: Final = ("bench_bitcoin", "bitcoin-chainstate")
"""Programs that would set to work instead: they are built on request only."""
_EVERYBODYS: Final = ("--version", "-version")
"""What programs are asked that no profile lists, in this order."""
_USAGE: Final = (1, 2, 64)
"""How programs end that do not know an option."""


def version_argument(name: str) -> str:
    """Give what makes a program print its version."""
    return "--version" if name.startswith(_TESTS) else "-version"


def try_versions(rig: Rig, wrapper: str) -> Iterator[Trial]:
    """Ask every program for its version, and compare the answers."""
    versions: dict[str, list[str]] = defaultdict(list)
    for program in rig.programs.values():
        arguments = _arguments(rig, program, wrapper)
        name = f"{program.place} {arguments[0]}"
        trial = attempt(name, partial(_try_version, rig, program, arguments))
        if trial.finding is None and (found := _VERSION.search(trial.detail)):
            versions[found[1]].append(program.name)
        yield trial
    yield attempt("one version", partial(_compare, versions))


def _arguments(rig: Rig, program: Startable, wrapper: str) -> tuple[str, ...]:
    """Give what may make a program print its version: one is known where a profile lists any."""
    if not rig.subject.profile.programs:
        return _EVERYBODYS
    return ("--version",) if program.name == wrapper else (version_argument(program.name),)


def _try_version(rig: Rig, program: Startable, arguments: tuple[str, ...]) -> str:
    if program.name in _WITHOUT_VERSION:
        raise Skipped("it has no option for its version")
    ended = _ask(rig, program, arguments)
    if not (ended.out + ended.err).strip():
        raise Failed(STARTS, "it printed nothing")
    said = ended.first_line.rpartition(" ")[2]
    if said != program.name and said in {each.name for each in rig.subject.programs}:
        raise Failed(WRONG_PROGRAM, f"it says that it is {said}")
    return ended.first_line or ended.err.strip().splitlines()[0]


def _ask(rig: Rig, program: Startable, arguments: tuple[str, ...]) -> Ended:
    """Run a program with each of the arguments until one is understood."""
    for argument in arguments:
        ended = rig.run(program, argument)
        if ended.status == 0:
            return ended
        usage = ended.status in _USAGE and bool((ended.out + ended.err).strip())
        if arguments is not _EVERYBODYS or not usage:
            raise Failed(STARTS, str(ended))
    raise Skipped("it starts, but has no option for its version")


def _compare(versions: dict[str, list[str]]) -> str:
    if not versions:
        raise Skipped("no program says a version")
    if len(versions) > 1:
        told = (f"{version}: {', '.join(names)}" for version, names in sorted(versions.items()))
        raise Failed(VERSIONS, "; ".join(told))
    return next(iter(versions))
