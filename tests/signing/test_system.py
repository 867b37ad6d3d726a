"""Which Macs a verdict is about, and what that changes."""

from __future__ import annotations

import pytest

from countersign.errors import TargetError
from countersign.findings import Enforcer, Severity
from countersign.system import NEWEST, System, parse_target
from countersign.verifier import verify_image
from macho import Macho

NO_UUID = Macho(uuid=False, minimum=(26, 0, 0)).sealed().build()
LARGE_PAGES = Macho(arch="x86_64", text_pages=4).sealed(page_size=0x4000).build()
ARM_HOST, INTEL_HOST = "arm64-apple-darwin", "x86_64-apple-darwin"


@pytest.mark.parametrize(
    ("text", "releases"),
    [("macos:27", (27,)), ("macos:13..27", (13, 14, 15, 26, 27)), ("macos:15..26", (15, 26))],
)
def test_a_target_names_releases(text: str, releases: tuple[int, ...]) -> None:
    assert parse_target(text) == System(releases)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "macos",
        "macos:20",
        "macos:27..13",
        "ios:17",
        "macos:13..",
        "macos:9999",
        "macos:\u0661\u0663",
    ],
)
def test_another_target_is_refused(text: str) -> None:
    with pytest.raises(TargetError):
        parse_target(text)


def test_another_host_is_refused() -> None:
    with pytest.raises(TargetError, match="no Mac"):
        parse_target("macos:27", ("x86_64-linux-gnu",))


def test_an_older_release_forgives_what_only_newer_ones_refuse() -> None:
    assert not verify_image(NO_UUID, path="file").accepted
    verdict = verify_image(NO_UUID, path="file", system=parse_target("macos:13..15"))
    assert verdict.accepted
    (finding,) = verdict.slices[0].findings
    assert (finding.rule, finding.severity) == ("K7", Severity.NOTE)


def test_a_range_is_as_strict_as_its_newest_release() -> None:
    assert not verify_image(NO_UUID, path="file", system=parse_target("macos:13..27")).accepted


def test_the_page_size_of_an_intel_slice_depends_on_the_mac() -> None:
    def accepts(*hosts: str) -> bool:
        system = parse_target("macos:26", hosts)
        return verify_image(LARGE_PAGES, path="file", system=system).accepted

    assert accepts(ARM_HOST)
    assert not accepts(INTEL_HOST)
    assert not accepts()


def test_a_mac_does_not_refuse_what_it_does_not_run() -> None:
    system = parse_target("macos:26", (INTEL_HOST,))
    verdict = verify_image(NO_UUID, path="file", system=system)
    assert verdict.accepted
    assert verdict.slices[0].findings[0].enforced_by == (Enforcer.DYLD,)


def test_the_newest_release_on_both_cpus_is_the_default() -> None:
    assert parse_target("macos:27") == NEWEST
