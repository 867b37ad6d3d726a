"""``countermark verify`` and bundles: in directories, in archives, and in archives in archives."""

from __future__ import annotations

import io
import json
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bundles import Link, Tree, app, framework, moved, write_tree
from commands import Run
from countermark.signatures import Verified, verify_paths
from countersign.findings import Enforcer, FileVerdict, Severity
from macho import DYLIB, Macho
from trees import pack_tar_gz, pack_zip

GOOD = app({"Resources/data.zip": pack_zip({"a": b"a"})}, frameworks={"Thing": framework()})
ICON = "Program.app/Contents/Resources/icon.icns"
PROGRAM = "Program.app/Contents/MacOS/Program"
BAD = GOOD | {ICON: b"other"}


def pack_tree_tar(tree: Tree, mode: str = "w:gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for path, content in tree.items():
            info = tarfile.TarInfo(path)
            if isinstance(content, Link):
                info.type, info.linkname = tarfile.SYMTYPE, content.target
                archive.addfile(info)
            else:
                info.size, info.mode = len(content), 0o755 if "MacOS" in path else 0o644
                archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def pack_tree_zip(tree: Tree) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path, content in tree.items():
            info = zipfile.ZipInfo(path)
            info.create_system = 3
            kind = stat.S_IFLNK if isinstance(content, Link) else stat.S_IFREG
            info.external_attr = (kind | 0o644) << 16
            data = content.target.encode() if isinstance(content, Link) else content
            archive.writestr(info, data)
    return file.getvalue()


PACKERS: dict[str, Callable[[Tree], bytes]] = {
    "tar.gz": pack_tree_tar,
    "zip": pack_tree_zip,
    "zip in tar.gz": lambda tree: pack_tar_gz({"inner.zip": pack_tree_zip(tree)}, "p"),
    "tar in zip": lambda tree: pack_zip({"inner.tar": pack_tree_tar(tree, "w")}, "p"),
}


def verified(path: Path) -> dict[str, FileVerdict]:
    result: Verified = verify_paths([path])
    assert result.problems == ()
    return {(file.member or file.path).rpartition("/")[2]: file for file in result.verdict.files}


def rules(file: FileVerdict) -> list[str]:
    return [each.rule for each in (*file.findings, *(f for s in file.slices for f in s.findings))]


@pytest.mark.parametrize("packer", PACKERS)
def test_a_bundle_in_an_archive_is_judged_with_its_program(tmp_path: Path, packer: str) -> None:
    for tree, expected in ((GOOD, []), (BAD, ["R61"])):
        path = tmp_path / "release"
        path.write_bytes(PACKERS[packer](tree))
        files = verified(path)
        assert set(files) == {"Program", "Thing"}
        assert rules(files["Program"]) == expected
        assert rules(files["Thing"]) == []


def test_a_bundle_in_a_directory_is_judged_with_its_program(tmp_path: Path) -> None:
    write_tree(GOOD, tmp_path)
    assert {name: rules(file) for name, file in verified(tmp_path).items()} == {
        "Program": [],
        "Thing": [],
    }
    assert rules(verified(tmp_path / "Program.app")["Program"]) == []
    (tmp_path / ICON).write_bytes(b"other")
    assert rules(verified(tmp_path)["Program"]) == ["R61"]


def test_the_top_may_be_named_by_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(GOOD, tmp_path)
    monkeypatch.chdir(tmp_path / "Program.app")
    assert rules(verified(Path())["Program"]) == []


def test_a_program_alone_says_that_its_bundle_was_not_looked_at(tmp_path: Path) -> None:
    write_tree(GOOD, tmp_path)
    assert rules(verified(tmp_path / PROGRAM)["Program"]) == ["N5"]
    assert rules(verified(tmp_path / "Program.app/Contents/MacOS")["Program"]) == ["N5"]


def test_a_program_under_another_name_has_a_verdict_for_its_bundle(tmp_path: Path) -> None:
    write_tree(BAD, tmp_path)
    os.link(tmp_path / PROGRAM, tmp_path / "A-first-name")
    files = verified(tmp_path)
    assert rules(files["A-first-name"]) == ["N5"]
    assert rules(files["Program"]) == ["R61"]


def test_an_inner_archive_that_cannot_be_read_is_still_a_resource(tmp_path: Path) -> None:
    tree = app(
        {"Resources/odd.zip": b"PK\x03\x04 is no zip", "Resources/odd.7z": b"7z\xbc\xaf'\x1c"}
    )
    path = tmp_path / "release.tar.gz"
    path.write_bytes(pack_tree_tar(tree))
    (program,) = [f for f in verify_paths([path]).verdict.files if f.member == PROGRAM]
    assert rules(program) == []


def test_a_bundle_in_a_damaged_inner_archive_is_not_judged(tmp_path: Path) -> None:
    inner = pack_tree_tar(GOOD, "w")
    cut = inner[: inner.index(b"Program.app/Contents/_CodeSignature") - 1000]
    path = tmp_path / "release.zip"
    path.write_bytes(pack_zip({"inner.tar": cut}, "p"))
    result = verify_paths([path])
    assert result.problems
    assert all("R61" not in rules(file) for file in result.verdict.files)


def test_a_framework_is_refused_that_only_the_linker_signed_and_its_library_is_not(
    tmp_path: Path,
) -> None:
    linked = Macho(filetype=DYLIB).sealed(identifier="Thing").build()
    tree = framework() | {"Thing.framework/Versions/A/Thing": linked}
    write_tree(moved(tree, "lib"), tmp_path)
    (finding,) = verified(tmp_path)["Thing"].findings
    assert (finding.rule, finding.severity) == ("B1", Severity.ERROR)
    assert finding.enforced_by == (Enforcer.CODESIGN,)
    alone = verify_paths([tmp_path / "lib/Thing.framework/Versions/A/Thing"])
    assert alone.verdict.accepted


def test_the_report_names_the_resource(run: Run, tmp_path: Path) -> None:
    write_tree(BAD, tmp_path)
    ended = run("verify", "Program.app", cwd=tmp_path)
    assert ended.code == 1
    assert "error R61 sealed-resources: not what was sealed: Resources/icon.icns" in ended.out
    ended = run("verify", "Program.app", "--format", "json", cwd=tmp_path)
    document = json.loads(ended.out)
    (program,) = [each for each in document["files"] if each["path"].endswith("MacOS/Program")]
    assert [each["code"] for each in program["findings"]] == [-67054]
