"""Verifying what a user names: files, directories and archives."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from countermark.reach import Found, visit
from countermark.surroundings import Surroundings
from countersign.demands import Demands, apply_demands
from countersign.errors import SigningError
from countersign.findings import FileVerdict, Verdict
from countersign.system import NEWEST, System
from countersign.verifier import verify_source

__all__ = ["Verified", "verify_paths"]


class Verified(NamedTuple):
    """What was found, and what could not be checked and why."""

    verdict: Verdict
    problems: tuple[Exception, ...] = ()
    """Errors with a ``hint``, of one of the three packages."""

    @property
    def accepted(self) -> bool:
        """True when everything could be checked, and everything is accepted."""
        return not self.problems and self.verdict.accepted


def verify_paths(
    paths: Iterable[Path], *, system: System = NEWEST, demands: Demands | None = None
) -> Verified:
    """Verify every Mach-O in ``paths``, and go on after one that cannot be checked.

    A path in which there is no Mach-O could not be checked. ``demands`` hold for all of them.
    """

    def verify(found: Found) -> FileVerdict:
        verdict = verify_source(
            found.source, path=str(found.path), member=found.member, system=system
        )
        return apply_demands(verdict, demands or Demands())

    around = Surroundings()
    visited = visit(paths, verify, around)
    files, problems = visited.results, visited.problems
    try:
        files = around.judge(files)
    except SigningError as error:
        problems = (*problems, error)
    return Verified(verdict=Verdict(files=files), problems=problems)
