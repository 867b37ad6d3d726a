"""What entries are called, what they are, and where links lead. Rules L08 to L11."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

from counterproof.rulebook.layout import CASE_COLLISION, DANGLING_LINK, KIND, LINK_OUTSIDE
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.trees.entry import Kind
from counterproof.trees.safety import leaves_tree

__all__ = ["check_collisions", "check_kinds", "check_links"]


def check_links(subject: Subject) -> Iterator[Located]:
    """Check that every symbolic link leads to something in the tree."""
    for sample in subject.survey.files:
        entry = sample.entry
        if entry.kind is not Kind.SYMLINK:
            continue
        found = f"links to {entry.link_target!a}"
        if leaves_tree(entry):
            message = f"{found}, expected a place in the tree"
            yield Located(entry.path, breach(LINK_OUTSIDE, message))
        elif subject.survey.links.end(entry.path) is None:
            message = f"{found}, which is not there"
            yield Located(entry.path, breach(DANGLING_LINK, message))


def check_kinds(subject: Subject) -> Iterator[Located]:
    """Check that nothing is there but files, directories and symbolic links, each for itself."""
    for sample in subject.survey.files:
        if sample.entry.kind in (Kind.HARD_LINK, Kind.OTHER):
            message = f"is a {sample.entry.kind}, expected a file"
            yield Located(sample.entry.path, breach(KIND, message))
    yield from _check_shared(subject)


def _check_shared(subject: Subject) -> Iterator[Located]:
    """Find files with two names in a directory: packed, the second one becomes a hard link."""
    first: dict[tuple[int, int], PurePosixPath] = {}
    for sample in subject.survey.files:
        entry = sample.entry
        if entry.inode and (other := first.setdefault(entry.inode, entry.path)) != entry.path:
            message = f"is {other} by a second name (a hard link), expected a file of its own"
            yield Located(entry.path, breach(KIND, message))


def check_collisions(subject: Subject) -> Iterator[Located]:
    """Check that a file system that ignores case keeps every entry apart."""
    first: dict[str, PurePosixPath] = {}
    for path in sorted(subject.survey.links.places):
        other = first.setdefault(_as_macos_sees_it(path), path)
        if other != path:
            message = f"differs from {other} only in case; expected a name of its own"
            yield Located(path, breach(CASE_COLLISION, message))


def _as_macos_sees_it(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", path.as_posix().casefold())
