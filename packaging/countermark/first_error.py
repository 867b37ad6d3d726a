"""The first error in what a build printed, with the lines that matter.

What CMake, Ninja, compilers and linkers print is known by its form only. Where none is known, the
last lines are taken: that is where most programs say what went wrong.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import PurePath
from typing import Final

__all__ = ["failure_lines", "first_error", "without_colours"]

LINES: Final = 10
"""How many lines of what a program printed are shown."""
LONGEST: Final = 240
"""Characters of one line that are shown."""

_KEPT: Final = 5_000
"""Lines from the first error on that are looked at."""
_CONTEXT: Final = 3
"""Lines before an error that say where it is."""

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_MARK: Final = re.compile(r"FAILED: |CMake Error|ninja: (error|fatal): ")
_STATUS: Final = re.compile(r"\[\d+/\d+\] |ninja: |FAILED: ")
_ERROR: Final = re.compile(
    r"(?:^|: |\s)(?:[Ff]atal )?[Ee]rror(?: [A-Z]+\d+)?: "
    r"|undefined reference to|multiple definition of|cannot find -l"
)
_EMPTY_WORDS: Final = re.compile(r"collect2: error: |error: linker command failed")
"""Only say that there was an error before."""
_ASIDE: Final = re.compile(r":\s(warning|remark): |^(warning|info): ")
_BEFORE: Final = re.compile(
    r"In file included from | {2,}from .*[,:]$|.*: (In|At) .*:$|.*: in function .*:$"
    r"|.*required from"
)


def failure_lines(lines: Iterable[str]) -> list[str]:
    """Return the lines from the first error that a build marks, or the last ones.

    Of what may be endless, no more is kept than is needed.
    """
    rest = iter(lines)
    last: deque[str] = deque(maxlen=_KEPT)
    for line in rest:
        if _MARK.match(line):
            return [line, *islice(rest, _KEPT)]
        last.append(line)
    return list(last)


def first_error(lines: list[str]) -> tuple[str, ...]:
    """Return what to show of a failure: the failed step, its command, and ten lines at most."""
    plain = [without_colours(line) for line in lines]
    return tuple(map(_shortened, _chosen(plain)))


def _chosen(lines: list[str]) -> list[str]:
    start = next((number for number, line in enumerate(lines) if _MARK.match(line)), None)
    if start is None:
        return lines[-LINES:]
    marked = lines[start:]
    if marked[0].startswith("FAILED: "):
        return _failed_step(list(_failed_steps(marked)))
    if marked[0].startswith("CMake Error"):
        return _cmake_error(marked)
    return marked[:LINES]


def without_colours(line: str) -> str:
    """Return a line as it reads: some compilers colour what they say, told to or not."""
    return _COLOUR.sub("", line).rstrip()


def _shortened(line: str) -> str:
    """Leave out the middle of a line that is too long."""
    if len(line) <= LONGEST:
        return line
    half = (LONGEST - 5) // 2
    return f"{line[:half]} ... {line[-half:]}"


@dataclass(frozen=True, slots=True)
class _Step:
    """A step of a build that failed."""

    mark: str
    command: str
    output: list[str]


def _failed_steps(lines: list[str]) -> Iterator[_Step]:
    for number, line in enumerate(lines):
        if line.startswith("FAILED: "):
            command, *rest = lines[number + 1 : number + 2] or [""]
            rest = lines[number + 2 :]
            output = list(takewhile(lambda each: not _STATUS.match(each), rest))
            yield _Step(line, command, output)


def _failed_step(steps: list[_Step]) -> list[str]:
    """Show the first step that says why; a build within a build has its own behind it."""
    told = (step for step in steps if any(map(_ERROR.search, step.output)))
    said = (step for step in steps if any(step.output))
    step = next(told, next(said, steps[0]))
    others = [f"({_count(len(steps) - 1, 'other step')} failed too)"] if len(steps) > 1 else []
    return [step.mark, step.command, *_matter(step.output), *others]


def _matter(output: list[str]) -> list[str]:
    """Choose from what a failed command printed: errors with their surroundings, no warnings."""
    cmake = next((n for n, line in enumerate(output) if line.startswith("CMake Error")), None)
    if cmake is not None:
        return _cmake_error(output[cmake:])
    errors = [n for n, line in enumerate(output) if _is_error(line)]
    telling = [n for n in errors if not _EMPTY_WORDS.search(output[n])] or errors
    if not telling:
        return [line for line in output if line][-LINES:]
    first = telling[0]
    before = takewhile(_BEFORE.match, reversed(output[max(0, first - _CONTEXT) : first]))
    return [*reversed(list(before)), *_errors_only(output[first:])][:LINES]


def _is_error(line: str) -> bool:
    return _ERROR.search(line) is not None and not _ASIDE.search(line)


def _errors_only(lines: list[str]) -> Iterator[str]:
    """Leave out warnings, with what is shown of them."""
    aside = False
    for line in lines:
        if _ASIDE.search(line):
            aside = True
        elif _is_error(line) or _BEFORE.match(line):
            aside = False
        if line and not aside:
            yield line


def _cmake_error(lines: list[str]) -> list[str]:
    """Show one error of CMake's: where, what, and from where it got there."""
    heading, rest = lines[0], lines[1:]
    block = list(takewhile(_is_of_block, rest))
    stack = [line.strip() for line in block[_stack_at(block) + 1 :] if line.strip()]
    told = list(_told(block[: _stack_at(block)]))
    calls = [f"  called from {_caller(heading, stack)}"] if stack else []
    others = sum(line.startswith("CMake Error") for line in rest)
    more = [f"({_count(others, 'other error')} of CMake's)"] if others else []
    return [heading, *told[: LINES - len(calls)], *calls, *more]


def _is_of_block(line: str) -> bool:
    return not line or line.startswith((" ", "Call Stack"))


def _stack_at(block: list[str]) -> int:
    starts = (n for n, line in enumerate(block) if line.startswith("Call Stack"))
    return next(starts, len(block))


def _told(body: list[str]) -> Iterator[str]:
    """Yield what an error says, without the words that CMake puts before every missing package.

    What a program said that CMake has tried is shown from its own first error on.
    """
    lines = [line for line in body if line]
    if lines and "By not providing" in lines[0]:
        lines = lines[next((n for n, each in enumerate(lines) if "Could not" in each), 0) :]
    inner = next((n for n, line in enumerate(lines) if _is_error(line)), 0)
    yield from lines if inner < LINES else [*lines[:3], *lines[inner:]]


def _caller(heading: str, stack: list[str]) -> str:
    """Choose the place in the suite, where the error is in one of CMake's own modules."""
    own = (each for each in stack if not PurePath(each).is_absolute())
    at = heading.partition(" at ")[2]
    return next(own, stack[0]) if PurePath(at).is_absolute() else stack[0]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
