"""Rebuilding what was released, through the real command line."""

from __future__ import annotations

import io
import json
import platform
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from commands import EPOCH, Ended, Run
from countermark.hosts import native_triple
from countermark.render.document import schema_of
from counterproof.profiles.profile import BUILD_RECORD
from suites import commit, git

NATIVE = native_triple(platform.system(), platform.machine())
NAME = f"notes-1.0-{NATIVE}.tar.gz"

pytestmark = pytest.mark.skipif(NATIVE is None, reason="this machine is none of the known hosts")


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A suite of a text that CMake writes, which takes no compiler."""
    suite = tmp_path / "notes"
    suite.mkdir()
    (suite / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(notes LANGUAGES NONE)\n"
        'set(WORD "nothing" CACHE STRING "")\nconfigure_file(notes.in notes.txt)\n'
        'install(FILES "${CMAKE_BINARY_DIR}/notes.txt" DESTINATION share)\n'
    )
    (suite / "notes.in").write_text("of @WORD@\n")
    (suite / "countermark.toml").write_text(
        f'name = "notes"\nversion = "1.0"\nsource_date_epoch = {EPOCH}\n'
        f'toolchain = "native"\n[hosts.{NATIVE}]\n'
    )
    return suite


@pytest.fixture
def release(notes: Path, tmp_path: Path, run: Run) -> Callable[..., Path]:
    def release(*more: str) -> Path:
        ended = run("release", notes, "--out", tmp_path / "dist", *more, cwd=tmp_path)
        assert ended.code == 0, ended.err
        return tmp_path / "dist" / NAME

    return release


def record_in(archive: Path) -> dict[str, Any]:
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"notes-1.0/{BUILD_RECORD}")
        assert member is not None
        record: dict[str, Any] = json.load(member)
    return record


def with_record(archive: Path, change: dict[str, Any], target: Path) -> Path:
    """Write an archive of the same name whose record says something else."""
    record = json.dumps({**record_in(archive), **change}).encode()
    target.mkdir()
    with tarfile.open(archive) as old, tarfile.open(target / NAME, "w:gz") as new:
        for member in old:
            content = record if member.name.endswith(".json") else None
            if content is not None:
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
            else:
                new.addfile(member, old.extractfile(member) if member.isreg() else None)
    return target / NAME


def test_the_same_is_made_from_the_same_source(
    release: Callable[..., Path], notes: Path, tmp_path: Path, run: Run
) -> None:
    artifact = release("-D", "WORD=something")
    before = sorted(notes.rglob("*"))
    ended = run("rebuild", artifact, "--suite", notes, "--format", "json", cwd=tmp_path)
    assert ended.code == 0, ended.err
    document = json.loads(ended.out)
    jsonschema.validate(document, schema_of("countermark.rebuild/1"))
    assert (document["equal"], document["mismatches"]) == (True, [])
    assert document["record"]["cmake"] == {"WORD": "something"}
    assert sorted(notes.rglob("*")) == before


def test_the_record_is_a_document_with_a_schema(release: Callable[..., Path]) -> None:
    jsonschema.validate(record_in(release()), schema_of("countermark.build-record/1"))


def test_the_commit_of_a_version_is_found_by_its_tag(
    release: Callable[..., Path], notes: Path, tmp_path: Path, run: Run
) -> None:
    commit(notes, tag="v1.0")
    artifact = release()
    (notes / "notes.in").write_text("of what came later\n")
    commit(notes)
    ended = run("rebuild", artifact, "--suite", notes, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "commit refs/tags/v1.0" in ended.out
    assert "the same" in ended.out


def test_a_commit_can_be_named(
    release: Callable[..., Path], notes: Path, tmp_path: Path, run: Run
) -> None:
    revision = commit(notes)
    artifact = release()
    (notes / "notes.in").write_text("of what came later\n")
    later = commit(notes)
    ended = run("rebuild", artifact, "--suite", notes, "--commit", revision, cwd=tmp_path)
    assert ended.code == 0, ended.err
    ended = run("rebuild", artifact, "--suite", notes, "--commit", later, cwd=tmp_path)
    assert (ended.code, "the source is sha256:" in ended.err) == (3, True)
    ended = run("rebuild", artifact, "--suite", notes, "--commit", "nothing", cwd=tmp_path)
    assert (ended.code, "git cannot" in ended.err) == (3, True)


def test_a_source_archive_serves_too(
    release: Callable[..., Path], notes: Path, tmp_path: Path, run: Run
) -> None:
    artifact = release()
    source = tmp_path / "notes-1.0.tar.gz"
    with tarfile.open(source, "w:gz") as archive:
        archive.add(notes, "notes-1.0")
    ended = run("rebuild", artifact, "--suite", source, cwd=tmp_path)
    assert ended.code == 0, ended.err


def test_another_source_is_refused_and_on_request_explained(
    release: Callable[..., Path], notes: Path, tmp_path: Path, run: Run
) -> None:
    artifact = release()
    (notes / "notes.in").write_text("of what was changed\n")
    ended = run("rebuild", artifact, "--suite", notes, cwd=tmp_path)
    assert (ended.code, "the source is sha256:" in ended.err) == (3, True)
    assert "--anyway" in ended.err
    ended = run("rebuild", artifact, "--suite", notes, "--anyway", cwd=tmp_path)
    assert ended.code == 1, ended.err
    assert "share/notes.txt" in ended.out
    assert "of what was changed" in ended.out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tools": {"cmake": "1.0", "ninja": "1.0"}}, "not 1.0"),
        ({"made_by": "countermark 99"}, "not countermark 99"),
        ({"compilers": [{"language": "C", "id": "GNU", "version": "2.95"}]}, "GNU 2.95 (C)"),
        (
            {"toolchain": {"kind": "native", "version": "7", "digest": None, "file": None}},
            "not native 7",
        ),
    ],
    ids=["tools", "countermark", "compilers", "toolchain"],
)
def test_another_version_of_a_tool_is_refused(
    change: dict[str, Any],
    said: str,
    release: Callable[..., Path],
    notes: Path,
    tmp_path: Path,
    run: Run,
) -> None:
    artifact = with_record(release(), change, tmp_path / "changed")
    ended = run("rebuild", artifact, "--suite", notes, cwd=tmp_path)
    assert (ended.code, said in ended.err) == (3, True), ended.err


@pytest.mark.parametrize(
    "entry",
    [
        {"CMAKE_C_COMPILER_LAUNCHER": "/bin/sh;-c;true"},
        {"CMAKE_PROJECT_INCLUDE": "/tmp/anything.cmake"},
        {"WORD": "$ENV{HOME}"},
        {"WORD=x -C": "y"},
    ],
    ids=str,
)
def test_an_entry_that_could_run_a_program_is_used_only_when_wanted(
    entry: dict[str, str],
    release: Callable[..., Path],
    notes: Path,
    tmp_path: Path,
    run: Run,
) -> None:
    artifact = with_record(release(), {"cmake": entry}, tmp_path / "changed")
    ended = run("rebuild", artifact, "--suite", notes, cwd=tmp_path)
    assert (ended.code, "--trust-record" in ended.err) == (2, True), ended.err


def test_a_wanted_entry_is_used(
    release: Callable[..., Path], notes: Path, tmp_path: Path, run: Run
) -> None:
    artifact = release("-D", "WORD=with spaces; and more")
    ended = run("rebuild", artifact, "--suite", notes, "--trust-record", cwd=tmp_path)
    assert ended.code == 0, ended.err


def test_an_archive_without_a_record_takes_that_of_another(
    release: Callable[..., Path], notes: Path, tmp_path: Path, run: Run
) -> None:
    record = tmp_path / "record.json"
    record.write_text(json.dumps(record_in(release())))
    settings = (notes / "countermark.toml").read_text()
    (notes / "countermark.toml").write_text(f"record = false\n{settings}")
    artifact = release()
    ended = run("rebuild", artifact, "--suite", notes, cwd=tmp_path)
    assert (ended.code, "there is no build record in it" in ended.err) == (3, True)
    (notes / "countermark.toml").write_text(settings)
    ended = run("rebuild", artifact, "--suite", notes, "--record", record, cwd=tmp_path)
    assert (ended.code, "share/countermark/build.json" in ended.out) == (1, True), ended.err


def test_a_name_that_was_never_published_is_a_usage_error(
    release: Callable[..., Path], notes: Path, tmp_path: Path, run: Run
) -> None:
    other = release().rename(tmp_path / "other.tar.gz")
    ended = run("rebuild", other, "--suite", notes, cwd=tmp_path)
    assert (ended.code, NAME in ended.err) == (2, True)


def damaged(run: Run, tmp_path: Path, notes: Path, content: bytes) -> Ended:
    artifact = tmp_path / NAME
    artifact.write_bytes(content)
    return run("rebuild", artifact, "--suite", notes, cwd=tmp_path)


def test_a_damaged_archive_is_named(notes: Path, tmp_path: Path, run: Run) -> None:
    for content in (b"", b"\x1f\x8b\x08", b"PK\x03\x04", b"not an archive" * 99):
        ended = damaged(run, tmp_path, notes, content)
        assert (ended.code, NAME in ended.err) == (3, True)


def test_the_rebuilt_release_can_be_kept(
    release: Callable[..., Path], notes: Path, tmp_path: Path, run: Run
) -> None:
    artifact = release()
    kept = tmp_path / "kept"
    assert run("rebuild", artifact, "--suite", notes, "--out", kept, cwd=tmp_path).code == 0
    assert (kept / NAME).read_bytes() == artifact.read_bytes()


def test_git_is_not_asked_about_a_suite_that_is_only_inside_a_repository(
    release: Callable[..., Path], notes: Path, tmp_path: Path, run: Run
) -> None:
    artifact = release()
    (tmp_path / "README").write_text("around\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "README")
    git(tmp_path, "commit", "--quiet", "--message=around")
    assert run("rebuild", artifact, "--suite", notes, cwd=tmp_path).code == 0
