"""What ``explain`` tells, as a JSON document."""

from __future__ import annotations

from typing import Literal

import msgspec

from countermark.explanation import Explanation
from countermark.glossary import ErrorName, page_of, seen_on_a_mac
from countermark.render.problem import ProblemEntry, problem_entry
from countermark.render.sighting_entries import ReportEntry, report_entry
from countermark.render.story_entries import (
    FileStoryEntry,
    SymptomEntry,
    story_entry,
    symptom_entry,
)
from countersign.rule import Rule

__all__ = ["ExplainDocument", "explain_document"]


class SinceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The release of macOS from which on somebody refuses."""

    enforcer: str
    macos: int


class RuleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of a rule; rules of layouts have no reason, cause and source."""

    rule: str
    name: str
    severity: Literal["error", "warning", "note"]
    enforced_by: tuple[str, ...]
    since: tuple[SinceEntry, ...]
    apple: str | None
    code: int | None
    demands: str
    why: str | None
    cause: str | None
    fix: str
    symptoms: tuple[SymptomEntry, ...]
    source: str | None
    page: str
    """Where the documentation tells of it."""


class ErrorEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An error of Apple's."""

    name: str
    number: int
    text: str
    rules: tuple[str, ...]
    """Ids of the rules that give it."""


class ExplainDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``explain`` tells."""

    schema: Literal["countermark.explain/1"] = "countermark.explain/1"
    rules: tuple[RuleEntry, ...]
    errors: tuple[ErrorEntry, ...]
    reports: tuple[ReportEntry, ...]
    files: tuple[FileStoryEntry, ...]
    problems: tuple[ProblemEntry, ...]


def explain_document(explanation: Explanation) -> ExplainDocument:
    """Return what ``explain`` prints."""
    known = explanation.meanings
    return ExplainDocument(
        rules=tuple(_rule(each) for each in known if not isinstance(each, ErrorName)),
        errors=tuple(_error(each) for each in known if isinstance(each, ErrorName)),
        reports=tuple(map(report_entry, explanation.reports)),
        files=tuple(map(story_entry, explanation.stories)),
        problems=tuple(map(problem_entry, explanation.problems)),
    )


def _rule(rule: Rule) -> RuleEntry:
    return RuleEntry(
        rule=rule.id,
        name=rule.name,
        severity=rule.severity.value,
        enforced_by=tuple(each.value for each in rule.enforced_by),
        since=tuple(SinceEntry(enforcer=who.value, macos=release) for who, release in rule.since),
        apple=rule.apple,
        code=rule.code,
        demands=rule.demands,
        why=rule.why,
        cause=rule.cause,
        fix=rule.fix,
        symptoms=tuple(map(symptom_entry, seen_on_a_mac(rule))),
        source=rule.source,
        page=page_of(rule.id),
    )


def _error(error: ErrorName) -> ErrorEntry:
    return ErrorEntry(
        name=error.name,
        number=error.number,
        text=error.text,
        rules=tuple(rule.id for rule in error.rules),
    )
