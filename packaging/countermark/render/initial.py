"""What ``countermark init`` found, in a few lines."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from countermark.initial.learning import CMakeError
from countermark.initial.survey import Survey
from countersign.escaping import printable

__all__ = ["describe_stop", "describe_survey"]

_MOST_LETTERS: Final = 600


def describe_survey(survey: Survey, file: Path) -> str:
    """Say what was written, and what is still to be brought."""
    working = [each.host.triple for each in survey.working]
    needed = [each.name for each in survey.packages if each.needed]
    tools = [each.name for each in survey.generators if each.own]
    lines = [
        f"written  {printable(str(file))}",
        f"suite    {printable(survey.title)} {printable(survey.version)}".rstrip(),
        f"profile  {survey.profile.name if survey.profile else 'none lists its programs'}",
        f"hosts    {', '.join(working) or 'none'}",
        f"needs    {printable(', '.join(needed)) or 'no other library'}",
    ]
    if tools:
        lines.append(f"tools    {printable(', '.join(tools))}: of this machine, for other hosts")
    return "\n".join(lines)


def describe_stop(error: CMakeError) -> str:
    """Say that it is not the whole."""
    place = f" at {printable(error.place)}" if error.place else ""
    return (
        f"countermark: CMake stopped{place}: {printable(error.text[:_MOST_LETTERS])}\n"
        "countermark: what was found until there is not the whole"
    )
