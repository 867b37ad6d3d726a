"""The build record: what stands in it, where, and what it never holds."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from commands import Run
from countermark.errors import StageError
from countermark.file_api import BuildModel, Compiler
from countermark.reproduction.recording import COPIED, write_record
from countermark.settings import DependencySettings
from countermark.staging import Stage
from countermark.toolchain import find_zig
from counterproof import load_profile
from counterproof.profiles.profile import BUILD_RECORD
from suites import plan, suite

MODEL = BuildModel(
    components=(),
    absolute=(),
    compilers=(Compiler(language="C", id="GNU", version="14.2.0"),),
    inputs=("/usr/bin/cc",),
)


def test_all_that_shapes_a_dependency_is_recorded() -> None:
    """The source and its digest are, in other words; the hosts are those of the record."""
    assert set(DependencySettings.__struct_fields__) - set(COPIED) == {"source", "sha256", "hosts"}


def staged(root: Path) -> Stage:
    root.mkdir(exist_ok=True)
    return Stage(root=root, profile=load_profile("generic"), detected=True, moves=())


def record_of(tmp_path: Path, name: str = "demo", **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """The record of a planned release of the suite in the directory ``name``."""
    release = plan(suite(tmp_path / name), name="demo", **options)
    stage = staged(tmp_path / f"{name} staged")
    write_record(stage, release, release.hosts[0], MODEL)
    path = stage.root / BUILD_RECORD
    assert path.stat().st_mode & 0o777 == 0o644
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def test_it_tells_all_that_determines_the_bytes(tmp_path: Path) -> None:
    record = record_of(
        tmp_path, cmake=(("FEATURE", "ON"),), components=("a",), style="linker", preset="release"
    )
    assert record["schema"] == "countermark.build-record/1"
    assert (record["name"], record["version"]) == ("demo", "1.0")
    assert record["host"] == "x86_64-linux-gnu"
    assert record["source_date_epoch"] == 1_700_000_000
    assert record["cmake"] == {"FEATURE": "ON"}
    assert (record["components"], record["preset"]) == (["a"], "release")
    assert (record["style"], record["profile"]) == ("linker", "generic")
    assert record["tools"] == {"cmake": "4.4.4", "ninja": "1.13.2"}
    assert record["compilers"] == [{"language": "C", "id": "GNU", "version": "14.2.0"}]
    assert record["toolchain"]["version"] == find_zig().version


def test_it_says_nothing_of_where_and_by_whom(tmp_path: Path) -> None:
    first = record_of(tmp_path, "one")
    assert first == record_of(tmp_path, "another directory")
    assert str(tmp_path) not in json.dumps(first)


def test_another_source_is_another_record(tmp_path: Path) -> None:
    suite(tmp_path / "changed")
    (tmp_path / "changed" / "more.c").write_text("int more;\n")
    assert record_of(tmp_path)["source"] != record_of(tmp_path, "changed")["source"]


def test_a_toolchain_file_is_known_by_its_content(tmp_path: Path) -> None:
    tree = suite(tmp_path / "demo")
    for place, path in (
        (tree / "cmake" / "mine.cmake", "cmake/mine.cmake"),
        ("theirs.cmake", None),
    ):
        file = tmp_path / place
        file.parent.mkdir(exist_ok=True)
        file.write_text("set(CMAKE_SYSTEM_NAME Linux)\n")
        release = plan(tree, toolchain=str(file))
        stage = staged(tmp_path / f"for {file.name}")
        write_record(stage, release, release.hosts[0], MODEL)
        toolchain = json.loads((stage.root / BUILD_RECORD).read_bytes())["toolchain"]
        assert (toolchain["kind"], toolchain["file"]["path"]) == ("file", path)
        assert toolchain["file"]["digest"].startswith("sha256:")


@pytest.mark.parametrize(
    "place", ["share", "share/countermark", "share/countermark/build.json"], ids=str
)
def test_a_link_in_its_place_is_refused_and_not_followed(tmp_path: Path, place: str) -> None:
    release = plan(suite(tmp_path / "demo"))
    stage = staged(tmp_path / "stage")
    outside = tmp_path / "outside"
    outside.mkdir()
    (stage.root / place).parent.mkdir(parents=True, exist_ok=True)
    (stage.root / place).symlink_to(outside)
    with pytest.raises(StageError, match=f"the suite installs {place},"):
        write_record(stage, release, release.hosts[0], MODEL)
    assert not list(outside.iterdir())


def test_what_the_suite_installs_in_its_place_is_not_overwritten(tmp_path: Path) -> None:
    release = plan(suite(tmp_path / "demo"))
    stage = staged(tmp_path / "stage")
    write_record(stage, release, release.hosts[0], MODEL)
    with pytest.raises(StageError, match=f"the suite installs {BUILD_RECORD}") as caught:
        write_record(stage, release, release.hosts[0], MODEL)
    assert "record = false" in caught.value.hint


def test_a_release_can_leave_it_out(tiny: Path, tmp_path: Path, run: Run) -> None:
    settings = (tiny / "countermark.toml").read_text()
    (tiny / "countermark.toml").write_text(f"record = false\n{settings}")
    assert run("release", tiny, cwd=tmp_path).code == 0
    with tarfile.open(tmp_path / "dist/tiny-2.5-arm64-apple-darwin.tar.gz") as archive:
        assert not [name for name in archive.getnames() if "countermark" in name]
