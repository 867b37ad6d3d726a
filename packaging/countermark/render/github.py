"""Verdicts as GitHub's workflow commands, which become annotations of a run and its files.

Format: "Workflow commands for GitHub Actions" in GitHub's documentation, which says nothing about
escaping; ``command.ts`` of ``@actions/core`` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from countermark.render.places import Placed, file_name, places, relative_path
from countermark.render.problem import problem_entry
from countermark.render.verdict import summary
from countersign.escaping import printable
from countersign.findings import Severity, Verdict

__all__ = ["workflow_commands"]

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def workflow_commands(verdict: Verdict, problems: Iterable[Exception], *, directory: Path) -> str:
    """Return a line for every finding and every problem, and the sum as the last one.

    Files are named as seen from ``directory``.
    """
    entries = list(map(problem_entry, problems))
    lines = [_annotation(placed, directory) for placed in places(verdict)]
    lines += (
        f"::error title=could not be checked::{_data(f'{entry.message}. {entry.fix}')}"
        for entry in entries
    )
    return "\n".join([*lines, summary(verdict, len(entries))])


def _annotation(placed: Placed, directory: Path) -> str:
    finding = placed.finding
    file = printable(relative_path(placed.file.path, directory))
    arch = f", {placed.thin.arch}" if placed.thin else ""
    place = f", at {finding.offset:#x}" if finding.offset is not None else ""
    where = printable(f"{file_name(placed.file)}{arch}{place}")
    properties = f"file={_property(file)},title={_property(f'{finding.rule} {finding.name}')}"
    message = _data(f"{where}: {printable(finding.message)}. {finding.fix}")
    return f"::{_COMMANDS[finding.severity]} {properties}::{message}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
