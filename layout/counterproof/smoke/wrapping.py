"""Does the wrapper run what it should, and say what it should? Rules S03 to S05."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from counterproof.profiles.wrapper import Command, Wrapper
from counterproof.rulebook.smoke import EXIT_CODE, USAGE, WRONG_PROGRAM
from counterproof.smoke.process import Ended
from counterproof.smoke.programs import Startable
from counterproof.smoke.rig import Rig
from counterproof.smoke.trial import Failed, Skipped, Trial, attempt
from counterproof.smoke.versions import version_argument

__all__ = ["node_modes", "try_wrapper"]

_MONOLITHIC, _MULTIPROCESS = "-M", "-m"
_NO_COMMAND: Final = "no-such-command"
_NO_OPTION: Final = "-nosuchoption=1"


def try_wrapper(rig: Rig, wrapper: Wrapper, program: Startable) -> Iterator[Trial]:
    """Try every command of the wrapper whose program is there, and its answers to mistakes."""
    name = wrapper.program
    yield attempt(f"{name} (no command)", partial(_refuses, rig, program))
    yield attempt(f"{name} {_NO_COMMAND}", partial(_refuses, rig, program, _NO_COMMAND))
    for command in wrapper.commands:
        for mode, wanted in _modes(rig, command):
            words = [word for word in (mode, command.name) if word]
            line = f"{name} {' '.join(words)} {version_argument(wanted)}"
            yield attempt(line, partial(_runs, rig, program, words, wanted))
    for mode, wanted in node_modes(rig, wrapper):
        line = f"{name} {mode} node {_NO_OPTION}"
        yield attempt(line, partial(_passes_code, rig, program, mode, wanted))


def _modes(rig: Rig, command: Command) -> Iterator[tuple[str, str]]:
    """Give the ways to call a command, each with the program that must then run.

    A command whose programs are all absent is no matter of this tree.
    """
    monolithic, multiprocess = command.monolithic, command.multiprocess
    if monolithic == multiprocess:
        if monolithic in rig.programs:
            yield "", monolithic
    elif {monolithic, multiprocess} & rig.programs.keys():
        yield "", multiprocess if rig.default_mode == "multiprocess" else monolithic
        yield _MULTIPROCESS, multiprocess
        yield _MONOLITHIC, monolithic


def node_modes(rig: Rig, wrapper: Wrapper) -> Iterator[tuple[str, str]]:
    """Give the wrapper's option for every node that is in the tree, and the node's name."""
    for command in wrapper.commands:
        if command.name == "node":
            modes = ((_MULTIPROCESS, command.multiprocess), (_MONOLITHIC, command.monolithic))
            yield from (each for each in modes if each[1] in rig.programs)


def _refuses(rig: Rig, wrapper: Startable, *arguments: str) -> str:
    ended = rig.run(wrapper, *arguments)
    if ended.status != 1:
        raise Failed(USAGE, f"it ended with exit code {ended.status}, expected 1")
    wanted = ended.err if arguments else ended.out
    if not wanted.strip():
        stream = "error" if arguments else "output"
        raise Failed(USAGE, f"it printed nothing on standard {stream}")
    return "exit 1, and it says why"


def _runs(rig: Rig, program: Startable, words: list[str], wanted: str) -> str:
    """Compare what the wrapper brings about with what the program says by itself."""
    itself = rig.find(wanted)
    rig.need_starting_others()
    argument = version_argument(wanted)
    alone, wrapped = rig.run(itself, argument), rig.run(program, *words, argument)
    if wrapped.first_line != alone.first_line:
        raise Failed(WRONG_PROGRAM, f"{_ran(rig, wrapped)}, expected {itself.place}")
    if wrapped.status != alone.status:
        raise Failed(EXIT_CODE, _codes(wrapped, alone, wanted))
    return f"it ran {itself.place}"


def _ran(rig: Rig, ended: Ended) -> str:
    """Say which program ran: the last word of a node's version is its name."""
    last = ended.first_line.rpartition(" ")[2]
    if last in rig.programs:
        return f"it ran {rig.programs[last].place}"
    return f"it said {ended.first_line!r}" if ended.first_line else f"it ended with {ended}"


def _passes_code(rig: Rig, program: Startable, mode: str, wanted: str) -> str:
    """Let the program fail by itself and through the wrapper; it must look the same."""
    itself = rig.find(wanted)
    rig.need_starting_others()
    alone, wrapped = rig.run(itself, _NO_OPTION), rig.run(program, mode, "node", _NO_OPTION)
    if alone.status == 0:
        raise Skipped(f"{wanted} takes {_NO_OPTION} for an option")
    if wrapped.status != alone.status:
        raise Failed(EXIT_CODE, _codes(wrapped, alone, wanted))
    return f"exit {wrapped.status}, as {wanted} alone"


def _codes(wrapped: Ended, alone: Ended, wanted: str) -> str:
    return f"it ended with exit code {wrapped.status}, {wanted} alone with {alone.status}"
