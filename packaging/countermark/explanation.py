"""What a user's words ask for, and the answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from countermark.errors import ConfigurationError, nearest
from countermark.glossary import Meaning, known_words, look_up
from countermark.stories import tell_stories
from countersign.diagnosis.story import FileStory
from countersign.system import NEWEST, System

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that was asked for."""

    meanings: tuple[Meaning, ...] = ()
    """Rules and errors."""
    stories: tuple[FileStory, ...] = ()
    problems: tuple[Exception, ...] = ()
    """What could not be explained: errors with a ``hint``."""

    @property
    def good(self) -> bool:
        """True when no file is refused."""
        return all(story.verdict.accepted for story in self.stories)


def explain(
    words: Iterable[str], *, member: str | None = None, system: System = NEWEST
) -> Explanation:
    """Explain each of ``words``: a rule, an error, or the path of a file.

    A word that is both is the rule; ``./R27`` is the file. Raises :class:`ConfigurationError` for
    a word that is neither.
    """
    meanings: list[Meaning] = []
    paths: list[Path] = []
    for word in words:
        meaning = look_up(word)
        if meaning is not None:
            meanings.append(meaning)
        elif Path(word).exists():
            paths.append(Path(word))
        else:
            raise _unknown(word)
    visited = tell_stories(paths, member=member, system=system)
    return Explanation(meanings=tuple(meanings), stories=visited.results, problems=visited.problems)


def _unknown(word: str) -> ConfigurationError:
    return ConfigurationError(
        f"{word!r} is no rule, no error of Apple's and no file{nearest(word, known_words())}",
        hint="Give a rule's id or name, the name or number of an error, or a path.",
    )
