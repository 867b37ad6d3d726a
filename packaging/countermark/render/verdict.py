"""Verdicts as text: the file, its slices, what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator

from countersign.escaping import printable
from countersign.findings import FileVerdict, Finding, SliceVerdict, Verdict

__all__ = ["describe_verdict"]


def describe_verdict(verdict: Verdict, *, only_bad: bool = False) -> str:
    """Return a block for every file, or for every file that is not accepted."""
    files = [file for file in verdict.files if not (only_bad and file.accepted)]
    return "\n".join(line for file in files for line in _file(file))


def _file(file: FileVerdict) -> Iterator[str]:
    name = f"{file.path}: {file.member}" if file.member else file.path
    yield f"{'accepted' if file.accepted else 'REJECTED'}  {printable(name)}"
    for finding in file.findings:
        yield from _finding(finding, "  ")
    for thin in file.slices:
        yield _slice(thin)
        for finding in thin.findings:
            yield from _finding(finding, "    ")


def _slice(thin: SliceVerdict) -> str:
    if not thin.signed:
        return f"  {thin.arch}  unsigned"
    words = [thin.arch, thin.kind or "", thin.identifier or "", f"cdhash {thin.cdhash or '-'}"]
    return "  " + "  ".join(word for word in words if word)


def _finding(finding: Finding, indent: str) -> Iterator[str]:
    place = f" at {finding.offset:#x}" if finding.offset is not None else ""
    apple = f" ({finding.apple})" if finding.apple else ""
    rule = f"{finding.severity} {finding.rule} {finding.name}{place}"
    yield f"{indent}{rule}: {printable(finding.message)}{apple}"
    yield f"{indent}  fix: {finding.fix}"
