"""Is all of it one version, and the one that its name says? Rules L31 to L33."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from counterproof.rulebook.contents import DIRTY_VERSION, MIXED_VERSIONS, NAMED_VERSION
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.survey import Sample
from counterproof.trees.naming import release_name
from counterproof.versions import Version
from countersign.findings import Severity

__all__ = ["check_versions"]

_MAN_PAGE: Final = re.compile(r".+\.[1-9]")
_TITLE: Final = re.compile(rb"^\.TH .*", re.MULTILINE)
_TITLE_VERSION: Final = re.compile(r"[\" ](v?[0-9]+\.[0-9]+[0-9A-Za-z.+-]*)\"")
_BUNDLE_VERSION: Final = re.compile(
    rb"<key>CFBundleShortVersionString</key>\s*<string>([0-9A-Za-z.+-]{1,100})</string>"
)
_MANUAL_FIX: Final = "Generate the manual pages with the programs that are shipped, and pack again."
_NAMED: Final = 6
"""Files that a message names at most."""


class _Told(NamedTuple):
    """What one file tells of its version; a program may hold versions of others, too."""

    path: PurePosixPath
    versions: tuple[Version, ...]

    def tells(self, version: Version) -> bool:
        return any(version.agrees(own) for own in self.versions)

    @property
    def clear(self) -> bool:
        """True when all that it tells may be one version."""
        return all(own.agrees(self.versions[0]) for own in self.versions)

    @property
    def text(self) -> str:
        return max((own.text for own in self.versions), key=len)


def check_versions(subject: Subject) -> Iterator[Located]:
    """Compare what programs, bundles and manual pages tell, and what an archive is named."""
    programs = [_told(sample, sample.versions) for sample in _programs(subject)]
    speaking = [told for told in (*programs, *_bundles(subject)) if told.versions]
    named = _version_in_name(subject)
    release = _most_told(speaking, named)
    yield from _check_dirt(speaking)
    if any(not told.tells(release) and told.clear for told in speaking if release):
        message = f"there are different versions: {_groups(speaking)}"
        yield Located(None, breach(MIXED_VERSIONS, message))
    if release and named and not named.agrees(release):
        message = f"its name says {named.text}, its programs say {release.text}"
        yield Located(None, breach(NAMED_VERSION, message))
    if expected := release or named:
        yield from _check_manual(subject, expected)
        yield from _note_silence([told for told in programs if not told.versions])


def _check_dirt(speaking: Sequence[_Told]) -> Iterator[Located]:
    for told in speaking:
        if any(version.dirty for version in told.versions):
            message = f"its version is {told.text}: its source was changed after that commit"
            yield Located(told.path, breach(DIRTY_VERSION, message))


def _check_manual(subject: Subject, expected: Version) -> Iterator[Located]:
    """Compare the title lines of manual pages; a page may tell no version."""
    for sample in subject.survey.files:
        title = _TITLE.search(sample.head) if _MAN_PAGE.fullmatch(sample.entry.path.name) else None
        text = _TITLE_VERSION.search(title[0].decode("utf-8", "replace")) if title else None
        told = _told(sample, (text[1],) if text else ())
        if told.versions and not told.tells(expected):
            message = f"is the manual of {told.text}, expected that of {expected.text}"
            finding = breach(MIXED_VERSIONS, message, fix=_MANUAL_FIX, severity=Severity.WARNING)
            yield Located(told.path, finding)


def _note_silence(silent: Sequence[_Told]) -> Iterator[Located]:
    if silent:
        message = (
            f"not checkable: no version can be read from {_list(told.path for told in silent)}"
        )
        yield Located(None, breach(MIXED_VERSIONS, message, severity=Severity.NOTE))


def _programs(subject: Subject) -> Iterator[Sample]:
    """Give the programs that the profile lists: others may have versions of their own."""
    for sample in subject.survey.files:
        if sample.image is not None and subject.listed(sample):
            yield sample


def _bundles(subject: Subject) -> Iterator[_Told]:
    for sample in subject.survey.files:
        if sample.entry.path.match("*.app/Contents/Info.plist"):
            found = _BUNDLE_VERSION.search(sample.head)
            yield _told(sample, (found[1].decode(),) if found else ())


def _told(sample: Sample, texts: Sequence[str]) -> _Told:
    versions = (version for text in texts if (version := Version.parse(text)))
    return _Told(sample.entry.path, tuple(versions))


def _version_in_name(subject: Subject) -> Version | None:
    """Read an archive's version off its directory, or else off its own name."""
    if not subject.survey.archive:
        return None
    for name in (subject.survey.prefix or "", subject.survey.path.name):
        if found := release_name(name):
            return Version.parse(found.version)
    return None


def _most_told(speaking: Sequence[_Told], named: Version | None) -> Version | None:
    """Choose what most files tell; among equals what the name says, then what says most."""

    def weight(version: Version) -> tuple[int, bool, int, str]:
        tellers = sum(told.tells(version) for told in speaking)
        fits = named is not None and named.agrees(version)
        return tellers, fits, len(version.text), version.text

    every = (version for told in speaking for version in told.versions)
    return max(every, key=weight, default=None)


def _groups(speaking: Sequence[_Told]) -> str:
    """Say who has which version."""
    groups: dict[str, list[PurePosixPath]] = defaultdict(list)
    for told in speaking:
        groups[told.text].append(told.path)
    return "; ".join(f"{text} in {_list(paths)}" for text, paths in sorted(groups.items()))


def _list(paths: Iterable[PurePosixPath]) -> str:
    names = [str(path) for path in paths]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
