"""What a user's words ask for, and the answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from countermark.errors import ConfigurationError, WorkError, missing, nearest
from countermark.glossary import Meaning, known_words, look_up
from countersign.findings import Severity
from countersign.system import NEWEST, System

if TYPE_CHECKING:
    from countermark.sightings import ReadReport
    from countersign.diagnosis.story import FileStory

__all__ = ["STANDARD_INPUT", "Explanation", "explain"]

STANDARD_INPUT: Final = "-"
_APPLE_DOUBLE: Final = bytes.fromhex("00051607")
"""The magic of RFC 1740, appendix B."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that was asked for."""

    meanings: tuple[Meaning, ...] = ()
    """Rules and errors."""
    reports: tuple[ReadReport, ...] = ()
    stories: tuple[FileStory, ...] = ()
    problems: tuple[Exception, ...] = ()
    """What could not be explained: errors with a ``hint``."""

    @property
    def good(self) -> bool:
        """True when no file is refused."""
        return all(story.verdict.accepted for story in self.stories)


@dataclass(slots=True)
class _Questions:
    """The user's words, by what they are."""

    meanings: list[Meaning] = field(default_factory=list)
    reports: list[tuple[str, bytes]] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    problems: list[Exception] = field(default_factory=list)


def explain(
    words: Iterable[str],
    *,
    standard_input: bytes | None = None,
    member: str | None = None,
    image: Path | None = None,
    system: System = NEWEST,
) -> Explanation:
    """Explain each of ``words``: a rule, an error, a file, or what a Mac reported.

    A word that is both a rule and a file is the rule; ``./R27`` is the file. ``standard_input`` is
    what ``-`` stands for. A word with spaces in it that is no file is a line of a log. ``image`` is
    the file that the reports are about; its story is told too. Raises :class:`ConfigurationError`
    for a word that is nothing.
    """
    questions = _Questions()
    for word in words:
        _sort(word, questions, standard_input or b"")
    if image is not None:
        _require_report(questions, image)
        questions.paths.append(image)
    answers = Explanation(meanings=tuple(questions.meanings), problems=tuple(questions.problems))
    if not (questions.paths or questions.reports):
        return answers
    from countermark.sightings import read_reports
    from countermark.stories import tell_stories

    visited = tell_stories(questions.paths, member=member, system=system)
    about = [story for story in visited.results if image and story.verdict.path == str(image)]
    broken = {rule for story in about for rule in _broken(story)}
    reports, unknown = read_reports(questions.reports, image, broken)
    return replace(
        answers,
        reports=reports,
        stories=visited.results,
        problems=(*answers.problems, *unknown, *visited.problems),
    )


def _require_report(questions: _Questions, image: Path) -> None:
    if not questions.reports:
        raise ConfigurationError(
            "--image goes with what a Mac reported", hint="Name the file alone to explain it."
        )
    if not image.exists():
        raise missing(image)


def _broken(story: FileStory) -> Iterator[str]:
    """Give the rules for which a file is refused."""
    told = [*story.findings, *(each for part in story.slices for each in part.findings)]
    return (each.finding.rule for each in told if each.finding.severity is Severity.ERROR)


def _sort(word: str, questions: _Questions, standard_input: bytes) -> None:
    """Find out what a word is."""
    meaning = look_up(word)
    if meaning is not None:
        questions.meanings.append(meaning)
    elif word == STANDARD_INPUT:
        questions.reports.append(("standard input", standard_input))
    elif _is_there(word):
        _sort_path(Path(word), questions)
    elif " " in word.strip():
        questions.reports.append(("the text", word.encode("utf-8", "surrogateescape")))
    else:
        raise _unknown(word)


def _sort_path(path: Path, questions: _Questions) -> None:
    from countermark.sightings import is_report, load_report

    try:
        if _is_apple_double(path):
            questions.problems.append(_apple_double(path))
        elif _is_code(path) or not is_report(path):
            questions.paths.append(path)
        else:
            questions.reports.append((str(path), load_report(path)))
    except OSError as error:
        questions.problems.append(WorkError(f"{path} cannot be read: {error.strerror}"))


def _is_there(word: str) -> bool:
    try:
        return bool(word) and (Path(word).exists() or Path(word).is_symlink())
    except (OSError, ValueError):  # longer than a path can be, or with a zero in it
        return False


def _is_code(path: Path) -> bool:
    """Tell whether a path names what can hold code: a directory, an archive, or an image."""
    from counterproof.trees.format import is_archive
    from countersign.discovery import identify_file

    if not path.is_file():
        return True
    return is_archive(path) or identify_file(path) is not None


def _is_apple_double(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_APPLE_DOUBLE)) == _APPLE_DOUBLE


def _apple_double(path: Path) -> WorkError:
    return WorkError(
        f"{path} is no program but AppleDouble: the extended attributes of another file, which "
        "macOS puts beside it in archives",
        hint="Leave it out: pack on a Mac with COPYFILE_DISABLE=1 tar, or ditto --norsrc.",
    )


def _unknown(word: str) -> ConfigurationError:
    return ConfigurationError(
        f"{word!r} is no rule, no error of Apple's and no file{nearest(word, known_words())}",
        hint="Give a rule's id or name, the name or number of an error, a path, or a log's line.",
    )
