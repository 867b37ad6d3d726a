"""Inspecting what a user names: files, directories and archives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from countermark.reach import Found, visit
from countersign.inspection.facts import Inspection
from countersign.inspection.inspector import inspect_source

__all__ = ["Inspected", "inspect_paths"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What is in the signatures, and what could not be looked at and why."""

    files: tuple[Inspection, ...]
    problems: tuple[Exception, ...]
    """Errors with a ``hint``, of one of the three packages."""


def inspect_paths(paths: Iterable[Path], *, hashes: bool = False) -> Inspected:
    """Inspect every Mach-O in ``paths``, and go on after one that cannot be looked at.

    ``hashes`` checks every page too.
    """
    visited = visit(paths, partial(_inspect, hashes=hashes))
    return Inspected(files=visited.results, problems=visited.problems)


def _inspect(found: Found, *, hashes: bool) -> Inspection:
    return inspect_source(found.source, path=str(found.path), member=found.member, hashes=hashes)
