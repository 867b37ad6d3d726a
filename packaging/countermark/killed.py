"""What it looks like when the system has ended a program of a build, for want of memory mostly.

Linux ends a program with SIGKILL then, which cannot be caught: whoever had started the program says
so, each in words of its own, or in none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from countermark.first_error import without_colours

__all__ = ["advice", "killed_program"]

_SAID: Final = re.compile(
    r"(?P<by>\S+): (?:fatal error|internal compiler error): "
    r"Killed (?:signal terminated program |\(program )(?P<gcc>[\w.+-]+)"
    r"|collect2: fatal error: (?P<linker>\S+) terminated with signal 9 \[Killed\]"
    r"|(?P<driver>\S+): error: unable to execute command: Killed"
    r"|Subprocess killed$"
    r"|Killed$|\S+:(?: line \d+:)? +\d+ Killed "
    r"|.*\(signal: 9, SIGKILL: kill\)"
)
_STARVED: Final = re.compile(
    r"(?P<out>LLVM ERROR: out of memory|.*: out of memory allocating \d+ bytes"
    r"|.*virtual memory exhausted|.*: fatal error: .*Cannot allocate memory"
    r"|(?:error|ld\.lld: error|terminate called after throwing an instance of)"
    r".*(?:OutOfMemory|Cannot allocate memory|std::bad_alloc))"
)
_STATUS: Final = re.compile(r"FAILED: \[code=137\]")
_WORDLESS: Final = re.compile(r"Aborted(?: \(core dumped\))?$")
_STEP: Final = re.compile(r"FAILED: |\[\d+/\d+\] |ninja: ")


def killed_program(lines: Iterable[str], status: int = 0) -> str | None:
    """Name what was ended, if the lines that a failed build printed tell of it; None if not.

    ``status`` is how the whole build ended, a signal as a negative number.
    """
    plain = [without_colours(line) for line in lines]
    for number, line in enumerate(plain):
        said = _SAID.match(line) or _STARVED.match(line)
        if said:
            names = said.groupdict()
            return names.get("gcc") or names.get("linker") or names.get("driver") or "a program"
        if _STATUS.match(line) or _ended_without_a_word(plain, number):
            return "a program"
    return "the build" if status in (-9, 137) else None


def _ended_without_a_word(lines: list[str], number: int) -> bool:
    """Tell whether a step failed, and there is nothing but that it was aborted.

    That is what zig does when the system has ended the compiler that it had started.
    """
    if not lines[number].startswith("FAILED: "):
        return False
    output = lines[number + 2 : number + 4]
    alone = len(output) < 2 or _STEP.match(output[1]) is not None
    return bool(output) and _WORDLESS.match(output[0]) is not None and alone


def advice(program: str, kills: int | None) -> str:
    """Return what to do about it; ``kills`` is how many ends the system has counted meanwhile.

    None says that it does not tell.
    """
    again = "run it again with fewer --jobs than now, or where there is more memory"
    if kills:
        return f"The system ended {program} for want of memory: {again}."
    if kills is None:
        return f"The system ended {program}, most likely for want of memory: {again}."
    return (
        f"The system ended {program}, or somebody did. Most often that is for want of memory, but "
        f"the system has counted no such end: if nobody did, {again}."
    )
