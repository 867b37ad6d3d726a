"""Published files that were signed with a certificate of Apple's: all of it is good, and read.

Run with ``COUNTERMARK_CORPUS=DIRECTORY pytest -m corpus``, after ``fetch.py DIRECTORY``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pytest

from countersign.certificates.chain import Chain
from countersign.certificates.cms import SignedMessage, parse_cms
from countersign.checks.requirements import check_requirements
from countersign.checks.trust import check_trust
from countersign.requirements.requirement import RequirementSet, parse_requirements
from countersign.signature import Kind, Signature
from countersign.superblob import Slot
from manifest import read_manifest
from survey import read_corpus

pytestmark = pytest.mark.corpus

SIGNATURES = 37
NOT_FOR_DOWNLOADS = 2
"""Those of msal, with a certificate for the Mac App Store."""


class Certified(NamedTuple):
    """One signature with a certificate."""

    path: Path
    signature: Signature
    cms: SignedMessage
    chain: Chain
    requirements: RequirementSet


@pytest.fixture(scope="session")
def certified() -> tuple[Certified, ...]:
    """Every signature with a certificate in the manifest's archives."""
    directory = os.environ.get("COUNTERMARK_CORPUS")
    if not directory:
        pytest.skip("COUNTERMARK_CORPUS does not name a directory that fetch.py filled")
    folders = {archive.folder for archive in read_manifest()}
    return tuple(
        _certified(sample.path, sample.evidence.signature)
        for sample in read_corpus(Path(directory))
        if sample.folder in folders
        and sample.evidence.signature is not None
        and sample.evidence.signature.kind is Kind.CMS
    )


def _certified(path: Path, signature: Signature) -> Certified:
    message, demanded = (signature.superblob.find(slot) for slot in (Slot.CMS, Slot.REQUIREMENTS))
    assert message is not None
    assert demanded is not None
    cms = parse_cms(message.data[8:])
    assert cms.chain is not None
    return Certified(path, signature, cms, cms.chain, parse_requirements(demanded.data))


def test_every_certificate_of_the_corpus_is_apples(certified: tuple[Certified, ...]) -> None:
    assert len(certified) == SIGNATURES
    assert [each.path for each in certified if not each.chain.is_apple()] == []
    others = [each for each in certified if not each.chain.is_developer_id]
    assert len(others) == NOT_FOR_DOWNLOADS
    assert [each.path for each in certified if not each.chain.is_developer] == []


def test_nothing_but_what_is_not_in_the_file_is_open(certified: tuple[Certified, ...]) -> None:
    for each in certified:
        assert [finding.rule for finding in check_trust(each.signature, 0)] == ["N1"], each.path


def test_team_and_time_of_signing_are_read(certified: tuple[Certified, ...]) -> None:
    for each in certified:
        assert each.chain.leaf.team == each.signature.best.code.team, each.path
        assert each.cms.signing_time is not None
        assert each.cms.stamp_token is not None
        stamp = parse_cms(each.cms.stamp_token).stamp()
        assert abs((stamp.time - each.cms.signing_time).total_seconds()) < 60, each.path


def test_every_designated_requirement_is_read_and_holds(certified: tuple[Certified, ...]) -> None:
    for each in certified:
        identifier = each.signature.best.code.identifier
        assert each.requirements.text.startswith("designated => identifier ")
        assert identifier in each.requirements.text
        assert "anchor apple generic" in each.requirements.text
        chain = each.chain.certificates
        found = check_requirements(each.signature, 0, certificates=chain, is_apple=True)
        assert list(found) == [], each.path
        others = check_requirements(each.signature, 0, certificates=(), is_apple=False)
        assert [finding.rule for finding in others] == ["T1"], each.path
