"""What a user demands of signatures beyond what macOS does: rules Q1 to Q4.

They look at verdicts, so they hold for a file, a member of an archive, and every slice alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from countersign.findings import FileVerdict, Finding, SliceVerdict
from countersign.rules import broken
from countersign.signature import Kind

__all__ = ["Demands", "apply_demands"]

UNPROVEN: Final = frozenset({"T3", "T5", "T6"})
"""Rules that leave it open, where they are broken, who stands behind a certificate."""


class Demands(NamedTuple):
    """What every slice of every image must have; where several are named, one of them."""

    signed: bool = False
    kinds: tuple[Kind, ...] = ()
    identifiers: tuple[str, ...] = ()
    """Patterns, with ``*``, ``?`` and ``[...]``; case counts."""
    teams: tuple[str, ...] = ()


def apply_demands(file: FileVerdict, demands: Demands) -> FileVerdict:
    """Add what a file lacks to its verdict, at the slice that lacks it."""
    slices = tuple(
        thin._replace(findings=(*thin.findings, *_lacking(thin, demands))) for thin in file.slices
    )
    return file._replace(slices=slices)


def _lacking(thin: SliceVerdict, demands: Demands) -> Iterator[Finding]:
    if demands.signed and not thin.signed:
        yield broken("Q1", None, "it is not signed")
    if demands.kinds and thin.kind not in demands.kinds:
        found = f"its signature is of kind {thin.kind}" if thin.kind else _no_signature(thin)
        yield broken("Q2", None, f"{found}, expected {_either(demands.kinds)}")
    if demands.identifiers and not _matches(thin.identifier, demands.identifiers):
        found = f"its identifier is {thin.identifier}" if thin.identifier else _no_signature(thin)
        yield broken("Q3", None, f"{found}, expected {_either(demands.identifiers)}")
    if demands.teams and not (_is_vouched(thin) and thin.team in demands.teams):
        yield broken("Q4", None, f"{_team(thin)}, expected {_either(demands.teams)}")


def _no_signature(thin: SliceVerdict) -> str:
    return "its signature cannot be read" if thin.signed else "it is not signed"


def _matches(identifier: str | None, patterns: tuple[str, ...]) -> bool:
    return identifier is not None and any(fnmatchcase(identifier, each) for each in patterns)


def _is_vouched(thin: SliceVerdict) -> bool:
    """Tell whether a certificate of Apple's proves the team, and that was decided here."""
    rules = {finding.rule for finding in thin.findings}
    return thin.kind == Kind.CMS and rules.isdisjoint(UNPROVEN)


def _team(thin: SliceVerdict) -> str:
    """Say whose team it is; what is claimed without a certificate counts for nothing."""
    if thin.kind is None:
        return _no_signature(thin)
    if thin.kind != Kind.CMS:
        return "no certificate signed it"
    if not _is_vouched(thin):
        return "no certificate of Apple's proves its team"
    return f"its team is {thin.team}" if thin.team else "its signature names no team"


def _either(words: tuple[str, ...]) -> str:
    return " or ".join(words)
