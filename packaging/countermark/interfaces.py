"""Comparing the interfaces of two versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from countermark.errors import missing
from counterproof.interface.comparing import compare_schemas
from counterproof.interface.compiling import read_schemas
from countersign.findings import FileVerdict, Finding, Verdict

__all__ = ["compare_interfaces"]


def compare_interfaces(old: Path, new: Path, imports: Sequence[Path] = ()) -> Verdict:
    """Compare all schemas of two trees, archives or files: one entry for each schema file.

    Raises :class:`~counterproof.errors.SchemaError` for one that does not compile,
    :class:`~counterproof.errors.SchemaToolError` when what reads them is not installed, and other
    :class:`~counterproof.errors.LayoutError` when a tree cannot be read.
    """
    for path in (old, new):
        if not path.exists():
            raise missing(path)
    absolute = [path.resolve() for path in imports]
    before, after = read_schemas(old, absolute), read_schemas(new, absolute)
    findings: dict[str, list[Finding]] = defaultdict(list)
    for file in sorted({*before.files.values(), *after.files.values()}):
        findings[file] = []
    for change in compare_schemas(before, after):
        findings[change.file].append(change.finding)
    return Verdict(
        files=tuple(
            FileVerdict(path=str(new), member=file, findings=tuple(found))
            for file, found in findings.items()
        )
    )
