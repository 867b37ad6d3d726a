"""The manifest: what stays of earlier runs, what is canonical, and what threads do to it."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from countermark.errors import WorkError
from countermark.manifest import (
    SCHEMA,
    ArtifactRow,
    HostRow,
    ImageRow,
    InputRow,
    Ledger,
    StepRow,
    read_manifest,
)
from countermark.plan import ReleasePlan
from countermark.render.document import schema_of
from countermark.workspace import Workspace
from suites import EPOCH, plan, schema_errors, suite

LINUX, DARWIN = "x86_64-linux-gnu", "arm64-apple-darwin"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return suite(tmp_path / "demo")


def open_ledger(release: ReleasePlan, made_by: str = "countermark 0.1.0") -> Ledger:
    release.workspace.temporary.mkdir(parents=True, exist_ok=True)
    return Ledger(release, made_by)


def row(host: str) -> HostRow:
    return HostRow(host=host, minimum="some", toolchain="zig")


def full_row(host: str) -> HostRow:
    return HostRow(
        host=host,
        minimum="macOS 14.0",
        status="accepted",
        toolchain="zig",
        cmake={"B": True, "N": 3, "S": "ü"},
        profile="multiprocess",
        moves={"bin/bitcoin-wallet": "libexec/bitcoin-wallet"},
        inputs=(InputRow(kind="compiler", name="C Clang", version="20.1"),),
        steps=(StepRow(step="build", seconds=1.5, detail="3 programs"),),
        images=(
            ImageRow(
                path="bin/bitcoin",
                format="mach-o",
                architectures=("arm64",),
                size=1,
                mode="0755",
                sha256="0" * 64,
                identifier="bitcoin",
                cdhashes=("0" * 40,),
            ),
        ),
        artifacts=(ArtifactRow(name="a.tar.gz", size=1, mode="0644", sha256="0" * 64),),
    )


def read(release: ReleasePlan) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(release.workspace.manifest.read_bytes())
    return document


def hosts_in(release: ReleasePlan) -> list[str]:
    return [each["host"] for each in read(release)["hosts"]]


def test_the_manifest_says_what_the_release_is_made_from(tree: Path) -> None:
    release = plan(tree)
    open_ledger(release).begin(row(LINUX))
    document = read(release)
    assert document["schema"] == SCHEMA
    assert (document["name"], document["version"]) == ("demo", "1.0")
    assert document["source_date_epoch"] == EPOCH
    suite_input, *tools = document["inputs"]
    assert suite_input["digest"].startswith("sha256:")
    assert [(each["name"], each["version"]) for each in tools] == [
        ("cmake", "4.4.4"),
        ("ninja", "1.13.2"),
    ]


def test_the_document_is_canonical(tree: Path) -> None:
    release = plan(tree)
    ledger = open_ledger(release)
    ledger.begin(full_row(LINUX))
    ledger.begin(full_row(DARWIN))
    text = release.workspace.manifest.read_text(encoding="utf-8")
    again = json.dumps(json.loads(text), sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    assert text == again
    assert hosts_in(release) == sorted([LINUX, DARWIN])


def test_the_order_of_the_work_does_not_show(tree: Path) -> None:
    release = plan(tree)
    written = set()
    for order in ((LINUX, DARWIN), (DARWIN, LINUX)):
        release.workspace.manifest.unlink(missing_ok=True)
        ledger = open_ledger(release)
        for host in order:
            ledger.begin(full_row(host))
        written.add(release.workspace.manifest.read_bytes())
    assert len(written) == 1


def test_every_document_agrees_with_the_schema(tree: Path) -> None:
    release = plan(tree)
    ledger = open_ledger(release)
    ledger.begin(row(LINUX))
    assert schema_errors(schema_of(SCHEMA), read(release)) == []
    ledger.begin(full_row(DARWIN))
    ledger.extend(LINUX, status="failed", error="no")
    assert schema_errors(schema_of(SCHEMA), read(release)) == []


@pytest.mark.parametrize("change", [{"schema": "other/1"}, {"version": None}, {"hosts": [{}]}])
def test_the_schema_rejects_what_is_no_manifest(tree: Path, change: dict[str, Any]) -> None:
    release = plan(tree)
    open_ledger(release).begin(row(LINUX))
    assert schema_errors(schema_of(SCHEMA), {**read(release), **change}) != []


def test_a_later_run_of_the_release_keeps_the_other_hosts(tree: Path) -> None:
    release = plan(tree)
    open_ledger(release).begin(full_row(DARWIN))
    open_ledger(release).begin(row(LINUX))
    assert hosts_in(release) == [DARWIN, LINUX]
    assert read(release)["hosts"][0]["artifacts"][0]["name"] == "a.tar.gz"


@pytest.mark.parametrize(
    "options",
    [{"version": "2.0"}, {"name": "other"}, {"style": "macos15"}],
    ids=["version", "name", "style"],
)
def test_another_release_starts_anew(tree: Path, options: dict[str, Any]) -> None:
    open_ledger(plan(tree)).begin(row(DARWIN))
    other = plan(tree, **options)
    open_ledger(other).begin(row(LINUX))
    assert hosts_in(other) == [LINUX]


def test_a_changed_suite_starts_anew(tree: Path) -> None:
    open_ledger(plan(tree)).begin(row(DARWIN))
    suite(tree, "# changed")
    changed = plan(tree)
    open_ledger(changed).begin(row(LINUX))
    assert hosts_in(changed) == [LINUX]


def test_another_time_starts_anew(tree: Path) -> None:
    release = plan(tree)
    open_ledger(release).begin(row(DARWIN))
    later = replace(
        release, configuration=replace(release.configuration, source_date_epoch=EPOCH + 1)
    )
    open_ledger(later).begin(row(LINUX))
    assert hosts_in(later) == [LINUX]


def test_another_countermark_starts_anew(tree: Path) -> None:
    release = plan(tree)
    open_ledger(release).begin(row(DARWIN))
    open_ledger(release, "countermark 9").begin(row(LINUX))
    assert hosts_in(release) == [LINUX]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff", b'{"schema": "other/1"}', b"null"],
    ids=["empty", "cut short", "a list", "not UTF-8", "another schema", "null"],
)
def test_a_broken_manifest_of_an_earlier_run_is_replaced(tree: Path, content: bytes) -> None:
    release = plan(tree)
    release.workspace.root.mkdir(parents=True)
    release.workspace.manifest.write_bytes(content)
    open_ledger(release).begin(row(LINUX))
    assert hosts_in(release) == [LINUX]


def test_beginning_a_host_forgets_its_earlier_run(tree: Path) -> None:
    ledger = open_ledger(plan(tree))
    ledger.begin(full_row(LINUX))
    ledger.begin(row(LINUX))
    assert ledger.manifest.hosts == (row(LINUX),)


def test_ensuring_a_host_keeps_its_earlier_run(tree: Path) -> None:
    ledger = open_ledger(plan(tree))
    ledger.begin(full_row(LINUX))
    ledger.ensure(row(LINUX))
    assert ledger.manifest.hosts == (full_row(LINUX),)


def test_a_step_takes_the_place_of_an_earlier_one(tree: Path) -> None:
    ledger = open_ledger(plan(tree))
    ledger.begin(row(LINUX))
    for step, seconds in (("build", 1.0), ("stage", 2.0), ("build", 3.0)):
        ledger.step(LINUX, StepRow(step=step, seconds=seconds))
    (only,) = ledger.manifest.hosts
    assert {each.step: each.seconds for each in only.steps} == {"stage": 2.0, "build": 3.0}
    assert len(only.steps) == 2


def test_threads_that_extend_at_once_lose_nothing(tree: Path) -> None:
    release = plan(tree)
    ledger = open_ledger(release)
    hosts = [f"host-{number}" for number in range(8)]
    for host in hosts:
        ledger.ensure(row(host))

    def work(host: str) -> None:
        for number in range(10):
            ledger.step(host, StepRow(step=f"step-{number}", seconds=0))
        ledger.extend(host, status="accepted")

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(work, hosts))
    rows = read(release)["hosts"]
    assert [each["host"] for each in rows] == hosts
    assert {len(each["steps"]) for each in rows} == {10}
    assert {each["status"] for each in rows} == {"accepted"}


def test_what_is_written_is_read_as_the_same(tree: Path) -> None:
    release = plan(tree)
    ledger = open_ledger(release)
    ledger.begin(full_row(DARWIN))
    written = release.workspace.manifest.read_bytes()
    assert msgspec.json.decode(written, type=type(ledger.manifest)) == ledger.manifest


def test_a_manifest_that_cannot_be_written_is_a_work_error(tree: Path) -> None:
    release = plan(tree)
    ledger = open_ledger(release)
    release.workspace.manifest.mkdir()
    with pytest.raises(WorkError) as caught:
        ledger.begin(row(LINUX))
    assert str(release.workspace.manifest) in str(caught.value)
    assert list(release.workspace.temporary.iterdir()) == []


def test_a_manifest_by_a_stranger_is_none_at_worst(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    os.mkfifo(path)
    assert read_manifest(Workspace(out=tmp_path)) is None
    path.unlink()
    for content in (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'{"name": "\xff"}'):
        path.write_bytes(content)
        assert read_manifest(Workspace(out=tmp_path)) is None
