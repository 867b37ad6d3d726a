"""Tell a story again when more is known than the file itself shows, such as of its bundle."""

from __future__ import annotations

from dataclasses import replace

from countersign.diagnosis.mending import advise
from countersign.diagnosis.story import FileStory, FindingStory, Mending, SliceStory
from countersign.findings import FileVerdict, Finding, SliceVerdict
from countersign.rulebook import RULES

__all__ = ["retell"]


def retell(story: FileStory | None, verdict: FileVerdict) -> FileStory:
    """Put ``verdict`` in the place of the story's own; ``None`` when there is no story yet.

    What the story says of findings that stay is kept. A file that is refused for more than it
    itself shows is not mended by signing it alone.
    """
    if story is None:
        story = FileStory(verdict=verdict)
    known = {told.finding: told for told in story.findings}
    slices = zip(story.slices, verdict.slices, strict=True)
    added = [finding for finding in verdict.findings if finding not in known]
    more = advise(added)
    return FileStory(
        verdict=verdict,
        findings=tuple(known.get(finding) or _plain(finding) for finding in verdict.findings),
        slices=tuple(_retell_slice(part, judged) for part, judged in slices),
        mending=Mending(command=None, advice=more) if more else story.mending,
    )


def _retell_slice(part: SliceStory, verdict: SliceVerdict) -> SliceStory:
    known = {told.finding: told for told in part.findings}
    told = tuple(known.get(finding) or _plain(finding) for finding in verdict.findings)
    return replace(part, verdict=verdict, findings=told)


def _plain(finding: Finding) -> FindingStory:
    return FindingStory(finding=finding, usually=RULES[finding.rule].cause)
