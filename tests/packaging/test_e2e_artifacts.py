"""Every kind of file that a release can be asked for, through the real command line."""

from __future__ import annotations

import gzip
import hashlib
import json
import platform
import shutil
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from commands import EPOCH, Run
from countersign import verify_image
from documents import validate
from suites import commit, git

DARWIN = "tiny-2.5-arm64-apple-darwin"
LINUX = "tiny-2.5-x86_64-linux-gnu"

needs_native = pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64")
    or not all(map(shutil.which, ("cc", "objcopy"))),
    reason="needs a compiler and an objcopy for x86_64 Linux",
)


def names_in(archive: Path) -> list[str]:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as opened:
            return [name for name in opened.namelist() if not name.endswith("/")]
    with tarfile.open(archive) as opened:
        return [member.name for member in opened if member.isreg()]


def content(archive: Path, name: str) -> bytes:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as opened:
            return opened.read(name)
    with tarfile.open(archive) as opened:
        member = opened.extractfile(name)
        assert member is not None
        return member.read()


def listed(dist: Path) -> dict[str, str]:
    lines = (dist / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


@pytest.fixture
def scripted(tiny: Path) -> Path:
    """A suite that brings the codesigners' scripts."""
    for folder in ("macdeploy", "windeploy"):
        place = tiny / "contrib" / folder
        place.mkdir(parents=True)
        (place / "detached-sig-create.sh").write_text("#!/bin/sh\n")
        (place / "detached-sig-create.sh").chmod(0o755)
    (tiny / "contrib/windeploy/win-codesign.cert").write_text("a certificate\n")
    return tiny


def test_everything_for_a_mac(scripted: Path, tmp_path: Path, run: Run) -> None:
    ended = run("release", scripted, "--artifact", "full", "--artifact", "zst", cwd=tmp_path)
    assert ended.code == 0, ended.err
    dist = tmp_path / "dist"
    sums = listed(dist)
    assert set(sums) == {
        "tiny-2.5.tar.gz",
        *(f"{DARWIN}{kind}" for kind in (".tar.gz", ".zip", ".tar.zst", "-codesigning.tar.gz")),
        *(f"{DARWIN}-unsigned{suffix}" for suffix in (".tar.gz", ".zip")),
    }
    for name, digest in sums.items():
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest
        assert f"{name} " in ended.out
    for name, signed in (
        (f"{DARWIN}.tar.gz", True),
        (f"{DARWIN}.zip", True),
        (f"{DARWIN}-unsigned.tar.gz", False),
        (f"{DARWIN}-unsigned.zip", False),
    ):
        program = content(dist / name, "tiny-2.5/bin/tiny")
        assert [one.signed for one in verify_image(program, path="tiny").slices] == [signed]
    unsigned = content(dist / f"{DARWIN}-unsigned.zip", "tiny-2.5/bin/tiny")
    codesigning = dist / f"{DARWIN}-codesigning.tar.gz"
    assert "./detached-sig-create.sh" in names_in(codesigning)
    assert content(codesigning, "./tiny-2.5/bin/tiny") == unsigned
    assert all(name.startswith("./") for name in names_in(codesigning))
    assert run("layout", "check", dist / f"{DARWIN}-unsigned.tar.gz", cwd=tmp_path).code == 0


@pytest.mark.all_hosts
def test_everything_for_windows(scripted: Path, tmp_path: Path, run: Run) -> None:
    (scripted / "countermark.toml").write_text(
        f'name = "tiny"\nversion = "2.5"\nsource_date_epoch = {EPOCH}\n'
        'artifacts = ["full"]\n[hosts.x86_64-w64-mingw32]\n'
    )
    ended = run("release", scripted, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "no debug archive: zig leaves no debug information" in ended.err
    dist = tmp_path / "dist"
    assert set(listed(dist)) == {
        "tiny-2.5.tar.gz",
        *(f"tiny-2.5-win64{kind}" for kind in (".zip", "-unsigned.zip", "-codesigning.tar.gz")),
    }
    program = content(dist / "tiny-2.5-win64.zip", "tiny-2.5/bin/tiny.exe")
    at = int.from_bytes(program[0x3C:0x40], "little") + 24
    assert struct.unpack_from("<2H4x2H", program, at + 40) == (6, 2, 6, 2)
    (host,) = json.loads((dist / "manifest.json").read_bytes())["hosts"]
    assert {(row["before"], row["after"]) for row in host["changed_after_link"]} == {("6.0", "6.2")}
    names = names_in(dist / "tiny-2.5-win64-codesigning.tar.gz")
    assert {"./win-codesign.cert", "./unsigned/tiny-2.5/bin/tiny.exe"} <= set(names)


@needs_native
def test_debug_information_is_an_archive_of_its_own(tiny: Path, tmp_path: Path, run: Run) -> None:
    with (tiny / "CMakeLists.txt").open("a") as lists:
        lists.write("add_executable(inner tiny.c)\ntarget_link_libraries(inner number)\n")
        lists.write("install(TARGETS inner DESTINATION libexec COMPONENT tiny)\n")
    native = ("--host", "x86_64-linux-gnu", "--toolchain", "native", "-D", "CMAKE_C_FLAGS=-g")
    plan = run("release", tiny, *native, "--artifact", "full", "--plan", cwd=tmp_path)
    assert "split debug information" in plan.out
    assert "--strip" not in plan.out
    ended = run("release", tiny, *native, "--artifact", "full", cwd=tmp_path)
    assert ended.code == 0, ended.err
    dist = tmp_path / "dist"
    assert set(listed(dist)) == {"tiny-2.5.tar.gz", f"{LINUX}.tar.gz", f"{LINUX}-debug.tar.gz"}
    debug = dist / f"{LINUX}-debug.tar.gz"
    with tarfile.open(debug) as opened:
        members = opened.getnames()
    assert members == ["tiny-2.5/bin/tiny.dbg", "tiny-2.5/libexec/inner.dbg"]
    assert b".debug_info" in content(debug, "tiny-2.5/bin/tiny.dbg")
    for name in ("bin/tiny", "libexec/inner"):
        program = content(dist / f"{LINUX}.tar.gz", f"tiny-2.5/{name}")
        assert b".gnu_debuglink" in program
        assert b".debug_info" not in program
    manifest = json.loads((dist / "manifest.json").read_bytes())
    tools = {row["name"] for row in manifest["hosts"][0]["inputs"] if row["kind"] == "tool"}
    record = json.loads(content(dist / f"{LINUX}.tar.gz", "tiny-2.5/share/countermark/build.json"))
    assert tools == set(record["tools"]) - {"cmake", "ninja"}
    assert any(name.endswith("objcopy") for name in tools)
    assert run("artifacts", dist, cwd=tmp_path).code == 0
    before = listed(dist)
    assert run("release", tiny, *native, "--artifact", "full", cwd=tmp_path).code == 0
    assert listed(dist) == before


@needs_native
def test_a_stage_that_was_not_split_is_not_packed_as_if(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    native = ("--host", "x86_64-linux-gnu", "--toolchain", "native")
    assert run("release", tiny, *native, cwd=tmp_path).code == 0
    ended = run("pack", tiny, *native, "--artifact", "debug", cwd=tmp_path)
    assert ended.code == 3
    assert "countermark stage" in ended.err


def test_without_an_objcopy_nothing_is_begun(tiny: Path, tmp_path: Path, run: Run) -> None:
    (tiny / "mine.cmake").touch()
    ended = run(
        *("release", tiny, "--host", "aarch64-linux-gnu", "--toolchain", tiny / "mine.cmake"),
        *("--artifact", "debug"),
        cwd=tmp_path,
        PATH=str(tmp_path / "nothing"),
    )
    assert ended.code == 3
    assert "aarch64-linux-gnu-objcopy" in ended.err
    assert not (tmp_path / "dist").exists()


def test_zig_leaves_nothing_to_split_and_that_is_said(tiny: Path, tmp_path: Path, run: Run) -> None:
    arguments = ("--host", "x86_64-linux-gnu", "--artifact", "binaries", "--artifact", "debug")
    said = "no debug archive: zig leaves no debug information"
    assert said in run("release", tiny, *arguments, "--plan", cwd=tmp_path).out
    ended = run("release", tiny, *arguments, cwd=tmp_path)
    assert (ended.code, said in ended.err) == (0, True)
    assert set(listed(tmp_path / "dist")) == {f"{LINUX}.tar.gz"}


def test_what_is_no_longer_asked_for_does_not_stay(tiny: Path, tmp_path: Path, run: Run) -> None:
    assert run("release", tiny, "--artifact", "full", cwd=tmp_path).code == 0
    assert run("pack", tiny, "--artifact", "zst", cwd=tmp_path).code == 0
    dist = tmp_path / "dist"
    assert set(listed(dist)) == {f"{DARWIN}.tar.zst"}
    packed = {path.name for path in dist.glob("tiny-*") if path.suffix in (".gz", ".zip", ".zst")}
    assert packed == {f"{DARWIN}.tar.zst"}
    assert run("artifacts", dist, cwd=tmp_path).code == 0


def test_a_file_that_went_is_missed(tiny: Path, tmp_path: Path, run: Run) -> None:
    assert run("release", tiny, "--artifact", "full", cwd=tmp_path).code == 0
    (tmp_path / "dist" / f"{DARWIN}-unsigned.zip").unlink()
    ended = run("artifacts", "dist", cwd=tmp_path)
    assert (ended.code, "5 of 6 files are there" in ended.err) == (1, True)
    assert "C01" in ended.out
    document = validate(run("artifacts", "dist", "--format", "json", cwd=tmp_path).out)
    missed = [file["path"] for file in document["files"] if file["findings"]]
    assert missed == [f"dist/{DARWIN}-unsigned.zip"]
    whole = run("artifacts", "dist", "--host", "all", "--codesigned", cwd=tmp_path)
    assert (whole.code, "of 28 files are there" in whole.err) == (1, True)


def test_the_source_of_a_commit_is_what_git_archives(tiny: Path, tmp_path: Path, run: Run) -> None:
    commit(tiny)
    archive = tmp_path / "dist/tiny-2.5.tar.gz"
    plan = ("release", tiny, "--artifact", "source", "--plan")
    assert f"source  write {archive}" in run(*plan, cwd=tmp_path).out
    document = validate(run(*plan, "--format", "json", cwd=tmp_path).out)
    assert document["source"] == archive.name
    ended = run("release", tiny, "--artifact", "source", cwd=tmp_path)
    assert ended.code == 0, ended.err
    theirs = tmp_path / "theirs.tar.gz"
    git(tiny, "archive", "--prefix=tiny-2.5/", f"--output={theirs}", "HEAD")
    assert archive.read_bytes() == theirs.read_bytes()
    manifest = json.loads((tmp_path / "dist/manifest.json").read_bytes())
    (row,) = manifest["artifacts"]
    assert (row["kind"], row["compressor"].split()[0]) == ("source", "git")
    assert (
        row["content_sha256"] == hashlib.sha256(gzip.decompress(archive.read_bytes())).hexdigest()
    )


@pytest.mark.parametrize("under_git", [True, False])
def test_the_source_is_packed_again_only_when_it_would_be_another(
    under_git: bool, tiny: Path, tmp_path: Path, run: Run
) -> None:
    archive = tmp_path / "dist/tiny-2.5.tar.gz"

    def packed() -> int:
        ended = run("release", tiny, "--artifact", "source", cwd=tmp_path)
        assert ended.code == 0, ended.err
        return archive.stat().st_ino

    if under_git:
        commit(tiny)
    first = packed()
    true = archive.read_bytes()
    assert packed() == first
    archive.write_bytes(true + b"more")
    packed()
    assert archive.read_bytes() == true
    if under_git:
        git(tiny, "config", "tar.tar.gz.command", "gzip -1n")
        packed()
        assert archive.read_bytes() != true
        git(tiny, "config", "--unset", "tar.tar.gz.command")
    (tiny / "notes.txt").write_text("NOTES\n")
    if under_git:
        git(tiny, "commit", "--quiet", "--all", "--message=more")
    packed()
    assert content(archive, "tiny-2.5/notes.txt") == b"NOTES\n"


@pytest.mark.parametrize("under_git", [True, False])
def test_the_source_of_no_commit_is_what_was_built(
    under_git: bool, tiny: Path, tmp_path: Path, run: Run
) -> None:
    if under_git:
        (tiny / ".gitignore").write_text("ignored\n")
        commit(tiny)
        (tiny / "ignored").write_text("no part of it\n")
        (tiny / "tiny.c").write_text("int main(void) { return 0; }\n")
    ended = run("release", tiny, "--artifact", "source", "--out", tiny / "out", cwd=tmp_path)
    assert ended.code == 0, ended.err
    archive = tiny / "out/tiny-2.5.tar.gz"
    files = {"CMakeLists.txt", "countermark.toml", "notes.txt", "number.c", "tiny.c"}
    files |= {".gitignore"} if under_git else set()
    assert names_in(archive) == sorted(f"tiny-2.5/{name}" for name in files)
    assert content(archive, "tiny-2.5/tiny.c") == (tiny / "tiny.c").read_bytes()
    with tarfile.open(archive) as opened:
        assert {member.mtime for member in opened} == {int(EPOCH)}


def test_a_kind_that_is_not_known_is_a_usage_error(tiny: Path, tmp_path: Path, run: Run) -> None:
    ended = run("release", tiny, "--artifact", "debgu", cwd=tmp_path)
    assert ended.code == 2
    assert "did you mean 'debug'?" in ended.err


def test_without_gzip_and_zip_the_output_says_so(tiny: Path, tmp_path: Path, run: Run) -> None:
    kinds = ("--artifact", "binaries", "--artifact", "zip")
    assert run("release", tiny, *kinds, "--out", "with", cwd=tmp_path).code == 0
    ended = run(
        *("release", tiny, *kinds, "--out", "without"), cwd=tmp_path, PATH=str(tmp_path / "nothing")
    )
    assert ended.code == 0, ended.err
    assert "for want of gzip or zip" in ended.out
    rows = [
        json.loads((tmp_path / out / "manifest.json").read_bytes())["hosts"][0]["artifacts"]
        for out in ("with", "without")
    ]
    for one, other in zip(*rows, strict=True):
        assert one["content_sha256"] == other["content_sha256"]
        assert (one["compressor"] == other["compressor"]) is False
