"""The stories of what a user names: files, directories and archives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from countermark.errors import ConfigurationError
from countermark.reach import Found, Visited, visit
from countersign.diagnosis.examiner import examine
from countersign.diagnosis.mending import find_mending
from countersign.diagnosis.story import FileStory
from countersign.system import NEWEST, System
from countersign.verifier import verify_source
from countersign.window import Window

__all__ = ["tell_stories"]


def tell_stories(
    paths: Iterable[Path], *, member: str | None = None, system: System = NEWEST
) -> Visited[FileStory]:
    """Tell the story of every Mach-O in ``paths``, and go on after one that cannot be read.

    With ``member``, only that of this member of archives.
    """

    def tell(found: Found) -> FileStory | None:
        if member is not None and found.member != member:
            return None
        path = str(found.path)
        verdict = verify_source(found.source, path=path, member=found.member, system=system)
        story = examine(Window(found.source), verdict)
        return replace(story, mending=find_mending(found.source, verdict))

    visited = visit(paths, tell)
    stories = tuple(filter(None, visited.results))
    problems = visited.problems
    if member is not None and not stories and not problems:
        problems = (
            ConfigurationError(
                f"no archive here has a Mach-O named {member}",
                hint="Name it by its whole path in the archive, as countermark verify prints it.",
            ),
        )
    return Visited(results=stories, problems=problems)
