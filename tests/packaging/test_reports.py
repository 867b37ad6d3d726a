"""Verdicts as SARIF, JUnit's XML, and GitHub's annotations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml

from countermark.errors import WorkError
from countermark.render.encoding import to_json
from countermark.render.github import workflow_commands
from countermark.render.junit import junit_report
from countermark.render.places import relative_path
from countermark.render.rule_texts import rule_text
from countermark.render.sarif import sarif_document
from countermark.rules import EVERY_RULE
from counterproof.rules import RULES as LAYOUT_RULES
from counterproof.rules import breach
from countersign.findings import FileVerdict, Finding, Severity, SliceVerdict, Verdict
from countersign.rulebook import RULES
from countersign.rules import broken
from sarif_schema import sarif_schema

HERE = Path("/releases/tree")
PAGE = broken("R27", 0x4000, "page 1 was changed after it was signed")
LAYOUT = breach(next(iter(LAYOUT_RULES.values())), "there is nothing in it")
WARNING = broken("P3", None, "two identifiers")._replace(severity=Severity.WARNING)
NOTE = broken("P3", None, "one identifier")._replace(severity=Severity.NOTE)
SLICE = SliceVerdict(arch="arm64", signed=True, kind="ad-hoc", identifier="a", cdhash="ab" * 20)
GOOD = FileVerdict(path="bin/good", slices=(SLICE,))
BAD = FileVerdict(path="bin/bad", findings=(WARNING,), slices=(SLICE._replace(findings=(PAGE,)),))
MEMBER = FileVerdict(
    path="/elsewhere/a b.zip", member="bin/x", slices=(SLICE._replace(findings=(PAGE, NOTE)),)
)
EMPTY = FileVerdict(path="dist", findings=(LAYOUT,))
MIXED = Verdict(files=(GOOD, BAD, MEMBER, EMPTY))
PROBLEM = WorkError("bin/secret cannot be read", hint="Check its mode.")

VALIDATOR = jsonschema.Draft4Validator(
    sarif_schema(), format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
)
texts = st.text(max_size=12) | st.sampled_from(["%\r\n:,", "::error::x", "\udcff", "\x00", "]]>"])


def sarif(verdict: Verdict, *problems: Exception, directory: Path = HERE) -> Any:  # noqa: ANN401
    """Print a log, hold it against the published schema, and read it again."""
    document = json.loads(to_json(sarif_document(verdict, problems, directory=directory)))
    VALIDATOR.validate(document)
    return document


def results(verdict: Verdict) -> list[Any]:
    found: list[Any] = sarif(verdict)["runs"][0]["results"]
    return found


def test_a_log_without_findings_is_one_too() -> None:
    (run,) = sarif(Verdict(files=(GOOD,)))["runs"]
    assert run["results"] == run["tool"]["driver"]["rules"] == []
    assert run["invocations"][0]["executionSuccessful"] is True


def test_every_finding_is_a_result_at_its_file() -> None:
    page, member = results(MIXED)[1], results(MIXED)[2]
    assert [each["ruleId"] for each in results(MIXED)] == ["P3", "R27", "R27", "P3", "L01"]
    assert [each["level"] for each in results(MIXED)] == [
        "warning",
        "error",
        "error",
        "note",
        "error",
    ]
    (place,) = page["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "bin/bad", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1, "byteOffset": 0x4000},
    }
    assert place["logicalLocations"] == [{"fullyQualifiedName": "arm64"}]
    assert page["message"]["text"] == f"arm64: {PAGE.message}\n{PAGE.fix}"
    assert page["properties"] == {
        "enforcedBy": ["kernel", "codesign"],
        "apple": "errSecCSSignatureFailed",
        "code": -67061,
        "offset": 0x4000,
    }
    (place,) = member["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "file:///elsewhere/a%20b.zip"},
        "region": {"startLine": 1},
    }
    assert place["logicalLocations"] == [{"fullyQualifiedName": "bin/x, arm64"}]


def test_every_rule_of_a_result_is_described_once() -> None:
    (run,) = sarif(MIXED)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["L01", "P3", "R27"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert rules[2]["defaultConfiguration"] == {"level": "error"}
    for text in (RULES["R27"].why, RULES["R27"].cause, RULES["R27"].fix, RULES["R27"].source):
        assert text in rules[2]["help"]["text"]
        assert text in rules[2]["help"]["markdown"]


@pytest.mark.parametrize("rule_id", EVERY_RULE)
def test_every_rule_can_be_described(rule_id: str) -> None:
    finding = Finding(
        rule=rule_id, name="", severity=Severity.ERROR, enforced_by=(), message="", fix=""
    )
    assert len(results(Verdict(files=(FileVerdict(path="a", findings=(finding,)),)))) == 1
    assert rule_text(rule_id).demands in rule_text(rule_id).text


def test_fingerprints_tell_findings_apart_and_outlast_a_new_build() -> None:
    def fingerprints(*files: FileVerdict) -> list[str]:
        found = results(Verdict(files=files))
        return [each["partialFingerprints"]["primaryLocationLineHash"] for each in found]

    everything = fingerprints(BAD, BAD._replace(member="x"), BAD._replace(path="c"))
    assert len(set(everything)) == 6
    moved = SLICE._replace(findings=(PAGE._replace(offset=0, message="page 0"),))
    assert fingerprints(BAD._replace(slices=(moved,))) == fingerprints(BAD)
    twice = fingerprints(FileVerdict(path="a", findings=(PAGE, PAGE)))
    assert [each.partition(":")[2] for each in twice] == ["1", "2"]
    assert len(set(twice)) == 2


def test_what_could_not_be_checked_makes_the_run_no_success() -> None:
    (run,) = sarif(Verdict(files=(GOOD,)), PROBLEM)["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == f"{PROBLEM}\n{PROBLEM.hint}"


@given(texts, texts, texts)
def test_no_name_breaks_a_log(path: str, member: str, message: str) -> None:
    finding = PAGE._replace(message=message)
    sarif(Verdict(files=(FileVerdict(path=path, member=member, findings=(finding,)),)))


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("bin/a", "bin/a"),
        ("./bin//a", "bin/a"),
        ("/releases/tree/bin/a", "bin/a"),
        ("../tree/a", "a"),
        ("../b", "/releases/b"),
        ("/releases/tree2/a", "/releases/tree2/a"),
        (".", "."),
    ],
)
def test_files_are_named_as_seen_from_the_directory(path: str, wanted: str) -> None:
    assert relative_path(path, HERE) == wanted


CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "system-out"},
}
ATTRIBUTES = {
    "testsuites": {"tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped"},
    "testcase": {"classname", "name"},
    "failure": {"type", "message"},
    "error": {"message"},
    "system-out": set(),
}
"""What is written, a part of what Jenkins' junit-10.xsd allows."""


