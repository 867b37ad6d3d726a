"""``countermark verify`` as maintainers and CI use it: every option, every format, bad input."""

from __future__ import annotations

import json
import lzma
import struct
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from bundles import app, write_tree
from commands import Ended, Run
from countersign.signer import sign_bytes
from delivery import apple_double
from macho import Macho, fat, put
from sarif_schema import sarif_schema
from trees import pack_tar, pack_tar_gz, pack_zip, zip_info, zip_of

ADHOC = sign_bytes(Macho().build(), "org.example.tool")
LINKED = Macho().sealed(identifier="tool").build()
UNSIGNED = Macho().build()
CHANGED = put(ADHOC, 0x3F00, "B", 1)
CMS = ((0x10000, struct.pack(">2I", 0xFADE0B01, 12) + b"cms!"),)
WIDE = Macho(arch="x86_64", text_pages=4).sealed(page_size=0x4000).build()
"""Pages that only the kernel of Apple silicon takes."""


XZ = lzma.compress(b"text")


def pack_zip_top(files: dict[str, bytes]) -> bytes:
    """Pack files without a directory around them."""
    return zip_of(*((zip_info(name), data) for name, data in files.items()))


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A directory with a good file, a changed one, and one in an archive."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "good").write_bytes(ADHOC)
    (tmp_path / "dist" / "changed").write_bytes(CHANGED)
    (tmp_path / "tool.zip").write_bytes(pack_zip({"bin/tool": CHANGED}, "tool"))
    return tmp_path / "dist"


def rules(ended: Ended) -> set[str]:
    """The rules that a JSON report says are broken by errors."""
    document = json.loads(ended.out)
    found = set()
    for file in document["files"]:
        for each in (file, *file["slices"]):
            found |= {f["rule"] for f in each["findings"] if f["severity"] == "error"}
    return found


def judged(run: Run, path: Path, *options: str) -> set[str]:
    """Verify one file; the exit code must say the same as the report."""
    ended = run("verify", path, *options, "--format", "json", cwd=path.parent)
    assert ended.code == (1 if rules(ended) else 0), ended
    assert json.loads(ended.out)["accepted"] is (not rules(ended))
    return rules(ended)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), {"R32"}),
        (("--host", "x86_64-apple-darwin"), {"R32"}),
        (("--host", "arm64-apple-darwin"), set()),
        (("--host", "arm64-apple-darwin", "--host", "x86_64-apple-darwin"), {"R32"}),
        (("--target", "macos:13..27", "--host", "arm64-apple-darwin"), set()),
    ],
)
def test_a_file_is_judged_for_the_macs_that_are_named(
    tmp_path: Path, run: Run, options: tuple[str, ...], wanted: set[str]
) -> None:
    path = tmp_path / "wide"
    path.write_bytes(WIDE)
    assert judged(run, path, *options) == wanted


@pytest.mark.parametrize(("target", "refused"), [("15", False), ("26", True), ("13..27", True)])
def test_a_file_is_judged_for_the_releases_that_are_named(
    tmp_path: Path, run: Run, target: str, refused: bool
) -> None:
    path = tmp_path / "anonymous"
    path.write_bytes(Macho(uuid=False, minimum=(26, 0, 0)).sealed().build())
    assert judged(run, path, "--target", f"macos:{target}") == ({"K7"} if refused else set())


@pytest.mark.parametrize(
    ("image", "options", "wanted"),
    [
        (ADHOC, ["--require-signed"], set()),
        (UNSIGNED, ["--require-signed"], {"A1", "Q1"}),
        (ADHOC, ["--require-kind", "ad-hoc"], set()),
        (ADHOC, ["--require-kind", "cms"], {"Q2"}),
        (LINKED, ["--require-kind", "ad-hoc"], {"Q2"}),
        (LINKED, ["--require-kind", "ad-hoc", "--require-kind", "linker"], set()),
        (ADHOC, ["--require-identifier", "org.example.*"], set()),
        (ADHOC, ["--require-identifier", "org.example"], {"Q3"}),
        (ADHOC, ["--require-identifier", "a", "--require-identifier", "*.tool"], set()),
        (ADHOC, ["--require-team", "ABCDE12345"], {"Q4"}),
    ],
)
def test_demands_are_met_or_named(
    tmp_path: Path, run: Run, image: bytes, options: list[str], wanted: set[str]
) -> None:
    path = tmp_path / "tool"
    path.write_bytes(image)
    assert judged(run, path, *options) == wanted


