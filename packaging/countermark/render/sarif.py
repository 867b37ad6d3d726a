"""Verdicts as SARIF 2.1.0, which GitHub code scanning and other viewers of findings read.

Format: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", errata 01. What
GitHub asks beyond it: "SARIF support for code scanning" in its documentation.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

from countermark import __version__
from countermark.render.places import Placed, places, relative_path
from countermark.render.problem import problem_entry
from countermark.render.rule_texts import RuleText, rule_text
from countersign.escaping import printable
from countersign.findings import Finding, Verdict

__all__ = ["sarif_document"]

Object: TypeAlias = dict[str, object]

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_PROBLEM_SEVERITIES: Final = {"error": "error", "warning": "warning", "note": "recommendation"}
"""GitHub's words by SARIF's levels, which are the words of our severities."""


def sarif_document(verdict: Verdict, problems: Iterable[Exception], *, directory: Path) -> Object:
    """Return a log with one run; files are named as seen from ``directory``.

    ``problems`` are what could not be checked; the run was no success then.
    """
    placed = tuple(places(verdict))
    rules = sorted({each.finding.rule for each in placed})
    notifications = [_notification(problem) for problem in problems]
    run = {
        "tool": {
            "driver": {
                "name": "countermark",
                "semanticVersion": __version__,
                "rules": [_descriptor(rule_text(rule)) for rule in rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not notifications,
                "toolExecutionNotifications": notifications,
            }
        ],
        "results": list(_results(placed, rules, directory)),
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _notification(problem: Exception) -> Object:
    entry = problem_entry(problem)
    return {"level": "error", "message": {"text": f"{entry.message}\n{entry.fix}".strip()}}


def _descriptor(rule: RuleText) -> Object:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.demands},
        "fullDescription": {"text": rule.demands},
        "help": {"text": rule.text, "markdown": rule.markdown},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {
            "tags": ["code-signing", "macos"],
            "precision": "very-high",
            "problem.severity": _PROBLEM_SEVERITIES[rule.severity],
        },
    }


def _results(placed: Iterable[Placed], rules: Sequence[str], directory: Path) -> Iterator[Object]:
    seen: Counter[str] = Counter()
    for each in placed:
        path = relative_path(each.file.path, directory)
        fingerprint = _fingerprint(each, path)
        seen[fingerprint] += 1
        yield {
            "ruleId": each.finding.rule,
            "ruleIndex": rules.index(each.finding.rule),
            "level": each.finding.severity,
            "message": {"text": _message(each)},
            "locations": [_location(each, path)],
            "partialFingerprints": {
                "primaryLocationLineHash": f"{fingerprint}:{seen[fingerprint]}"
            },
            "properties": _properties(each.finding),
        }


def _message(placed: Placed) -> str:
    subject = f"{placed.subject}: " if placed.subject else ""
    return f"{subject}{printable(placed.finding.message)}\n{placed.finding.fix}"


def _location(placed: Placed, path: str) -> Object:
    """Place a finding in its file, and name the member and the slice that it is about.

    GitHub wants a line; what is said of lines and of bytes is independent (3.30.4 of the standard).
    An offset into a member says nothing about the archive, so it stands in the properties only.
    """
    region: Object = {"startLine": 1}
    if placed.file.member is None and placed.finding.offset is not None:
        region["byteOffset"] = placed.finding.offset
    location: Object = {"physicalLocation": {"artifactLocation": _artifact(path), "region": region}}
    if placed.subject:
        location["logicalLocations"] = [{"fullyQualifiedName": placed.subject}]
    return location


def _artifact(path: str) -> Object:
    if path.startswith("/"):
        return {"uri": f"file://{_uri(path)}"}
    return {"uri": _uri(path), "uriBaseId": "%SRCROOT%"}


def _uri(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))


def _fingerprint(placed: Placed, path: str) -> str:
    """Return what stays the same when the file is built anew and the finding is still there."""
    words = (placed.finding.rule, path, placed.subject)
    return hashlib.sha256("\0".join(words).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _properties(finding: Finding) -> Object:
    return {
        "enforcedBy": finding.enforced_by,
        "apple": finding.apple,
        "code": finding.code,
        "offset": finding.offset,
    }
