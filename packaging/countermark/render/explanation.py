"""Everything that was explained, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from countermark.explanation import Explanation
from countermark.render.glossary import describe_meaning

if TYPE_CHECKING:
    from countersign.diagnosis.story import FileStory

__all__ = ["describe_explanation"]


def describe_explanation(explanation: Explanation) -> str:
    """Return all answers, with an empty line between two of them."""
    return "\n\n".join(_answers(explanation))


def _answers(explanation: Explanation) -> Iterator[str]:
    yield from map(describe_meaning, explanation.meanings)
    if explanation.reports:
        from countermark.render.sighting import describe_report

        yield from map(describe_report, explanation.reports)
    if explanation.stories:
        yield from _stories(explanation.stories)


def _stories(stories: Sequence[FileStory]) -> Iterator[str]:
    """Tell of the files that are refused, and count the others; of one alone tell in any case."""
    from countermark.render.story import describe_story

    bad = [story for story in stories if not story.verdict.accepted]
    good = len(stories) - len(bad)
    if len(stories) == 1:
        bad, good = list(stories), 0
    yield from map(describe_story, bad)
    if good:
        yield f"{good} of {len(stories)} files are accepted."
