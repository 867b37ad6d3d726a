"""Checking the layout of any tree or archive, with what was not said found out from it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from countermark.cli.application import run
from countermark.errors import ConfigurationError
from countermark.layouts import check_layout
from counterproof import load_profile, profile_names
from counterproof.errors import LayoutError, UndecidedError
from counterproof.profiles.detection import Asked
from counterproof.profiles.listing import items_for
from counterproof.target import PLATFORMS
from countersign.signer import sign_bytes
from documents import validate
from macho import Macho
from releases import telling
from trees import (
    AARCH64,
    DARWIN,
    LINUX,
    WINDOWS,
    elf,
    pack_tar_gz,
    pack_zip,
    pe,
    required_files,
    write_stage,
)

PROFILE = load_profile("multiprocess")
LINUX_FILES = required_files(PROFILE, LINUX, elf())
WINDOWS_FILES = required_files(PROFILE, WINDOWS, telling(pe(), "v1.0.0"))
DARWIN_FILES = {
    name: sign_bytes(Macho().build(), Path(name).name)
    for name in required_files(PROFILE, DARWIN, b"")
}


@pytest.fixture(autouse=True)
def _keep_signal_handlers() -> Iterator[None]:
    """The command line takes SIGTERM for itself."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def command(*arguments: object) -> int:
    return run(["layout", *map(str, arguments)])


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    return write_stage(tmp_path / "stage", DARWIN_FILES)


@pytest.mark.parametrize(
    ("files", "triple"),
    [
        (LINUX_FILES, "x86_64-linux-gnu"),
        (required_files(PROFILE, LINUX, elf(AARCH64)), "aarch64-linux-gnu"),
        (WINDOWS_FILES, "x86_64-w64-mingw32"),
        (DARWIN_FILES, "arm64-apple-darwin"),
    ],
)
def test_host_and_profile_are_found_out_from_the_programs(
    tmp_path: Path, files: dict[str, bytes], triple: str
) -> None:
    checked = check_layout(write_stage(tmp_path / "stage", files), Asked())
    assert checked.measure.host.value == triple
    assert checked.measure.profile.value.name == "multiprocess"
    assert checked.measure.profile.reason == "its programs show it"
    assert checked.verdict.accepted


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bitcoin-1.0.0-arm64-apple-darwin.tar.gz", pack_tar_gz(DARWIN_FILES, "bitcoin-1.0.0")),
        ("bitcoin-1.0.0-x86_64-w64-mingw32.zip", pack_zip(WINDOWS_FILES, "bitcoin-1.0.0")),
    ],
)
def test_an_archive_is_checked_like_a_tree(tmp_path: Path, name: str, content: bytes) -> None:
    archive = tmp_path / name
    archive.write_bytes(content)
    checked = check_layout(archive, Asked())
    assert checked.verdict.accepted
    assert checked.measure.host.value in name
    assert checked.measure.form.value == "archive"


def test_the_host_in_the_name_wins_over_that_of_the_programs(tmp_path: Path) -> None:
    archive = tmp_path / "bitcoin-1.0.0-x86_64-apple-darwin.tar.gz"
    archive.write_bytes(pack_tar_gz(DARWIN_FILES))
    checked = check_layout(archive, Asked())
    assert checked.measure.host.value == "x86_64-apple-darwin"
    assert not checked.verdict.accepted


def test_what_is_said_wins_over_what_is_found_out(stage: Path) -> None:
    asked = Asked(
        profile=load_profile("generic"),
        host="x86_64-apple-darwin",
        form="archive",
        state="codesigned",
        standard="guix-release",
    )
    checked = check_layout(stage, asked)
    measure = checked.measure
    assert measure.profile.value.name == "generic"
    assert (measure.host.value, measure.form.value) == ("x86_64-apple-darwin", "archive")
    assert (measure.state.value, measure.standard.value) == ("codesigned", "guix-release")
    found = (measure.profile, measure.host, measure.form, measure.state, measure.standard)
    assert {each.reason for each in found} == {"as asked"}
    assert not checked.verdict.accepted


def test_a_missing_program_is_found(stage: Path) -> None:
    (stage / "libexec" / "bitcoin-node").unlink()
    checked = check_layout(stage, Asked(profile=PROFILE))
    assert not checked.verdict.accepted
    assert any("bitcoin-node" in file.path for file in checked.verdict.files if not file.accepted)


