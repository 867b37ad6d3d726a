"""What Ninja knows of a build tree: which file is made from which."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.process import answer

__all__ = ["Ninja"]

_AT_ONCE: Final = 200
"""Targets that are asked about in one call, for a command line has an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ninja:
    """Ninja, asked about one build tree, which may have been moved since it was made."""

    program: Path
    environment: Mapping[str, str]
    tree: Path
    made_at: Path
    """Where the tree stood when it was made."""

    def outputs(self) -> frozenset[str]:
        """Return every file that a command of the build makes."""
        lines = self._ask("targets", "all").splitlines()
        return frozenset(self._place(line.rpartition(": ")[0]) for line in lines)

    def inputs(self, targets: Iterable[str]) -> dict[str, frozenset[str]]:
        """Return what each target is made from, directly; what only has to be older is left out."""
        wanted = sorted(targets)
        found: dict[str, frozenset[str]] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            found |= dict(self._query(wanted[start : start + _AT_ONCE]))
        return found

    def included(self) -> dict[str, frozenset[str]]:
        """Return the files that compiling each object has read, as the compiler told."""
        found: dict[str, set[str]] = {}
        target = ""
        for line in self._ask("deps").splitlines():
            if line.startswith("    "):
                found[target].add(self._place(line.strip()))
            elif ": #deps" in line:
                target = self._place(line.partition(": #deps")[0])
                found[target] = set()
        return {name: frozenset(files) for name, files in found.items()}

    def _query(self, targets: list[str]) -> Iterator[tuple[str, frozenset[str]]]:
        target, inputs, listing = "", set[str](), False
        for line in self._ask("query", *targets).splitlines():
            if not line.startswith(" "):
                if target:
                    yield target, frozenset(inputs)
                target, inputs = self._place(line.removesuffix(":")), set()
            elif not line.startswith("    "):
                listing = line.startswith("  input:")
            elif listing and not line.startswith("    ||"):
                inputs.add(self._place(line.strip().removeprefix("| ")))
        if target:
            yield target, frozenset(inputs)

    def _place(self, name: str) -> str:
        """Give the path from the top of the tree, where a file is in it."""
        return os.path.relpath(name, self.made_at) if self._is_inside(name) else name

    def _is_inside(self, name: str) -> bool:
        return name.startswith(f"{self.made_at}/")

    def _ask(self, tool: str, *arguments: str) -> str:
        command = (str(self.program), "-C", str(self.tree), "--quiet", "-t", tool, *arguments)
        return answer(command, self.environment, seconds=600)
