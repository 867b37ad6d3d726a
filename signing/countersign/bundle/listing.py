"""What a tree or an archive holds, by path, with the links in it followed but never left.

Paths are texts, relative to the top, whose own path is empty.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from countersign.bundle.content import Content

__all__ = ["Item", "ItemKind", "Listing", "joined"]

MAX_LINKS: Final = 32
"""Links that are followed on one way, as many as macOS follows."""


class ItemKind(enum.Enum):
    """What there is at a path."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What there is at one path."""

    kind: ItemKind
    target: str = ""
    """Where a symbolic link leads."""
    executable: bool = False
    """True when somebody may execute the file."""
    content: Content | None = None
    """Of a file; None when nothing is known of it."""


_DIRECTORY: Final = Item(kind=ItemKind.DIRECTORY)


def joined(*parts: str) -> str:
    """Join parts of a path; empty ones do not count."""
    return "/".join(part for part in parts if part)


class Listing(Mapping[str, Item]):
    """All items by path; directories that were not named are there all the same."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = {"": _DIRECTORY, **items}
        names: dict[str, set[str]] = {}
        for path in items:
            while path:
                above, _, name = path.rpartition("/")
                self._items.setdefault(path, _DIRECTORY)
                if name in names.setdefault(above, set()):
                    break
                names[above].add(name)
                path = above
        self._children = {path: sorted(each) for path, each in names.items()}

    def __getitem__(self, path: str) -> Item:
        return self._items[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def is_directory(self, path: str) -> bool:
        """Tell whether there is a directory, links not followed."""
        item = self.get(path)
        return item is not None and item.kind is ItemKind.DIRECTORY

    def children(self, directory: str) -> Sequence[str]:
        """Give the names in a directory, sorted; none in what is no directory."""
        return self._children.get(directory, ()) if self.is_directory(directory) else ()

    def resolve(self, path: str) -> str | None:
        """Follow all links on the way to a path.

        None for what is not there, for a way that leaves the top, and for links that go round.
        """
        pending, done, links = path.split("/")[::-1], list[str](), 0
        while pending:
            name = pending.pop()
            if name == ".." and not done:
                return None
            if name == "..":
                done.pop()
            if name in ("", ".", ".."):
                continue
            item = self.get("/".join([*done, name]))
            if item is None:
                return None
            if item.kind is not ItemKind.LINK:
                done.append(name)
                continue
            links += 1
            if links > MAX_LINKS or item.target.startswith("/"):
                return None
            pending += item.target.split("/")[::-1]
        return "/".join(done)
