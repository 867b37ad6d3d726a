"""The kit is whole and always the same, and countermark says of each file what macOS says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet

from countersign.findings import Enforcer, FileVerdict, Finding, Severity
from countersign.rules import RULES
from countersign.verifier import verify_image
from kit.catalogue import ENFORCERS, Expectation, expectations, make, names

KIT = expectations()
PASSING = [each for each in KIT if each.passes]
FAILING = [each for each in KIT if not each.passes]
WITHOUT_PAIR = {
    **dict.fromkeys(("N1", "N5"), "say that something was not checked; there is nothing to break"),
    **dict.fromkeys(("Q1", "Q2", "Q3", "Q4"), "demands of the one who verifies, not of macOS"),
}

DISPUTED = {
    "F1-fail": "dyld reads a program's load commands, too: JustInTimeLoader.cpp:1458",
    "F1-fail.dylib": "a library's load commands are dyld's to read: UnsafeHeader.cpp:467",
    "K11-fail": "the kernel alone picks a program's slice: kern_exec.c:1416",
    "K11-fail.dylib": "dyld alone picks a library's slice: Universal.cpp validSlice",
    "R1-fail.dylib": "dyld takes 64-bit tables: Universal.cpp:59",
    "R2-fail": "dyld finds no slice to load, either: MachOFile.cpp:1780",
    "R3-fail": "--strict compares the last slice's end with the file: macho++.cpp:664",
    "R4-fail.dylib": "dyld refuses the library: Universal.cpp 'duplicate slices'",
    "R5-fail": "--strict: the size of the gap wraps around: macho++.cpp:617",
    "R6-pass": "the gap before the first slice may be of any size: macho++.cpp:619",
    "R9-fail": "the kernel maps a program: mach_loader.c:2041",
    "R9-fail.dylib": "dyld refuses the library: Universal.cpp validSlice",
    "R11-fail-two": "dyld refuses two: MachOLoaded.cpp:138; the kernel takes the first",
    "R12-fail": "codesign reads the superblob alone: blob.cpp readBlob",
    "R16-fail-longer.dylib": "what a library lacks is read as zeros: kern_descrip.c:4060",
    "R19-fail": "dyld registers libraries alone: JustInTimeLoader.cpp",
    "R33-fail-page": "dyld registers libraries alone: JustInTimeLoader.cpp",
    "R33-fail-nothing": "codesign wants a signed byte: codedirectory.cpp:205",
}
"""Files on which countermark says something else than Apple's sources, and where these say it."""


def cases(every: Iterable[Expectation]) -> list[ParameterSet]:
    return [
        pytest.param(
            each,
            id=each.name,
            marks=[pytest.mark.xfail(strict=False, reason=DISPUTED[each.name])]
            if each.name in DISPUTED
            else [],
        )
        for each in every
    ]


def findings(verdict: FileVerdict) -> list[Finding]:
    return [*verdict.findings, *(each for one in verdict.slices for each in one.findings)]


def judge(expected: Expectation) -> list[Finding]:
    """Give the findings of countermark but for notes on other rules, which warn of nothing."""
    found = findings(verify_image(make(expected.name), path=expected.name))
    return [
        each
        for each in found
        if each.severity is not Severity.NOTE or each.rule == expected.primary
    ]


def refused_by(found: list[Finding]) -> set[str]:
    """Tell who refuses; what ``codesign`` refuses, it refuses with ``--strict`` too."""
    errors = [each for each in found if each.severity is Severity.ERROR]
    enforcers = {enforcer for each in errors for enforcer in each.enforced_by}
    if Enforcer.CODESIGN in enforcers:
        enforcers.add(Enforcer.CODESIGN_STRICT)
    return {str(each) for each in enforcers}


def test_every_file_has_its_expectation_and_every_expectation_its_file() -> None:
    assert sorted(each.name for each in KIT) == sorted(names())


@pytest.mark.parametrize("rule_id", sorted(set(RULES) - set(WITHOUT_PAIR)))
def test_every_rule_has_a_file_that_passes_and_one_that_fails(rule_id: str) -> None:
    assert {each.passes for each in KIT if each.rule == rule_id} == {True, False}


@pytest.mark.parametrize("expected", KIT, ids=lambda each: each.name)
def test_the_table_is_sound(expected: Expectation) -> None:
    assert set(expected.verdict) == set(ENFORCERS)
    assert set(expected.verdict.values()) <= {"accept", "refuse"}
    assert expected.primary in (None, expected.rule)
    assert expected.what.endswith(".")
    if expected.passes:
        assert not expected.refused_by
        assert not expected.also
    if "codesign" in expected.refused_by:
        assert "codesign-strict" in expected.refused_by


@pytest.mark.parametrize("expected", cases(PASSING))
def test_a_file_that_passes_is_not_complained_about(expected: Expectation) -> None:
    assert judge(expected) == []


@pytest.mark.parametrize("expected", cases(FAILING))
def test_a_file_that_fails_is_refused_for_its_one_reason(expected: Expectation) -> None:
    found = judge(expected)
    assert {each.rule for each in found} == {expected.primary, *expected.also}


@pytest.mark.parametrize("expected", cases(FAILING))
def test_a_file_that_fails_is_refused_by_those_who_refuse_it(expected: Expectation) -> None:
    assert refused_by(judge(expected)) == expected.refused_by


@pytest.mark.parametrize("expected", FAILING, ids=lambda each: each.name)
def test_the_place_of_a_finding_lies_in_the_file(expected: Expectation) -> None:
    size = len(make(expected.name))
    for finding in judge(expected):
        assert finding.offset is None or 0 <= finding.offset <= size


@pytest.mark.parametrize("name", sorted(names()))
def test_a_file_is_made_the_same_every_time(name: str) -> None:
    first, second = (hashlib.sha256(make(name)).hexdigest() for _ in range(2))
    assert first == second
