"""What findings about a bundle mean for the verdict about its main program."""

from __future__ import annotations

from collections.abc import Sequence

from countersign.findings import FileVerdict, Finding

__all__ = ["with_bundle"]


def with_bundle(verdict: FileVerdict, findings: Sequence[Finding]) -> FileVerdict:
    """Add the findings about a bundle to the verdict about its main program.

    That the bundle was not looked at is no longer true.
    """
    slices = tuple(
        each._replace(findings=tuple(one for one in each.findings if one.rule != "N5"))
        for each in verdict.slices
    )
    return verdict._replace(findings=(*verdict.findings, *findings), slices=slices)
