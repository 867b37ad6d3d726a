"""Predictions in words, for findings and tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from counterproof.wrapper.lookup import Found, Sight
from counterproof.wrapper.prediction import Ending, Mode, Prediction

__all__ = ["failure", "handed_to_shell", "said", "typed"]

_OPTIONS: Final[Mapping[Mode, str]] = {"multiprocess": "-m ", "monolithic": "-M ", "default": ""}

_WORDS: Final[Mapping[Found, str]] = {
    Found.PROGRAM: "a program",
    Found.COMPATIBLE: "a program for another machine that this one can run",
    Found.OTHER_MACHINE: "a program for another machine",
    Found.OTHER_SYSTEM: "a program for another system",
    Found.NO_PROGRAM: "an image but no program",
    Found.SCRIPT: "a script",
    Found.EMPTY: "an empty file",
    Found.NO_IMAGE: "no image",
    Found.NOT_EXECUTABLE: "not executable",
    Found.DIRECTORY: "a directory",
    Found.SPECIAL: "not a regular file",
    Found.ABSENT: "absent",
    Found.DANGLING: "a symbolic link to nothing",
    Found.OUTSIDE: "outside of the tree",
    Found.CIRCLE: "a symbolic link in a circle",
    Found.BELOW_FILE: "a file where a directory should be",
    Found.UNSEARCHABLE: "a directory that cannot be entered",
}


def said(sight: Sight) -> str:
    """Say what was seen at a place, or on the way to it."""
    return f"{_WORDS[sight.found]} ({sight.detail})" if sight.detail else _WORDS[sight.found]


def typed(wrapper: str, predictions: Iterable[Prediction]) -> str:
    """List commands as users type them; the mode only where it makes the difference."""
    modes: dict[str, list[Mode]] = defaultdict(list)
    for prediction in predictions:
        modes[prediction.command].append(prediction.mode)
    return ", ".join(
        f"{wrapper} {'' if 'default' in used else _OPTIONS[used[0]]}{name}"
        for name, used in modes.items()
    )


def failure(prediction: Prediction) -> str:
    """Give the error in one line, without the advice to read the help."""
    lines = (prediction.error or "").splitlines()[:-1]
    said = "; ".join(line.strip() for line in lines).replace("Tried:;", "Tried:")
    return f'"{said}", exit code {prediction.exit_code}'


def handed_to_shell(prediction: Prediction) -> str:
    """Say what a shell makes of what is no program."""
    assert prediction.ending is Ending.SHELL
    if prediction.exit_code is not None:
        return f"/bin/sh runs it, which does nothing, exit code {prediction.exit_code}"
    return "/bin/sh takes it for a script: a syntax error as a rule, exit code 2, 126 or 127"