def junit(verdict: Verdict, *problems: Exception) -> ET.Element:
    """Write a report, check that it is made as CI servers want it, and give its one suite."""
    root = ET.fromstring(junit_report(verdict, problems, title="countermark verify"))
    for element in root.iter():
        assert set(element.keys()) == ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    (suite,) = root
    for counted in (root, suite):
        assert counted.get("tests") == str(len(suite))
        assert counted.get("failures") == str(len(list(suite.iter("failure"))))
        assert counted.get("errors") == str(len(list(suite.iter("error"))))
    return suite


def test_every_file_and_every_slice_is_a_case() -> None:
    suite = junit(MIXED)
    assert suite.get("name") == "countermark verify"
    assert [(case.get("classname"), case.get("name"), len(case)) for case in suite] == [
        ("bin/good", "file", 0),
        ("bin/good", "arm64", 0),
        ("bin/bad", "file", 1),
        ("bin/bad", "arm64", 1),
        ("/elsewhere/a b.zip: bin/x", "file", 0),
        ("/elsewhere/a b.zip: bin/x", "arm64", 2),
        ("dist", "file", 1),
    ]
    assert suite.get("failures") == "3"


def test_errors_fail_a_case_and_the_rest_is_its_output() -> None:
    twice = SLICE._replace(findings=(PAGE, WARNING, PAGE._replace(rule="R41", message="slot")))
    case = junit(Verdict(files=(FileVerdict(path="a", slices=(twice,)),)))[1]
    failure, output = case
    assert (failure.get("type"), failure.get("message")) == ("R27, R41", PAGE.message)
    assert failure.text is not None
    for word in (PAGE.message, PAGE.fix, "slot", "R41"):
        assert word in failure.text
    assert output.tag == "system-out"
    assert output.text is not None
    assert WARNING.message in output.text


