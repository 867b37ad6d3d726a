"""Verdicts as JUnit's XML, which CI servers show as test results.

One case stands for each file as a whole and one for each of its slices. There is no standard; this
is what Jenkins, GitLab and Azure read: one failure for a case, and no time, which nobody asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

from countermark.render.places import file_name
from countermark.render.problem import problem_entry
from counterproof.rulebook.smoke import SKIPPED
from countersign.escaping import printable
from countersign.findings import FileVerdict, Finding, Severity, Verdict

__all__ = ["junit_report"]


class _Case(NamedTuple):
    """One test case: what it is about, and what was found there."""

    about: str
    name: str
    findings: tuple[Finding, ...] = ()
    problem: str | None = None
    """Why it could not be checked."""

    @property
    def errors(self) -> list[Finding]:
        return [each for each in self.findings if each.severity is Severity.ERROR]

    @property
    def skipped(self) -> Finding | None:
        """Why a test was not made."""
        return next((each for each in self.findings if each.rule == SKIPPED.id), None)

    @property
    def remarks(self) -> list[Finding]:
        return [each for each in self.findings if each.severity is not Severity.ERROR]


def junit_report(verdict: Verdict, problems: Iterable[Exception], *, title: str) -> str:
    """Return a document with one suite, called ``title``; ``problems`` are errors in it."""
    cases = [case for file in verdict.files for case in _cases(file)]
    cases += (_unchecked(problem, title) for problem in problems)
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(bool(case.errors) for case in cases)),
        "errors": str(sum(case.problem is not None for case in cases)),
    }
    skipped = str(sum(case.skipped is not None for case in cases))
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {"name": title, **counts, "skipped": skipped})
    suite.extend(map(_element, cases))
    ET.indent(suites)
    return f"{_DECLARATION}{ET.tostring(suites, encoding='unicode')}\n"


_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _cases(file: FileVerdict) -> Iterator[_Case]:
    name = file_name(file)
    yield _Case(name, "file", file.findings)
    for thin in file.slices:
        yield _Case(name, printable(thin.arch), thin.findings)


def _unchecked(problem: Exception, title: str) -> _Case:
    entry = problem_entry(problem)
    return _Case(title, entry.message, problem=f"{entry.message}\n{entry.fix}".strip())


def _element(case: _Case) -> ET.Element:
    element = ET.Element("testcase", {"classname": case.about, "name": case.name})
    if case.problem is not None:
        ET.SubElement(element, "error", {"message": case.name}).text = case.problem
    if case.errors:
        rules = ", ".join(dict.fromkeys(each.rule for each in case.errors))
        attributes = {"type": rules, "message": printable(case.errors[0].message)}
        ET.SubElement(element, "failure", attributes).text = _lines(case.errors)
    if case.skipped:
        ET.SubElement(element, "skipped", {"message": printable(case.skipped.message)})
    elif case.remarks:
        ET.SubElement(element, "system-out").text = _lines(case.remarks)
    return element


def _lines(findings: Iterable[Finding]) -> str:
    return "\n".join(
        f"{each.severity} {each.rule} {each.name}: {printable(each.message)}\n  fix: {each.fix}"
        for each in findings
    )
