"""Where symbolic links lead, worked out from names alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Self

from counterproof.trees.entry import Entry, Kind

__all__ = ["Links"]

_MAX_FOLLOWED: Final = 40
"""Links that Linux follows before it gives up (``MAXSYMLINKS``)."""


@dataclass(frozen=True, slots=True)
class Links:
    """The links of one tree, and every place that they could lead to."""

    targets: Mapping[PurePosixPath, str]
    places: frozenset[PurePosixPath]
    """All entries, and the directories above them that an archive need not list."""

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Self:
        """Take the links and the places out of ``entries``."""
        targets: dict[PurePosixPath, str] = {}
        places: set[PurePosixPath] = set()
        for entry in entries:
            if entry.kind is Kind.SYMLINK:
                targets[entry.path] = entry.link_target or ""
            for place in (entry.path, *entry.path.parents):
                if place in places:
                    break  # and so are all directories above it
                places.add(place)
        return cls(targets, frozenset(places))

    def end(self, path: PurePosixPath) -> PurePosixPath | None:
        """Follow every link on ``path``; None when it leaves the tree, turns in a circle or ends
        at nothing.
        """
        pending = list(reversed(path.parts))
        here, followed = PurePosixPath(), 0
        while pending:
            part = pending.pop()
            if part == ".." and not here.parts:
                return None
            here = here.parent if part == ".." else here / part
            target = self.targets.get(here)
            if target is not None:
                followed += 1
                if followed > _MAX_FOLLOWED or target.startswith("/"):
                    return None
                here = here.parent
                pending.extend(reversed(PurePosixPath(target).parts))
        return here if here in self.places else None