def test_another_reader_sees_the_same_cases_in_a_test_report() -> None:
    text = junit_report(MIXED, (PROBLEM,), title="countermark verify")
    (suite,) = JUnitXml.fromstring(text.encode())
    assert suite.name == "countermark verify"
    assert (suite.tests, suite.failures, suite.errors) == (8, 3, 1)
    *_, layout, problem = suite
    assert (layout.classname, layout.name) == ("dist", "file")
    (failure,) = layout.result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message) == (LAYOUT.rule, LAYOUT.message)
    (error,) = problem.result
    assert isinstance(error, Error)
    assert PROBLEM.hint in error.text


def test_what_could_not_be_checked_is_an_error_of_the_suite() -> None:
    suite = junit(Verdict(), PROBLEM)
    (case,) = suite
    assert (case.get("classname"), case.get("name")) == ("countermark verify", str(PROBLEM))
    assert case[0].text == f"{PROBLEM}\n{PROBLEM.hint}"


@given(texts, texts, texts)
def test_no_name_breaks_a_test_report(path: str, member: str, message: str) -> None:
    finding = PAGE._replace(message=message)
    file = FileVerdict(path=path, member=member, findings=(finding,))
    assert len(junit(Verdict(files=(file,)), WorkError(message))) == 2


def commands(verdict: Verdict, *problems: Exception) -> list[str]:
    return workflow_commands(verdict, problems, directory=HERE).splitlines()


def test_every_finding_is_an_annotation_and_the_sum_stands_last() -> None:
    warning, page, member, note, layout, last = commands(MIXED)
    assert warning.startswith("::warning file=bin/bad,title=P3 same-identifier::bin/bad: two ident")
    assert page.startswith("::error file=bin/bad,title=R27 page-hash::bin/bad, arm64, at 0x4000: ")
    assert PAGE.message in page
    assert PAGE.fix in page
    assert "file=/elsewhere/a b.zip," in member
    assert "::/elsewhere/a b.zip: bin/x, arm64, at" in member
    assert note.startswith("::notice ")
    assert layout.startswith("::error file=dist,")
    assert last == "3 of 4 files rejected; 3 errors, 1 warning, 1 note"


def test_a_problem_is_an_annotation_too() -> None:
    problem, last = commands(Verdict(files=(GOOD,)), PROBLEM)
    assert problem.startswith(
        "::error title=could not be checked::bin/secret cannot be read. Check"
    )
    assert last == "1 file, 1 slice: accepted; 1 problem, see above"


def test_what_separates_in_a_command_is_escaped() -> None:
    file = FileVerdict(path="a,b:c%", findings=(PAGE._replace(message="50% off"),))
    (command, _) = commands(Verdict(files=(file,)))
    assert command.startswith(
        "::error file=a%2Cb%3Ac%25,title=R27 page-hash::a,b:c%25, at 0x4000: "
    )
    assert "50%25 off" in command


@given(texts, texts, texts)
def test_no_name_starts_a_command_of_its_own(path: str, member: str, message: str) -> None:
    finding = PAGE._replace(message=message)
    file = FileVerdict(path=path, member=member, findings=(finding,))
    text = workflow_commands(Verdict(files=(file,)), [], directory=HERE)
    assert [line[:8] for line in text.split("\n")] == ["::error ", "1 of 1 f"]
    assert "\r" not in text
