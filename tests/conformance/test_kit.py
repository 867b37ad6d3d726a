"""The kit is whole and always the same, and countermark says of each file what macOS says."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest

from adapters import unpacked_bundle
from countermark.signatures import verify_paths
from countersign.demands import Demands, apply_demands
from countersign.findings import Enforcer, FileVerdict, Finding, Severity
from countersign.rulebook import RULES
from countersign.signature import Kind
from countersign.verifier import verify_image
from kit.catalogue import ENFORCERS, Expectation, expectations, make, names

KIT = expectations()
PASSING = [each for each in KIT if each.passes]
FAILING = [each for each in KIT if not each.passes]
BUNDLES = [each for each in KIT if each.archived and each.path is None and each.rule != "B17"]
"""All but a pipe, with which no archive is read."""


def findings(verdict: FileVerdict) -> list[Finding]:
    return [*verdict.findings, *(each for one in verdict.slices for each in one.findings)]


def demands(expected: Expectation) -> Demands:
    """Say what the table demands as the command's options do."""
    signed, kind, identifier, team = map(
        expected.demand.get, ("signed", "kind", "identifier", "team")
    )
    return Demands(
        signed=bool(signed),
        kinds=(Kind(str(kind)),) if kind else (),
        identifiers=(str(identifier),) if identifier else (),
        teams=(str(team),) if team else (),
    )


def judged(expected: Expectation, *, unpack: bool = True) -> tuple[FileVerdict, ...]:
    """Judge a file, a bundle or, as the command does, all that is in an archive."""
    if not expected.archived:
        verdict = verify_image(make(expected.name), path=expected.name)
        return (apply_demands(verdict, demands(expected)),)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, expected.name)
        path.write_bytes(make(expected.name))
        bundle = unpacked_bundle(path, expected, Path(place, "unpacked")) if unpack else None
        verified = verify_paths([bundle or path])
    assert not verified.problems
    return verified.verdict.files


def judge(expected: Expectation, *, unpack: bool = True) -> list[Finding]:
    """Give the findings of countermark but for notes on other rules, which warn of nothing."""
    found = [each for file in judged(expected, unpack=unpack) for each in findings(file)]
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


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_every_rule_has_a_file_that_passes_and_one_that_fails(rule_id: str) -> None:
    assert {each.passes for each in KIT if each.rule == rule_id} == {True, False}


@pytest.mark.parametrize("expected", KIT, ids=lambda each: each.name)
def test_the_table_is_sound(expected: Expectation) -> None:
    assert set(expected.verdict) == set(ENFORCERS)
    assert set(expected.verdict.values()) <= {"accept", "refuse"}
    assert expected.primary in (None, expected.rule)
    assert expected.what.endswith(".")
    assert set(expected.demand) <= {"signed", "kind", "identifier", "team"}
    if expected.passes:
        assert not expected.refused_by
        assert not expected.also
    if "codesign" in expected.refused_by:
        assert "codesign-strict" in expected.refused_by


@pytest.mark.parametrize("expected", PASSING, ids=lambda each: each.name)
def test_a_file_that_passes_is_not_complained_about(expected: Expectation) -> None:
    assert judge(expected) == []


@pytest.mark.parametrize("expected", FAILING, ids=lambda each: each.name)
def test_a_file_that_fails_is_refused_for_its_one_reason(expected: Expectation) -> None:
    found = judge(expected)
    assert {each.rule for each in found} == {expected.primary, *expected.also}


@pytest.mark.parametrize("expected", FAILING, ids=lambda each: each.name)
def test_a_file_that_fails_is_refused_by_those_who_refuse_it(expected: Expectation) -> None:
    assert refused_by(judge(expected)) == expected.refused_by | (
        {"policy"} if expected.is_bad else set()
    )


@pytest.mark.parametrize("expected", BUNDLES, ids=lambda each: each.name)
def test_a_bundle_is_judged_in_its_archive_as_out_of_it(expected: Expectation) -> None:
    inside, outside = (judge(expected, unpack=unpack) for unpack in (False, True))
    assert sorted(map(str, inside)) == sorted(map(str, outside))


@pytest.mark.parametrize("expected", FAILING, ids=lambda each: each.name)
def test_the_place_of_a_finding_lies_in_the_file(expected: Expectation) -> None:
    size = len(make(expected.name))
    for finding in judge(expected):
        assert finding.offset is None or 0 <= finding.offset <= size


@pytest.mark.parametrize("name", sorted(names()))
def test_a_file_is_made_the_same_every_time(name: str) -> None:
    first, second = (hashlib.sha256(make(name)).hexdigest() for _ in range(2))
    assert first == second
