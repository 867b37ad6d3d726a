"""Everything that was explained, as text."""

from __future__ import annotations

from collections.abc import Iterator

from countermark.explanation import Explanation
from countermark.render.glossary import describe_meaning
from countermark.render.sighting import describe_report
from countermark.render.story import describe_story

__all__ = ["describe_explanation"]


def describe_explanation(explanation: Explanation) -> str:
    """Return all answers, with an empty line between two of them."""
    return "\n\n".join(_answers(explanation))


def _answers(explanation: Explanation) -> Iterator[str]:
    yield from map(describe_meaning, explanation.meanings)
    yield from map(describe_report, explanation.reports)
    stories = explanation.stories
    bad = [story for story in stories if not story.verdict.accepted]
    good = len(stories) - len(bad)
    if len(stories) == 1:
        bad, good = list(stories), 0
    yield from map(describe_story, bad)
    if good:
        yield f"{good} of {len(stories)} files are accepted."
