"""The members of an archive of any kind, made safe to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from counterproof.trees.entry import Member
from counterproof.trees.format import ArchiveFormat, identify_archive
from counterproof.trees.safety import MAX_MEMBERS, Budget
from counterproof.trees.tarball import walk_tar
from counterproof.trees.zipball import walk_zip

__all__ = ["walk_archive"]


def walk_archive(path: Path, members: int = MAX_MEMBERS) -> Iterator[Member]:
    """Give every member once, in the order of the archive, in one pass and bounded memory.

    Raises :class:`TreeError` for what cannot be read and :class:`HostileArchiveError`, by the
    member's name, for what should not be unpacked. Links and duplicates are judged when all names
    are known: after the last member.
    """
    form, budget = identify_archive(path), Budget(str(path), members)
    if form is ArchiveFormat.ZIP:
        return walk_zip(path, budget)
    return walk_tar(path, budget, form)