def test_a_team_is_told_by_its_certificate(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "tool"
    path.write_bytes(Macho().sealed(flags=0, team="ABCDE12345", blobs=CMS).build())
    assert "Q4" not in judged(run, path, "--require-team", "ABCDE12345")
    assert "Q4" in judged(run, path, "--require-team", "ABCDE12346")


def test_demands_hold_for_every_slice_of_every_image(tmp_path: Path, run: Run) -> None:
    both = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", LINKED)])
    path = tmp_path / "tool.zip"
    path.write_bytes(pack_zip({"bin/adhoc": ADHOC, "bin/both": both}, "tool"))
    options = ("--require-signed", "--require-kind", "ad-hoc", "--require-identifier", "org.*")
    ended = run("verify", path, *options, "--format", "json", cwd=tmp_path)
    assert ended.code == 1
    found = {
        (file["member"], thin["arch"]): {each["rule"] for each in thin["findings"]}
        for file in json.loads(ended.out)["files"]
        for thin in file["slices"]
    }
    assert found == {
        ("tool/bin/adhoc", "arm64"): set(),
        ("tool/bin/both", "x86_64"): {"A1", "Q1", "Q2", "Q3"},
        ("tool/bin/both", "arm64"): {"Q2", "Q3"},
    }


@pytest.mark.parametrize(
    "options",
    [
        ("--target", "macos:12"),
        ("--target", "macos:27..13"),
        ("--target", "13"),
        ("--target", ""),
        ("--target", "linux:6"),
        ("--host", "x86_64-linux-gnu"),
        ("--host", ""),
        ("--require-kind", "adhoc"),
        ("--require-identifier", ""),
        ("--require-team", "abcde12345"),
        ("--require-team", "ABC"),
        ("--require-team", ""),
        ("--format", "xml"),
    ],
)
def test_a_wrong_value_is_wrong_usage_and_nothing_is_checked(
    dist: Path, run: Run, options: tuple[str, ...]
) -> None:
    ended = run("verify", dist, *options, cwd=dist)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err


def test_the_text_ends_with_what_to_do_and_the_sum(dist: Path, run: Run) -> None:
    ended = run("verify", "dist", "tool.zip", "absent", cwd=dist.parent)
    assert ended.code == 2
    lines = ended.out.splitlines()
    assert lines[0] == "accepted  dist/good"
    assert lines[2] == "REJECTED  dist/changed"
    assert "R27 page-hash at 0x0" in lines[4]
    assert lines[5] == "REJECTED  tool.zip: tool/bin/tool"
    assert lines[-1] == "2 of 3 files rejected; 2 errors; 1 problem, see above"
    assert ended.out.count("Sign it again") == 1
    assert "absent" in ended.err


def test_sarif_is_what_its_published_schema_says(dist: Path, run: Run) -> None:
    ended = run("verify", "dist", "tool.zip", "absent", "--format", "sarif", cwd=dist.parent)
    assert ended.code == 2
    document = json.loads(ended.out)
    jsonschema.Draft4Validator(sarif_schema()).validate(document)
    (run_,) = document["runs"]
    assert [place(each) for each in run_["results"]] == ["dist/changed", "tool.zip"]
    assert "absent" in run_["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    good = run("verify", "dist/good", "--format", "sarif", cwd=dist.parent)
    assert good.code == 0
    jsonschema.Draft4Validator(sarif_schema()).validate(json.loads(good.out))
    assert json.loads(good.out)["runs"][0]["results"] == []


def place(result: dict[str, Any]) -> object:
    return result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_junit_has_a_case_for_every_slice(dist: Path, run: Run) -> None:
    ended = run("verify", "dist", "absent", "--format", "junit", cwd=dist.parent)
    assert ended.code == 2
    (suite,) = ET.fromstring(ended.out)
    assert suite.get("name") == "countermark verify"
    bad = [case for case in suite if len(case)]
    assert [(case.get("classname"), case.get("name"), case[0].tag) for case in bad] == [
        ("dist/changed", "arm64", "failure"),
        ("countermark verify", "there is no absent", "error"),
    ]
    assert [suite.get(word) for word in ("tests", "failures", "errors")] == ["5", "1", "1"]


def test_github_gets_a_command_for_every_finding(dist: Path, run: Run) -> None:
    ended = run("verify", "dist", "tool.zip", "--format", "github", cwd=dist.parent)
    assert ended.code == 1
    one, two, last = ended.out.splitlines()
    assert one.startswith("::error file=dist/changed,title=R27 page-hash::dist/changed, arm64, at")
    assert two.startswith("::error file=tool.zip,title=R27 page-hash::tool.zip: tool/bin/tool, arm")
    assert last == "2 of 3 files rejected; 2 errors"


def test_the_format_may_come_from_the_environment(dist: Path, run: Run) -> None:
    ended = run("verify", "good", cwd=dist, COUNTERMARK_FORMAT="github")
    assert (ended.code, ended.out) == (0, "1 file, 1 slice: accepted\n")


def test_archives_in_archives_are_looked_into(tmp_path: Path, run: Run) -> None:
    inner = pack_tar_gz({"bin/tool": CHANGED, "bin/good": ADHOC}, "tool")
    (tmp_path / "outer.zip").write_bytes(pack_zip({"inner.tar.gz": inner}, "outer"))
    ended = run("verify", "outer.zip", cwd=tmp_path)
    assert ended.code == 1
    assert "REJECTED  outer.zip: outer/inner.tar.gz: tool/bin/tool\n" in ended.out
    assert "accepted  outer.zip: outer/inner.tar.gz: tool/bin/good\n" in ended.out
    document = json.loads(run("verify", ".", "--format", "json", cwd=tmp_path).out)
    assert [(file["path"], file["member"]) for file in document["files"]] == [
        ("outer.zip", "outer/inner.tar.gz: tool/bin/tool"),
        ("outer.zip", "outer/inner.tar.gz: tool/bin/good"),
    ]


def test_a_resource_fork_that_travels_along_rejects(tmp_path: Path, run: Run) -> None:
    """As ``codesign --verify --strict`` says on a Mac, of what its tar unpacked."""
    members = {"bin/._tool": apple_double(fork=b"icon"), "bin/tool": ADHOC, "bin/good": ADHOC}
    (tmp_path / "mac.tar.gz").write_bytes(pack_tar_gz(members, "tool"))
    finder = apple_double(finder=b"\1" * 32)
    mac = {"tool/bin/tool": ADHOC, "__MACOSX/tool/bin/._tool": finder}
    (tmp_path / "mac.zip").write_bytes(pack_zip_top(mac))
    for archive in ("mac.tar.gz", "mac.zip"):
        ended = run("verify", archive, "--format", "json", cwd=tmp_path)
        assert (ended.code, rules(ended)) == (1, {"R60"})
        (bad,) = [file for file in json.loads(ended.out)["files"] if not file["accepted"]]
        assert bad["member"] == "tool/bin/tool"
        assert bad["findings"][0]["code"] == -66999


def test_bundles_are_judged_as_a_whole(tmp_path: Path, run: Run) -> None:
    program = "Program.app/Contents/MacOS/Program"
    bad = app() | {"Program.app/Contents/Resources/icon.icns": b"other"}
    write_tree(bad, tmp_path / "stage")
    plain = {name: data for name, data in bad.items() if isinstance(data, bytes)}
    (tmp_path / "stage.zip").write_bytes(pack_zip_top(plain))
    for path in ("stage", "stage/Program.app", "stage.zip"):
        ended = run("verify", path, "--format", "json", cwd=tmp_path)
        assert (ended.code, rules(ended)) == (1, {"R61"})
        (file,) = json.loads(ended.out)["files"]
        place = (file["path"], file["member"])
        assert place == (
            ("stage.zip", program) if path == "stage.zip" else (f"stage/{program}", None)
        )
    write_tree(app(), tmp_path / "good")
    ended = run("verify", "good", cwd=tmp_path)
    assert (ended.code, "N5" in ended.out) == (0, False)


def test_other_apple_double_files_are_only_warned_of(tmp_path: Path, run: Run) -> None:
    members = {"bin/._tool": apple_double(attributes=b"quarantine"), "bin/tool": ADHOC}
    (tmp_path / "mac.tar").write_bytes(pack_tar(members, "tool"))
    ended = run("verify", "mac.tar", cwd=tmp_path)
    assert ended.code == 0
    assert "warning P9 apple-double: AppleDouble files lie in it: tool/bin/._tool" in ended.out


def test_a_place_without_a_macho_is_never_accepted(tmp_path: Path, run: Run) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.tar").write_bytes(pack_tar({"notes": b"text"}))
    for path in ("empty", "text.tar"):
        ended = run("verify", path, "--format", "json", cwd=tmp_path)
        assert (ended.code, json.loads(ended.out)["accepted"]) == (3, False)
        assert f"{path}: there is no Mach-O in it" in ended.err


def test_what_cannot_be_looked_into_is_said(tmp_path: Path, run: Run) -> None:
    cut = pack_tar({"bin/tool": ADHOC})[:5000]
    (tmp_path / "a.zip").write_bytes(pack_zip({"cut.tar": cut, "bin/tool": ADHOC}, "a"))
    ended = run("verify", "a.zip", cwd=tmp_path)
    assert ended.code == 3
    assert "a.zip: a/cut.tar" in ended.err
    assert ended.out.endswith("1 file, 1 slice: accepted; 1 problem, see above\n")
    (tmp_path / "b.zip").write_bytes(pack_zip({"x.xz": XZ, "bin/tool": ADHOC}, "b"))
    ended = run("verify", "b.zip", cwd=tmp_path)
    assert ended.code == 0
    assert "warning N9 not-looked-into" in ended.out


@pytest.mark.parametrize("output", ["sarif", "junit", "github"])
def test_a_layout_is_reported_in_the_same_formats(dist: Path, run: Run, output: str) -> None:
    options = ("--host", "arm64-apple-darwin", "--profile", "generic", "--format", output)
    ended = run("layout", "check", "dist", *options, cwd=dist.parent)
    assert (ended.code, ended.err) == (1, "")
    assert "R27" in ended.out
    if output == "sarif":
        document = json.loads(ended.out)
        jsonschema.Draft4Validator(sarif_schema()).validate(document)
        assert "dist/changed" in map(place, document["runs"][0]["results"])
    if output == "junit":
        assert ET.fromstring(ended.out)[0].get("name") == "countermark layout check"


@pytest.mark.parametrize(
    "demand",
    [
        ("--require-signed",),
        ("--require-kind", "cms"),
        ("--require-identifier", "org.example"),
        ("--require-team", "ABCDE12345"),
        ("--target", "macos:14"),
        ("--host", "arm64-apple-darwin"),
    ],
)
def test_no_demand_is_left_out_where_a_release_is_checked(
    dist: Path, run: Run, demand: tuple[str, ...]
) -> None:
    (dist / "SHA256SUMS").write_bytes(b"")
    ended = run("verify", dist, "--keys", dist, *demand, cwd=dist)
    assert ended.code == 2
    assert "without demands" in ended.err


def test_keys_in_a_variable_do_not_make_a_release_of_a_program(dist: Path, run: Run) -> None:
    ended = run("verify", dist / "good", cwd=dist, COUNTERMARK_KEYS="keys")
    assert ended.code == 0, ended.err
