"""How results look: tables, verdicts, errors, plans, and the documents of the contract."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.changes import Change
from countermark.difference.files import Comparison
from countermark.doctor import Examined
from countermark.errors import CommandError, ConfigurationError, MissingToolError, RejectedError
from countermark.flow import ALL_STEPS, BUILD_STEPS, STAGE_STEPS, Release, describe
from countermark.hosts import HOSTS
from countermark.manifest import ArtifactRow, HostRow, ImageRow, Ledger
from countermark.packing.archive import Artifact
from countermark.pipeline import HostOutcome, Outcome, Step
from countermark.publication.documents import Documents
from countermark.render.change_documents import sign_document, unsign_document
from countermark.render.compare_document import compare_document
from countermark.render.document import (
    DOCUMENTS,
    doctor_document,
    plan_document,
    schema_of,
    verify_document,
)
from countermark.render.encoding import to_json
from countermark.render.lines import LineProgress
from countermark.render.table import table
from countermark.render.text import (
    describe_failures,
    describe_plan,
    describe_release,
)
from countermark.render.trouble import describe_error
from countermark.render.verdict import describe_verdict, summary
from countersign.comparison.ranges import Compared, Difference
from countersign.embedding import SignedSlice
from countersign.errors import NotSignableError
from countersign.findings import Enforcer, FileVerdict, Finding, Severity, SliceVerdict, Verdict
from countersign.signature import Kind
from countersign.signer import Signed
from countersign.unsigner import Unsigned
from suites import plan, schema_errors, suite

SUITE_STEPS = [step for step in Step if step is not Step.SUPPLY]
"""The steps of a suite that needs no dependencies."""

FINDING = Finding(
    rule="R27",
    name="page-hash",
    severity=Severity.ERROR,
    enforced_by=(Enforcer.KERNEL, Enforcer.CODESIGN),
    apple="errSecCSSignatureFailed",
    code=-67061,
    offset=16384,
    message="page 1 has another hash",
    fix="Sign it again.",
)
GOOD_SLICE = SliceVerdict(
    arch="arm64",
    signed=True,
    kind="ad-hoc",
    identifier="bitcoin",
    cdhash="ab" * 20,
    flags=("adhoc",),
    page_size=16384,
)
BAD_SLICE = GOOD_SLICE._replace(findings=(FINDING,))
GOOD = FileVerdict(path="bin/good", slices=(GOOD_SLICE,))
BAD = FileVerdict(path="a.tar.gz", member="bin/bad", slices=(BAD_SLICE,))
WARNED = FileVerdict(
    path="bin/warned", findings=(FINDING._replace(severity=Severity.WARNING, offset=None),)
)
UNSIGNED = FileVerdict(path="bin/unsigned", slices=(SliceVerdict(arch="x86_64", signed=False),))

cells = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9)


@settings(deadline=None)
@given(st.lists(st.tuples(cells, cells, cells), max_size=5))
def test_the_columns_of_a_table_are_aligned(rows: list[tuple[str, str, str]]) -> None:
    lines = table(("name", "size", "last"), rows).splitlines()
    assert len(lines) == len(rows) + 1
    widths = [max(map(len, column)) for column in zip(("name", "size", "last"), *rows, strict=True)]
    for line, (name, size, last) in zip(lines, [("name", "size", "last"), *rows], strict=True):
        assert line[: widths[0]].rstrip() == name
        assert line[widths[0] + 2 :][: widths[1]].lstrip() == size
        assert line[widths[0] + widths[1] + 4 :] == last


def test_sizes_stand_to_the_right_and_lines_end_without_spaces() -> None:
    assert table(("", "size", "end"), [("a", "1,000", ""), ("bb", "7", "x")]).splitlines() == [
        "     size  end",
        "a   1,000",
        "bb      7  x",
    ]


def test_an_accepted_file_shows_its_slices() -> None:
    assert describe_verdict(Verdict(files=(GOOD,))).splitlines() == [
        "accepted  bin/good",
        f"  arm64  ad-hoc  bitcoin  cdhash {'ab' * 20}",
        "",
        "1 file, 1 slice: accepted",
    ]


def test_a_finding_shows_rule_place_who_refuses_and_what_to_do() -> None:
    assert describe_verdict(Verdict(files=(BAD,))).splitlines() == [
        "REJECTED  a.tar.gz: bin/bad",
        f"  arm64  ad-hoc  bitcoin  cdhash {'ab' * 20}",
        "    error R27 page-hash at 0x4000: page 1 has another hash "
        "(kernel, codesign: errSecCSSignatureFailed)",
        "",
        "What to do (countermark explain RULE says why):",
        "  R27 page-hash  Sign it again.",
        "",
        "1 of 1 file rejected; 1 error",
    ]


def test_a_warning_does_not_reject_and_names_no_enforcer() -> None:
    first, second, *_, last = describe_verdict(Verdict(files=(WARNED,))).splitlines()
    assert first == "accepted  bin/warned"
    assert second == "  warning R27 page-hash: page 1 has another hash"
    assert last == "1 file, 0 slices: accepted; 1 warning"


def test_what_our_own_policy_rejects_is_refused_by_nobody_else() -> None:
    ours = FINDING._replace(enforced_by=(Enforcer.POLICY,), apple=None)
    text = describe_verdict(Verdict(files=(WARNED._replace(findings=(ours,)),)))
    assert text.splitlines()[1].endswith(": page 1 has another hash")


def test_an_unsigned_slice_is_called_so() -> None:
    assert "  x86_64  unsigned\n" in describe_verdict(Verdict(files=(UNSIGNED,)))


def test_what_is_rejected_stands_last_next_to_the_sum() -> None:
    text = describe_verdict(Verdict(files=(BAD, WARNED, GOOD, UNSIGNED)), 2)
    lines = text.splitlines()
    assert [line for line in lines if line[:8] in ("accepted", "REJECTED")] == [
        "accepted  bin/good",
        "accepted  bin/unsigned",
        "accepted  bin/warned",
        "REJECTED  a.tar.gz: bin/bad",
    ]
    assert lines[-1] == "1 of 4 files rejected; 1 error, 1 warning; 2 problems, see above"


def test_what_to_do_is_said_once_for_each_rule_errors_first() -> None:
    other = FINDING._replace(rule="P3", name="same-identifier", fix="Sign all slices together.")
    warning = other._replace(severity=Severity.WARNING)
    files = [BAD._replace(path=str(number)) for number in range(3)]
    text = describe_verdict(Verdict(files=(WARNED._replace(findings=(warning,)), *files)))
    assert text.splitlines()[-5:-2] == [
        "What to do (countermark explain RULE says why):",
        "  R27 page-hash       Sign it again.",
        "  P3 same-identifier  Sign all slices together.",
    ]
    assert text.count("Sign it again.") == 1


def test_the_same_findings_of_many_files_are_told_once() -> None:
    def named(number: int) -> FileVerdict:
        finding = FINDING._replace(offset=number)
        thin = BAD_SLICE._replace(identifier=str(number), cdhash=str(number), findings=(finding,))
        return FileVerdict(path=f"lib/{number}", slices=(thin,))

    files = tuple(map(named, range(4)))
    assert describe_verdict(Verdict(files=(*files, GOOD))).splitlines()[2:] == [
        "REJECTED  lib/0",
        "REJECTED  lib/1",
        "REJECTED  lib/2",
        "REJECTED  lib/3",
        "  each of these 4:",
        "  arm64  ad-hoc",
        "    error R27 page-hash: page 1 has another hash "
        "(kernel, codesign: errSecCSSignatureFailed)",
        "",
        "What to do (countermark explain RULE says why):",
        "  R27 page-hash  Sign it again.",
        "",
        "4 of 5 files rejected; 4 errors",
    ]
    assert "each of" not in describe_verdict(Verdict(files=files[:3]))
    other = files[3]._replace(slices=(files[3].slices[0]._replace(arch="x86_64"),))
    assert "each of" not in describe_verdict(Verdict(files=(*files[:3], other)))


def test_files_without_findings_are_never_folded() -> None:
    files = tuple(GOOD._replace(path=str(number)) for number in range(9))
    assert describe_verdict(Verdict(files=files)).count("cdhash") == 9


def test_only_bad_files_are_shown_when_only_these_are_wanted() -> None:
    text = describe_verdict(Verdict(files=(GOOD, BAD, WARNED)), only_bad=True)
    assert "bin/bad" in text
    assert "bin/good" not in text
    assert "bin/warned" not in text
    assert text.endswith("\n1 of 3 files rejected; 1 error, 1 warning")


def test_nothing_is_said_of_no_files() -> None:
    assert describe_verdict(Verdict(), 1) == ""
    assert summary(Verdict(), 1) == "nothing was checked; 1 problem, see above"


def test_an_error_shows_what_happened_and_what_to_do() -> None:
    lines = describe_error(ConfigurationError("no such suite", hint="Name one.")).splitlines()
    assert "no such suite" in lines[0]
    assert "hint: Name one." in lines[1]


def test_an_error_without_a_hint_is_one_line() -> None:
    assert len(describe_error(ConfigurationError("no")).splitlines()) == 1


def test_a_failed_command_shows_its_lines_before_the_hint() -> None:
    error = CommandError(
        "compiling", status="exit 1", log=Path("/l"), tail=["one", "two"], hint="Mend it."
    )
    lines = describe_error(error).splitlines()
    assert [line.split()[-1] for line in lines[1:3]] == ["one", "two"]
    assert "Mend it." in lines[3]


def document_of(document: msgspec.Struct) -> dict[str, Any]:
    """Print a document, hold it against its own schema, and read it again."""
    text = to_json(document)
    assert text.endswith("}\n")
    read: dict[str, Any] = json.loads(text)
    assert schema_errors(schema_of(read["schema"]), read) == []
    return read


def test_the_verdict_document_follows_the_contract() -> None:
    document = document_of(verify_document(Verdict(files=(GOOD, BAD, WARNED, UNSIGNED))))
    assert list(document) == ["schema", "accepted", "files", "problems"]
    assert document["schema"] == "countermark.verify/1"
    assert document["accepted"] is False
    good, bad, warned, unsigned = document["files"]
    assert list(bad) == ["path", "member", "accepted", "findings", "slices"]
    assert (good["member"], bad["member"]) == (None, "bin/bad")
    assert [file["accepted"] for file in document["files"]] == [True, False, True, True]
    assert bad["slices"] == [
        {
            "arch": "arm64",
            "signed": True,
            "kind": "ad-hoc",
            "accepted": False,
            "identifier": "bitcoin",
            "cdhash": "ab" * 20,
            "flags": ["adhoc"],
            "page_size": 16384,
            "findings": [
                {
                    "rule": "R27",
                    "name": "page-hash",
                    "severity": "error",
                    "enforced_by": ["kernel", "codesign"],
                    "apple": "errSecCSSignatureFailed",
                    "code": -67061,
                    "offset": 16384,
                    "message": FINDING.message,
                    "fix": FINDING.fix,
                }
            ],
        }
    ]
    assert warned["findings"][0]["offset"] is None
    assert (unsigned["slices"][0]["signed"], unsigned["slices"][0]["kind"]) == (False, None)


def test_a_verdict_on_nothing_is_not_accepted() -> None:
    assert document_of(verify_document(Verdict()))["accepted"] is False


def test_a_document_keeps_letters_beyond_ascii() -> None:
    assert "ü" in to_json(verify_document(Verdict(files=(GOOD._replace(path="ü"),))))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_demands_its_own_name_and_refuses_what_is_unknown(name: str) -> None:
    errors = " ".join(schema_errors(schema_of(name), {"schema": "other/1", "unknown": 1}))
    assert "other/1" in errors
    assert "unknown" in errors


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return suite(tmp_path / "demo")


def test_a_plan_is_told_with_every_command(tree: Path) -> None:
    release = plan(tree, hosts=("x86_64-linux-gnu", "arm64-apple-darwin"))
    text = describe_plan(release, describe(release))
    for host in release.hosts:
        assert host.triple in text
        for command in (host.configure, host.compile, *host.install):
            assert str(command) in text
    for word in (str(tree), str(release.configuration.out), "4.4.4", "1.13.2", *SUITE_STEPS):
        assert word in text


def test_the_plan_document_says_the_same(tree: Path) -> None:
    release = plan(tree, hosts=("x86_64-linux-gnu", "arm64-apple-darwin"))
    document = document_of(plan_document(release, describe(release)))
    assert document["schema"] == "countermark.plan/1"
    assert [host["host"] for host in document["hosts"]] == [host.triple for host in release.hosts]
    steps = document["hosts"][0]["steps"]
    assert [each["step"] for each in steps] == SUITE_STEPS
    assert steps[0]["lines"] == [str(release.hosts[0].configure)]


def test_the_doctors_document_is_good_when_all_that_is_needed_is_there() -> None:
    have = Examined(name="python", found=True, needed=True, detail="3.11")
    lack = Examined(name="zip", found=False, needed=False, detail="no", fix="Install it.")
    document = document_of(doctor_document((have, lack)))
    assert document["good"] is True
    assert document["examined"][1]["fix"] == "Install it."
    assert document_of(doctor_document((have, replace(lack, needed=True))))["good"] is False


def test_the_signing_document_tells_of_what_failed() -> None:
    change: Change[Signed] = Change(path=Path("a.txt"), error=NotSignableError("it is text"))
    (entry,) = document_of(sign_document((change,)))["files"]
    assert (entry["path"], entry["signed"], entry["slices"]) == ("a.txt", False, [])
    assert "it is text" in entry["error"]


def test_the_signing_document_names_members_and_what_was_replaced() -> None:
    one = SignedSlice(arch="arm64", cdhash="ab" * 20, replaced=Kind.LINKER)
    signed = Signed(path=Path("a"), identifier="a", changed=True, slices=(one,))
    change = Change(path=Path("dist.zip"), member="bin/a", result=signed)
    (entry,) = document_of(sign_document((change,)))["files"]
    assert (entry["path"], entry["member"], entry["changed"]) == ("dist.zip", "bin/a", True)
    assert entry["slices"] == [{"arch": "arm64", "cdhash": "ab" * 20, "replaced": "linker"}]


def test_the_removal_document_names_the_architectures() -> None:
    unsigned = Unsigned(path=Path("a"), changed=True, archs=("x86_64", "arm64"))
    changes: tuple[Change[Unsigned], ...] = (
        Change(path=Path("a"), result=unsigned),
        Change(path=Path("b"), error=NotSignableError("it is text")),
    )
    good, bad = document_of(unsign_document(changes))["files"]
    assert (good["changed"], good["archs"], good["error"]) == (True, ["x86_64", "arm64"], None)
    assert (bad["changed"], bad["archs"]) == (False, [])


def test_the_comparison_document_lists_ranges() -> None:
    difference = Difference(where="arm64 header", offset=24, size=1)
    compared = Comparison(bytes=Compared(differences=(difference,), complete=True))
    document = document_of(compare_document(Path("a"), Path("b"), compared, modulo_signature=True))
    assert document["equal"] is False
    assert document["differences"] == [
        {"where": "arm64 header", "offset": 24, "size": 1, "symbol": None}
    ]


def image_row(path: str, *cdhashes: str) -> ImageRow:
    return ImageRow(
        path=path,
        format="mach-o",
        architectures=("arm64",),
        size=1,
        mode="0755",
        sha256="0" * 64,
        cdhashes=cdhashes,
    )


@pytest.fixture
def release(tree: Path) -> Release:
    """One host that was packed, one that was rejected, one that failed."""
    planned = plan(tree, hosts=("arm64-apple-darwin", "x86_64-apple-darwin", "x86_64-linux-gnu"))
    packed, rejected, failed = planned.hosts
    planned.workspace.temporary.mkdir(parents=True)
    ledger = Ledger(planned, "countermark")
    for host in planned.hosts:
        ledger.begin(HostRow(host=host.triple, minimum="", toolchain="zig"))
    ledger.extend(
        packed.triple,
        images=(image_row("bin/a", "ab" * 20), image_row("bin/b")),
        artifacts=(
            ArtifactRow(
                name=packed.archives[0].path.name,
                size=12345,
                mode="0644",
                sha256="5" * 64,
                kind="binaries",
            ),
        ),
    )
    outcomes = (
        HostOutcome(
            plan=packed,
            outcome=Outcome.ACCEPTED,
            verdict=Verdict(files=(GOOD,)),
            artifacts=(
                Artifact(
                    path=packed.archives[0].path,
                    size=12345,
                    sha256="5" * 64,
                    content_sha256=None,
                    compressor="gzip",
                ),
            ),
        ),
        HostOutcome(
            plan=rejected,
            outcome=Outcome.REJECTED,
            verdict=Verdict(files=(GOOD, BAD)),
            error=RejectedError("not what is demanded"),
            failed_step=Step.CHECK,
        ),
        HostOutcome(
            plan=failed,
            outcome=Outcome.FAILED,
            error=CommandError(
                "compiling", status="exit 1", log=Path("/l"), tail=["the tail"], hint="Mend it."
            ),
            failed_step=Step.BUILD,
        ),
    )
    return Release(
        plan=planned,
        steps=ALL_STEPS,
        hosts=outcomes,
        manifest=ledger.manifest,
        documents=Documents(
            written=(Path("SHA256SUMS"),),
            problem=MissingToolError("cyclonedx-python-lib is missing", hint="Install it."),
        ),
    )


def test_a_release_ends_with_a_line_for_every_host(release: Release) -> None:
    lines = describe_release(release).splitlines()
    (packed,) = (line for line in lines if "demo-1.0-arm64-apple-darwin.tar.gz" in line)
    assert "12,345" in packed
    assert "1 of 2" in packed
    assert "accepted" in packed
    assert "5" * 64 in packed
    (rejected,) = (line for line in lines if "demo-1.0-x86_64-apple-darwin" in line)
    assert "rejected" in rejected
    (failed,) = (line for line in lines if "demo-1.0-x86_64-linux-gnu" in line)
    assert "failed" in failed
    assert lines[-1] == "with SHA256SUMS"


def test_a_release_without_sbom_says_why(release: Release) -> None:
    told = describe_failures(release)
    assert "no SBOM and no provenance: cyclonedx-python-lib is missing" in told
    assert "Install it." in told


@pytest.mark.parametrize(("steps", "folder"), [(BUILD_STEPS, "build"), (STAGE_STEPS, "stage")])
def test_a_part_of_the_flow_ends_with_the_place_of_what_it_made(
    release: Release, steps: tuple[Step, ...], folder: str
) -> None:
    text = describe_release(replace(release, steps=steps))
    for outcome in release.hosts:
        (line,) = (line for line in text.splitlines() if line.startswith(outcome.plan.triple))
        assert str(outcome.plan.workspace.root / folder) in line


def test_every_failure_is_told_with_its_host_and_step(release: Release) -> None:
    text = describe_failures(release)
    assert "arm64-apple-darwin" not in text
    rejected, failed = text.split("x86_64-linux-gnu")
    assert "x86_64-apple-darwin" in rejected
    assert "check" in rejected
    assert "R27" in rejected
    assert "bin/good" not in rejected
    assert "build" in failed
    assert "the tail" in failed
    assert "Mend it." in failed


def test_a_release_without_failures_has_none_to_tell(release: Release) -> None:
    good = replace(release, hosts=release.hosts[:1], documents=Documents())
    assert describe_failures(good) == ""


def test_progress_in_a_log_is_a_line_for_every_step_that_ended() -> None:
    log = io.StringIO()
    progress = LineProgress(log)
    progress.started("arm64-apple-darwin", Step.BUILD, None)
    assert log.getvalue() == ""
    progress.finished("arm64-apple-darwin", Step.BUILD, 1.25, "3 programs")
    progress.failed("x86_64-linux-gnu", Step.STAGE, 2, "no room")
    first, second = log.getvalue().splitlines()
    assert first.split()[:2] == ["arm64-apple-darwin", "build"]
    assert first.endswith("3 programs")
    assert "FAILED" in second
    assert first.index("build") == second.index("stage") == max(map(len, HOSTS)) + 2
