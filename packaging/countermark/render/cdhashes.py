"""cdhashes as lines: for allow-lists, such as Santa's, and for release notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from countersign.escaping import printable
from countersign.inspection.facts import Inspection

__all__ = ["cdhash_lines", "missing_cdhashes"]


def cdhash_lines(files: Iterable[Inspection]) -> Iterator[str]:
    """Give a line for every code directory, the one that the kernel uses first in its slice."""
    for file in files:
        for thin in file.slices:
            directories = thin.signature.directories if thin.signature else ()
            for each in sorted(directories, key=lambda each: not each.best):
                hash_type = each.code.hash_type.label
                yield f"{each.cdhash}  {thin.arch}  {hash_type}  {printable(file.name)}"


def missing_cdhashes(files: Iterable[Inspection]) -> Iterator[str]:
    """Say which slices have no cdhash, and why."""
    for file in files:
        name = printable(file.name)
        for problem in file.problems:
            yield f"{name}: {problem.rule} {printable(problem.message)}"
        for thin in file.slices:
            if thin.signature is None and not thin.problems:
                yield f"{name}: the {thin.arch} slice is not signed"
            for problem in thin.problems:
                yield f"{name}: {thin.arch}: {problem.rule} {printable(problem.message)}"
