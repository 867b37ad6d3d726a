"""The variables by which the conditions of a build are told to programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from countermark.reproduction.conditions import Conditions
from countermark.reproduction.machine import Machine

__all__ = ["builder_variables", "program_variables"]

_KEPT: Final = ("COUNTERMARK_JOBS", "COUNTERMARK_LOAD")
"""What the machine bears is the same for every build on it."""


def program_variables(conditions: Conditions, machine: Machine) -> dict[str, str]:
    """Return what the programs of a build find beside what every release gives them."""
    return {**_language(conditions), **_clock(conditions, machine), **conditions.variables}


def builder_variables(
    conditions: Conditions, work: Path, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the whole environment of the process that makes a build.

    What would say otherwise than the file of settings is left out. The clock stays the true one:
    Python waits wrongly under faketime.
    """
    kept = {
        name: value
        for name, value in environment.items()
        if name in _KEPT or not name.startswith(("COUNTERMARK_", "SOURCE_DATE_EPOCH"))
    }
    user = dict.fromkeys(("USER", "LOGNAME"), conditions.user) if conditions.user else {}
    home = {"HOME": str(work / conditions.home)} if conditions.home else {}
    temporary = {"TMPDIR": str(work / conditions.temporary)} if conditions.temporary else {}
    return {
        **kept,
        **user,
        **home,
        **temporary,
        **_language(conditions),
        **conditions.variables,
    }


def _language(conditions: Conditions) -> dict[str, str]:
    return {
        **({"LC_ALL": conditions.locale} if conditions.locale else {}),
        **({"TZ": conditions.timezone} if conditions.timezone else {}),
    }


def _clock(conditions: Conditions, machine: Machine) -> dict[str, str]:
    """Put the clock forward, but neither what waiting is measured by nor the times of files."""
    if not conditions.clock:
        return {}
    return {
        "LD_PRELOAD": machine.faketime,
        "FAKETIME": f"+{conditions.clock}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
