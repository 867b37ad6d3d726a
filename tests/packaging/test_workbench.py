"""Running a signer on one image."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from countermark.contenders import Contender, Role
from countermark.errors import WorkError
from countermark.subjects import made_subject
from countermark.workbench import Workbench, broken_rules, space_needed
from countersign.findings import FileVerdict, Severity, SliceVerdict
from countersign.rules import broken
from countersign.settings import Settings
from countersign.signer import sign_bytes
from countersign.style import Style
from macho import Macho

COPY = Contender(name="cp", role=Role.SIGN, argv=("cp", "SOURCE", "TARGET"))


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    bench = Workbench(root=tmp_path, environment=os.environ)
    made_subject(50_000).write(bench.source)
    return bench


def test_what_a_contender_wrote_is_gone_after_its_run(workbench: Workbench) -> None:
    run = workbench.run(COPY)
    assert run.verdict is not None
    assert run.seconds > 0
    assert not workbench.target.exists()
    assert not workbench.signed.exists()


def test_what_is_kept_is_the_signed_image_of_later_runs(workbench: Workbench) -> None:
    workbench.run(COPY, keep=True)
    assert workbench.signed.read_bytes() == workbench.source.read_bytes()


def test_one_that_signs_in_place_gets_a_copy(workbench: Workbench) -> None:
    script = 'cmp "$1" "$2" && echo x >>"$1"'
    argv = ("sh", "-c", script, "sh", "TARGET", "SOURCE")
    before = workbench.source.read_bytes()
    workbench.run(Contender(name="x", role=Role.SIGN, argv=argv, in_place=True))
    assert workbench.source.read_bytes() == before


def test_one_that_fails_leaves_nothing_behind(workbench: Workbench) -> None:
    argv = ("sh", "-c", 'echo half >"$1"; exit 1', "sh", "TARGET")
    with pytest.raises(WorkError, match="exit 1"):
        workbench.run(Contender(name="x", role=Role.SIGN, argv=argv))
    assert not workbench.target.exists()


def test_the_pages_of_the_image_are_hashed(workbench: Workbench) -> None:
    run = workbench.hash_pages(0x1000)
    assert run.seconds > 0
    assert run.verdict is None


@pytest.mark.parametrize("pages", [1, 1000])
def test_the_space_is_enough_for_four_of_the_largest_signatures(pages: int) -> None:
    image = Macho(arch="x86_64", text_pages=pages, minimum=(10, 9, 0)).build()
    signed = sign_bytes(image, "x" * 200, Settings(style=Style.MACOS15))
    assert 4 * len(signed) <= space_needed(len(image))


def test_only_errors_reject_and_each_rule_is_named_once() -> None:
    wrong, odd = broken("R27", 0, "page 0"), broken("R34", 0, "padding")
    assert (wrong.severity, odd.severity) == (Severity.ERROR, Severity.WARNING)
    thin = SliceVerdict(arch="arm64", signed=True, findings=(wrong, odd, wrong))
    verdict = FileVerdict(path="x", findings=(broken("R8", 9, "end"),), slices=(thin,))
    assert broken_rules(verdict) == ("R8", "R27")
    assert broken_rules(verdict._replace(findings=(), slices=())) == ()
