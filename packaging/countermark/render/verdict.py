"""Verdicts as text: the files, their slices, what is wrong, how to mend it, and the sum.

What is rejected stands last, next to the sum, where a terminal shows it; what to do is said once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from countermark.render.places import file_name, places
from countersign.escaping import printable
from countersign.findings import Enforcer, FileVerdict, Finding, Severity, SliceVerdict, Verdict

__all__ = ["describe_verdict", "finding_line", "remedies", "summary"]

FEW: Final = 3
"""Files with the same findings that are described one by one."""

_WORST_FIRST: Final = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def describe_verdict(verdict: Verdict, unchecked: int = 0, *, only_bad: bool = False) -> str:
    """Return what was found in all files, or in those that are not accepted; empty for none.

    ``unchecked`` is how many paths could not be checked.
    """
    files = [file for file in verdict.files if not (only_bad and file.accepted)]
    if not files:
        return ""
    lines = [line for group in _groups(files) for line in _group(group)]
    return "\n".join([*lines, "", *remedies(files), summary(verdict, unchecked)])


def summary(verdict: Verdict, unchecked: int = 0) -> str:
    """Say in one line what became of all files."""
    rejected = sum(not file.accepted for file in verdict.files)
    slices = sum(len(file.slices) for file in verdict.files)
    severities = Counter(placed.finding.severity for placed in places(verdict))
    found = ", ".join(_count(severities[each], each) for each in _WORST_FIRST if severities[each])
    sums = [f"{_count(len(verdict.files), 'file')}, {_count(slices, 'slice')}: accepted"]
    if not verdict.files:
        sums = ["nothing was checked"]
    elif rejected:
        sums = [f"{rejected:,} of {_count(len(verdict.files), 'file')} rejected"]
    sums += [found] if found else []
    sums += [f"{_count(unchecked, 'problem')}, see above"] if unchecked else []
    return "; ".join(sums)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _groups(files: Sequence[FileVerdict]) -> list[list[FileVerdict]]:
    """Put the files with the same findings together where they are many, the worst last."""
    alike: dict[FileVerdict, list[FileVerdict]] = defaultdict(list)
    for file in files:
        alike[_common(file)].append(file)
    groups: dict[int, list[FileVerdict]] = {}
    for file in files:
        group = alike[_common(file)]
        many = len(group) > FEW and any(_findings(file))
        groups.setdefault(id(group if many else file), group if many else [file])
    return sorted(groups.values(), key=lambda group: _weight(group[0]))


def _weight(file: FileVerdict) -> int:
    """Tell how bad the worst finding is; 0 where there is none."""
    ranks = (_WORST_FIRST.index(finding.severity) for finding in _findings(file))
    return max((len(_WORST_FIRST) - rank for rank in ranks), default=0)


def _findings(file: FileVerdict) -> Iterator[Finding]:
    yield from file.findings
    for thin in file.slices:
        yield from thin.findings


def _common(file: FileVerdict) -> FileVerdict:
    """Leave out what is different in every file: names, digests and places."""
    slices = tuple(
        thin._replace(identifier=None, cdhash=None, findings=_unplaced(thin.findings))
        for thin in file.slices
    )
    return FileVerdict(path="", findings=_unplaced(file.findings), slices=slices)


def _unplaced(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(finding._replace(offset=None) for finding in findings)


def _group(files: Sequence[FileVerdict]) -> Iterator[str]:
    for file in files:
        yield f"{'accepted' if file.accepted else 'REJECTED'}  {file_name(file)}"
    file = files[0]
    if len(files) > 1:
        yield f"  each of these {len(files):,}:"
        file = _common(file)
    for finding in file.findings:
        yield f"  {finding_line(finding)}"
    for thin in file.slices:
        yield f"  {_slice(thin)}"
        yield from (f"    {finding_line(finding)}" for finding in thin.findings)


def _slice(thin: SliceVerdict) -> str:
    if not thin.signed:
        return f"{thin.arch}  unsigned"
    cdhash = f"cdhash {thin.cdhash}" if thin.cdhash else ""
    words = (thin.arch, thin.kind, thin.identifier, cdhash)
    return "  ".join(word for word in words if word)


def finding_line(finding: Finding) -> str:
    """Say in one line what was found, and who refuses the file."""
    place = f" at {finding.offset:#x}" if finding.offset is not None else ""
    rule = f"{finding.severity} {finding.rule} {finding.name}{place}"
    return f"{rule}: {printable(finding.message)}{_refusal(finding)}"


def _refusal(finding: Finding) -> str:
    """Say who refuses the file, and with which error."""
    if finding.severity is not Severity.ERROR:
        return ""
    refusing = ", ".join(each for each in finding.enforced_by if each is not Enforcer.POLICY)
    words = ": ".join(word for word in (refusing, finding.apple) if word)
    return f" ({words})" if words else ""


def remedies(files: Iterable[FileVerdict]) -> Iterator[str]:
    """Say what to do about each rule once, errors first."""
    found = [finding for file in files for finding in _findings(file)]
    found.sort(key=lambda finding: _WORST_FIRST.index(finding.severity))
    remedies = dict.fromkeys((f"{each.rule} {each.name}", each.fix) for each in found)
    if not remedies:
        return
    width = max(len(rule) for rule, _ in remedies)
    yield "What to do (countermark explain RULE says why):"
    yield from (f"  {rule:{width}}  {fix}" for rule, fix in remedies)
    yield ""
