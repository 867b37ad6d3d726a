"""Judging the facts of every image of a tree. The rules of :mod:`counterproof.rulebook.hardening`.

A fault weighs as much as the standard says; what cannot be told is a note, and never passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from counterproof.hardening.allowances import Allowances, load_allowances
from counterproof.hardening.case import Case, build_paths
from counterproof.hardening.elf_checks import ELF_CHECKS
from counterproof.hardening.facts import ElfFacts, Facts, MachOFacts, PeFacts, Undecided, Unreadable
from counterproof.hardening.macho_checks import MACHO_CHECKS
from counterproof.hardening.pe_checks import PE_CHECKS
from counterproof.rulebook.hardening import BUILD_PATH, FOREIGN_LIBRARY, LOCAL, UNREADABLE
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.survey import Sample
from countersign.findings import Finding, Severity
from countersign.image import ImageKind
from countersign.rule import Rule

__all__ = ["Outcome", "check_hardening", "outcomes"]

_TELLING: Final = "Nothing is known to be wrong; the unstripped file of the same build tells."
_CHECKED: Final = (ImageKind.EXECUTABLE, ImageKind.LIBRARY)


class Outcome(NamedTuple):
    """One fault, or one question without an answer."""

    rule: Rule
    problem: str | Undecided
    architecture: str | None = None
    """Of the slice, in a universal Mach-O."""


def check_hardening(subject: Subject) -> Iterator[Located]:
    """Check the programs and libraries of a tree, wherever they stand.

    Raises :class:`ProfileError` when the profile names a table of hardening that there is not.
    """
    name = subject.profile.hardening
    allowances = load_allowances(name) if name else Allowances(name="", title="")
    brought = frozenset(sample.entry.path.name for sample in subject.survey.files)
    for sample in subject.survey.files:
        if sample.facts is None or not _is_checked(subject, sample):
            continue
        case = Case(
            program=sample.entry.path.name.removesuffix(subject.target.executable_suffix),
            allowances=allowances,
            published=subject.form != "build",
            brought=brought,
            closed=subject.closed,
        )
        for outcome in outcomes(sample.facts, case):
            yield Located(sample.entry.path, _finding(outcome, subject))


def outcomes(facts: Facts, case: Case) -> Iterator[Outcome]:
    """Ask everything that there is to ask of an image; what is well is not mentioned."""
    match facts:
        case Unreadable():
            yield Outcome(UNREADABLE, f"not checkable: {facts.why}")
        case ElfFacts():
            for rule, check in ELF_CHECKS:
                yield from (Outcome(rule, answer) for answer in check(facts, case))
        case PeFacts():
            for rule, check_pe in PE_CHECKS:
                yield from (Outcome(rule, answer) for answer in check_pe(facts, case))
        case MachOFacts():
            yield from _of_slices(facts, case)


def _of_slices(facts: MachOFacts, case: Case) -> Iterator[Outcome]:
    for each in facts.slices:
        name = each.architecture if len(facts.slices) > 1 else None
        for rule, check in MACHO_CHECKS:
            yield from (Outcome(rule, answer, name) for answer in check(each, case))
    yield from (Outcome(BUILD_PATH, answer) for answer in build_paths(facts.paths))


def _is_checked(subject: Subject, sample: Sample) -> bool:
    """Leave out parts of a build, and files that hold the debug information of another."""
    if sample.image is None or sample.image.kind not in _CHECKED:
        return False
    return not subject.survey.holds_debug_files and sample.entry.path.suffix != ".dbg"


def _finding(outcome: Outcome, subject: Subject) -> Finding:
    rule, problem, architecture = outcome
    place = f"{architecture}: " if architecture else ""
    if isinstance(problem, Undecided):
        message = f"{place}not checkable: {problem.why}"
        return breach(rule, message, severity=Severity.NOTE, fix=_TELLING)
    strict = subject.standard == "guix-release" or (subject.closed and rule is FOREIGN_LIBRARY)
    severity = rule.severity if strict else LOCAL[rule.id]
    return breach(rule, place + problem, severity=severity)