def test_a_tree_that_tells_no_host_wants_one(tmp_path: Path) -> None:
    tree = write_stage(tmp_path / "stage", {"share/notes.txt": b"x"})
    with pytest.raises(UndecidedError) as caught:
        check_layout(tree, Asked())
    assert "--host" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "host", "kind"),
    [
        ("missing", None, ConfigurationError),
        ("stage", "arm64-apple-darwn", UndecidedError),
        ("text", None, LayoutError),
    ],
)
def test_what_cannot_be_checked_is_told(
    stage: Path, path: str, host: str | None, kind: type[Exception]
) -> None:
    (stage.parent / "text").write_bytes(b"no archive")
    with pytest.raises(kind):
        check_layout(stage.parent / path, Asked(host=host))


def test_a_good_tree_exits_0(stage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("check", stage) == 0
    out, err = capsys.readouterr()
    assert "accepted" in out
    assert "multiprocess" in err
    assert "arm64-apple-darwin" in err


def test_a_bad_tree_exits_1(stage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (stage / "bin" / "bitcoin").chmod(0o600)
    assert command("check", stage, "--profile", "multiprocess") == 1
    assert "REJECTED" in capsys.readouterr().out


def test_an_empty_tree_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "stage").mkdir()
    where = ("--host", "arm64-apple-darwin", "--profile", "generic")
    assert command("check", tmp_path / "stage", *where) == 1
    assert "REJECTED" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [("missing",), ("stage", "--profile", "multiproces"), ("stage", "--host", "arm64")],
)
def test_a_wrong_word_exits_2(
    stage: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    path, *options = arguments
    assert command("check", stage.parent / path, *options) == 2
    assert "hint" in capsys.readouterr().err


def test_a_damaged_archive_exits_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "bitcoin-31.0-arm64-apple-darwin.tar.gz"
    archive.write_bytes(pack_tar_gz(DARWIN_FILES)[:600])
    assert command("check", archive) == 3
    assert archive.name in capsys.readouterr().err


def test_the_verdict_as_json_is_one_document(
    stage: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("check", stage, "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "countermark.verify/1"
    assert document["accepted"] is True
    assert len(document["files"]) == len(DARWIN_FILES)


def test_every_profile_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("list") == 0
    listed = capsys.readouterr().out
    for name in profile_names():
        assert name in listed
        assert command("show", name) == 0
        shown = capsys.readouterr().out
        assert load_profile(name).title in shown
        for program in load_profile(name).programs:
            assert program.name in shown


def test_an_unknown_profile_proposes_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("show", "multiproces") == 2
    assert "'multiprocess'" in capsys.readouterr().err


def test_what_was_found_out_is_said(stage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("check", stage) == 0
    said = [line.split(maxsplit=2) for line in capsys.readouterr().err.splitlines()]
    assert said == [
        ["profile", "multiprocess", "its programs show it"],
        ["host", "arm64-apple-darwin", "most of its programs are for it"],
        ["form", "install", "it is a directory"],
        ["state", "ad-hoc", "it holds ad-hoc signatures"],
        ["standard", "local-build", "profile multiprocess is of no release series"],
    ]


def test_each_of_it_can_be_said(stage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ("--form", "install", "--state", "unsigned", "--standard", "guix-release")
    assert command("check", stage, "--profile", "multiprocess", *said) == 1
    out, err = capsys.readouterr()
    assert "L18" in out
    assert err.count("as asked") == 4


def test_a_release_that_is_unknown_exits_2_and_proposes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "bitcoin-33.0-arm64-apple-darwin.tar.gz"
    archive.write_bytes(pack_tar_gz(DARWIN_FILES, "bitcoin-33.0"))
    assert command("check", archive) == 2
    err = capsys.readouterr().err
    assert "no profile describes bitcoin 33.0; the nearest is 32" in err
    assert "--profile 32" in err


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_as_json_is_what_it_lists(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("show", name, "--format", "json") == 0
    document = validate(capsys.readouterr().out)
    profile = load_profile(name)
    assert (document["name"], document["series"]) == (name, profile.series)
    listed = {item.path for platform in PLATFORMS for item in items_for(profile, platform)}
    assert {entry["path"] for entry in document["paths"]} == listed


def test_the_list_as_json_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("list", "--format", "json") == 0
    document = validate(capsys.readouterr().out)
    assert [entry["name"] for entry in document["profiles"]] == list(profile_names())


def test_two_profiles_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("diff", "31", "32") == 0
    assert capsys.readouterr().out.splitlines() == [
        "31 -> 32",
        "",
        "the profile itself",
        "  ~ series     31 -> 32",
        "  ~ hardening  31 -> 32",
        "",
        "linux",
        "  + INSTALL.md  release only in archives",
    ]
    assert command("diff", "31", "31") == 0
    assert "no difference" in capsys.readouterr().out
    assert command("diff", "31", "32", "--format", "json") == 0
    document = validate(capsys.readouterr().out)
    assert (document["old"], document["new"], len(document["differences"])) == ("31", "32", 3)
    assert command("diff", "31", "33") == 2
