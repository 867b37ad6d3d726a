"""What the commands of a wrapper run, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from countermark.predictions import PredictedCommands
from countermark.render.table import table
from countermark.render.verdict import describe_verdict
from counterproof.wrapper.prediction import Ending, Prediction
from counterproof.wrapper.wording import handed_to_shell, said, typed

__all__ = ["describe_commands"]

_WHOSE = {"bitcoin-core": "Bitcoin Core's", "reference": "the reference suite's"}


def describe_commands(predicted: PredictedCommands) -> str:
    """Return the table, what users see where nothing runs, and the findings."""
    searches = _searches(predicted)
    rows = [
        (typed(predicted.wrapper.program, same), _runs(same[0]), _tried(same[0]))
        for same in searches
    ]
    lines = [
        f"{predicted.at} is {_WHOSE[predicted.dialect.name]} wrapper",
        "",
        table(("command", "runs", "places tried"), rows),
    ]
    if any(same[0].error for same in searches):
        lines += ["", "Where nothing runs, users see (... is where they have the tree):"]
        lines += dict.fromkeys(line for same in searches for line in _seen(same[0]))
    if predicted.findings:
        lines += ["", describe_verdict(predicted.verdict)]
    return "\n".join(lines)


def _searches(predicted: PredictedCommands) -> list[list[Prediction]]:
    """Put the modes of a command together in which it wants the same program."""
    searches: dict[tuple[str, str], list[Prediction]] = {}
    for prediction in predicted.predictions:
        searches.setdefault((prediction.command, prediction.program), []).append(prediction)
    return list(searches.values())


def _runs(prediction: Prediction) -> str:
    if prediction.ending is Ending.PATH:
        return "what PATH has"
    if prediction.ending is Ending.SHELL:
        return "/bin/sh"
    return str(prediction.runs or f"nothing, exit {prediction.exit_code}")


def _tried(prediction: Prediction) -> str:
    if not prediction.program:
        return "no command of this wrapper"
    return "; ".join(f"{place.path}: {said(place.sight)}" for place in prediction.places)


def _seen(prediction: Prediction) -> Iterator[str]:
    if prediction.error:
        yield from (f"  {line}" for line in prediction.error.splitlines()[:-1])
    elif prediction.ending is Ending.SHELL:
        yield f"  {prediction.runs}: {handed_to_shell(prediction)}"
