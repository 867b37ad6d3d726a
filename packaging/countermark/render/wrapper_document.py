"""What the commands of a wrapper run, as a JSON document."""

from __future__ import annotations

from typing import Literal

import msgspec

from countermark.predictions import PredictedCommands
from countermark.render.finding_entry import FindingEntry, finding_entry
from counterproof.wrapper.lookup import Found
from counterproof.wrapper.prediction import Ending, Mode, Prediction
from counterproof.wrapper.search import Effect, Place
from countersign.escaping import printable

__all__ = ["WrapperDocument", "wrapper_document"]


class PlaceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One place that is tried."""

    path: str
    found: Found
    detail: str
    effect: Effect
    reason: str


class CommandEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One command in one mode; without an exit code it is the program's own, or the shell's."""

    command: str
    mode: Mode
    program: str | None
    ending: Ending
    runs: str | None
    error: str | None
    exit_code: int | None
    certain: bool
    places: tuple[PlaceEntry, ...]


class PlacedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding and the path, from the top of the tree, that it stands at."""

    path: str | None
    finding: FindingEntry


class WrapperDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``layout wrapper`` predicts."""

    schema: Literal["countermark.wrapper/1"] = "countermark.wrapper/1"
    path: str
    profile: str
    host: str
    wrapper: str
    dialect: Literal["bitcoin-core", "reference"]
    accepted: bool
    commands: tuple[CommandEntry, ...]
    findings: tuple[PlacedFinding, ...]


def wrapper_document(predicted: PredictedCommands) -> WrapperDocument:
    """Return what ``layout wrapper`` prints."""
    return WrapperDocument(
        path=printable(str(predicted.path)),
        profile=predicted.measure.profile.value.name,
        host=predicted.measure.host.value,
        wrapper=str(predicted.at),
        dialect=predicted.dialect.name,
        accepted=predicted.accepted,
        commands=tuple(map(_command, predicted.predictions)),
        findings=tuple(
            PlacedFinding(
                path=None if located.path is None else str(located.path),
                finding=finding_entry(located.finding),
            )
            for located in predicted.findings
        ),
    )


def _command(prediction: Prediction) -> CommandEntry:
    return CommandEntry(
        command=prediction.command,
        mode=prediction.mode,
        program=prediction.program or None,
        ending=prediction.ending,
        runs=None if prediction.runs is None else str(prediction.runs),
        error=prediction.error,
        exit_code=prediction.exit_code,
        certain=prediction.certain,
        places=tuple(map(_place, prediction.places)),
    )


def _place(place: Place) -> PlaceEntry:
    return PlaceEntry(
        path=str(place.path),
        found=place.sight.found,
        detail=printable(place.sight.detail),
        effect=place.effect,
        reason=place.reason,
    )
