"""Path patterns of profiles.

A pattern is a relative path. In each component one ``*`` stands for any characters, also none; a
last component of ``**`` stands for everything below a directory. Nothing else is special, and case
matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self

__all__ = ["Pattern", "plain_path_problem"]

_SUBTREE = "**"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern, taken apart."""

    components: tuple[str, ...]
    subtree: bool
    """True when everything below ``components`` is meant."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern; raise :class:`ValueError` with the problem when it is none."""
        components = text.split("/")
        subtree = len(components) > 1 and components[-1] == _SUBTREE
        if subtree:
            components.pop()
        if problem := plain_path_problem("/".join(components)):
            raise ValueError(problem)
        if any(_SUBTREE in component for component in components):
            raise ValueError("'**' stands only alone, as the last component below a directory")
        if any(component.count("*") > 1 for component in components):
            raise ValueError("one component may have one '*'")
        return cls(tuple(components), subtree)

    def __str__(self) -> str:
        return "/".join((*self.components, _SUBTREE) if self.subtree else self.components)

    def matches(self, path: PurePosixPath) -> bool:
        """Tell whether a file at ``path`` is meant."""
        parts = path.parts
        if self.subtree:
            parts, below = parts[: len(self.components)], parts[len(self.components) :]
            if not below:
                return False
        return len(parts) == len(self.components) and all(map(_matches, self.components, parts))


def plain_path_problem(text: str) -> str | None:
    """Say why ``text`` is not a relative path in its shortest form; None when it is one."""
    if not text or text.startswith("/") or text != PurePosixPath(text).as_posix():
        return "must be a relative path with single slashes"
    if "\\" in text or not text.isprintable() or {".", ".."} & set(text.split("/")):
        return "must be a path without '..', backslashes and control characters"
    return None


def _matches(component: str, name: str) -> bool:
    start, star, end = component.partition("*")
    if not star:
        return component == name
    return len(name) >= len(start + end) and name.startswith(start) and name.endswith(end)
