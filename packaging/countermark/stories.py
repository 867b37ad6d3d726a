"""The stories of what a user names: files, directories and archives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from countermark.errors import ConfigurationError
from countermark.reach import Found, Visited, visit
from countermark.surroundings import Surroundings
from countersign.diagnosis.examiner import examine
from countersign.diagnosis.mending import find_mending
from countersign.diagnosis.retelling import retell
from countersign.diagnosis.story import FileStory
from countersign.errors import SigningError
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

    def tell(found: Found) -> FileStory:
        path = str(found.path)
        verdict = verify_source(found.source, path=path, member=found.member, system=system)
        story = examine(Window(found.source), verdict)
        return replace(story, mending=find_mending(found.source, verdict))

    around = Surroundings()
    visited = visit(paths, tell, around)
    stories, problems = visited.results, visited.problems
    try:
        stories = _with_surroundings(stories, around)
    except SigningError as error:
        problems = (*problems, error)
    if member is None:
        return Visited(results=stories, problems=problems)
    chosen = tuple(story for story in stories if story.verdict.member == member)
    return Visited(results=chosen, problems=problems if chosen else (*problems, _no_member(member)))


def _with_surroundings(stories: Sequence[FileStory], around: Surroundings) -> tuple[FileStory, ...]:
    """Add what bundles and AppleDouble files say about images. Raises :class:`SigningError`."""
    known = {(story.verdict.path, story.verdict.member): story for story in stories}
    verdicts = around.judge([story.verdict for story in stories])
    return tuple(retell(known.get((each.path, each.member)), each) for each in verdicts)


def _no_member(member: str) -> ConfigurationError:
    return ConfigurationError(
        f"no archive here has a Mach-O named {member}",
        hint="Name it by its whole path in the archive, as countermark verify prints it.",
    )
