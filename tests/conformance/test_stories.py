"""Every file of the kit has a story, and those that are refused have something that mends them."""

from __future__ import annotations

import pytest

from countersign.diagnosis.examiner import examine
from countersign.diagnosis.mending import find_mending
from countersign.findings import Severity
from countersign.source import BytesSource
from countersign.symptoms import NOTHING, symptoms
from countersign.verifier import verify_image
from countersign.window import Window
from kit.catalogue import Expectation, expectations, make

KIT = expectations()


@pytest.mark.parametrize("expected", KIT, ids=lambda each: each.name)
def test_a_file_is_told_finding_by_finding(expected: Expectation) -> None:
    data = make(expected.name)
    verdict = verify_image(data, path=expected.name)
    story = examine(Window.over(data), verdict)
    assert [told.finding for told in story.findings] == list(verdict.findings)
    for part, judged in zip(story.slices, verdict.slices, strict=True):
        assert [told.finding for told in part.findings] == list(judged.findings)
        for told in part.findings:
            assert told.usually
            assert all(0 <= place.offset <= len(data) for place in told.places)


@pytest.mark.parametrize("expected", KIT, ids=lambda each: each.name)
def test_what_is_refused_is_seen_on_a_mac_and_can_be_mended(expected: Expectation) -> None:
    data = make(expected.name)
    verdict = verify_image(data, path=expected.name)
    mending = find_mending(BytesSource(data), verdict)
    assert (mending is None) is verdict.accepted
    if mending is None:
        return
    assert mending.command is None or mending.tried
    assert mending.command or mending.advice
    story = examine(Window.over(data), verdict)
    for part in story.slices:
        for told in part.findings:
            finding = told.finding
            seen = symptoms(
                finding.rule, finding.enforced_by, subject=part.subject, arm64=part.arm64
            )
            assert finding.severity is not Severity.ERROR or NOTHING not in seen, finding
