"""The profiles of release series against what those releases hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from countermark.layouts import CheckedLayout, check_layout
from counterproof.profiles.detection import Asked
from counterproof.profiles.library import load_profile
from counterproof.target import Platform
from releases import (
    ADHOC,
    MACHO,
    app_files,
    archive_files,
    codesigned,
    info_plist,
    installer_files,
    signed_pe,
)
from trees import mode_of, pack_tar_gz, pack_zip, write_stage, zip_info, zip_of

SERIES = [29, 30, 31, 32]
HOSTS: dict[Platform, str] = {
    "linux": "x86_64-linux-gnu",
    "darwin": "arm64-apple-darwin",
    "windows": "win64",
}
NOT_YET: dict[int, set[str]] = {29: set(), 30: {"share/man/man1/bitcoin.1"}, 31: set(), 32: set()}
"""What the first release of a series lacked."""
RELEASES = [(series, platform) for series in SERIES for platform in HOSTS]


def rules(checked: CheckedLayout) -> list[tuple[str, str]]:
    """Give rule and place of every error that the layout has; the images say nothing here."""
    return [
        (finding.rule, file.member or Path(file.path).name)
        for file in checked.verdict.files
        for finding in file.findings
        if finding.severity == "error"
    ]


def messages(checked: CheckedLayout, rule: str) -> list[str]:
    return [
        finding.message
        for file in checked.verdict.files
        for finding in file.findings
        if finding.rule == rule
    ]


def archive(
    folder: Path, series: int, platform: Platform, files: dict[str, bytes], kind: str = ""
) -> Path:
    version = f"{series}.0"
    suffix = ".zip" if platform == "windows" else ".tar.gz"
    path = folder / f"bitcoin-{version}-{HOSTS[platform]}{kind}{suffix}"
    pack = pack_zip if platform == "windows" else pack_tar_gz
    path.write_bytes(pack(files, f"bitcoin-{version}"))
    return path


def measured(checked: CheckedLayout) -> tuple[str, str, str, str, str]:
    found = checked.measure
    return (
        found.profile.value.name,
        found.host.value,
        found.form.value,
        found.state.value,
        found.standard.value,
    )


@pytest.mark.parametrize(("series", "platform"), RELEASES)
def test_an_unsigned_archive_of_a_release_is_accepted(
    tmp_path: Path, series: int, platform: Platform
) -> None:
    kind = "" if platform == "linux" else "-unsigned"
    path = archive(tmp_path, series, platform, archive_files(series, platform), kind)
    checked = check_layout(path, Asked())
    assert rules(checked) == []
    host = "x86_64-w64-mingw32" if platform == "windows" else HOSTS[platform]
    assert measured(checked) == (str(series), host, "archive", "unsigned", "guix-release")


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("platform", ["darwin", "windows"])
def test_a_codesigned_archive_of_a_release_is_accepted(
    tmp_path: Path, series: int, platform: Platform
) -> None:
    program = codesigned() if platform == "darwin" else signed_pe(f"v{series}.0.0")
    files = archive_files(series, platform, program)
    checked = check_layout(archive(tmp_path, series, platform, files), Asked())
    assert rules(checked) == []
    assert checked.measure.state.value == "codesigned"


@pytest.mark.parametrize(("series", "platform"), RELEASES)
def test_every_file_of_a_release_is_required_and_nothing_else_is_allowed(
    tmp_path: Path, series: int, platform: Platform
) -> None:
    kind = "" if platform == "linux" else "-unsigned"
    whole = archive_files(series, platform)
    for name in whole.keys() - NOT_YET[series]:
        files = {path: content for path, content in whole.items() if path != name}
        checked = check_layout(archive(tmp_path, series, platform, files, kind), Asked())
        assert rules(checked) == [("L02", f"bitcoin-{series}.0/{name}")]
    for name in ("COPYING", "share/notes.txt", "libexec/bench_bitcoin"):
        files = {**whole, name: whole["bin/bitcoind" + ".exe" * (platform == "windows")]}
        checked = check_layout(archive(tmp_path, series, platform, files, kind), Asked())
        assert "L03" in {rule for rule, _ in rules(checked)}


def test_an_archive_of_30_may_lack_the_man_page_that_30_0_lacked(tmp_path: Path) -> None:
    files = archive_files(30, "linux")
    del files["share/man/man1/bitcoin.1"]
    assert rules(check_layout(archive(tmp_path, 30, "linux", files), Asked())) == []


@pytest.mark.parametrize("series", SERIES)
def test_what_the_installer_unpacks_is_accepted_and_nothing_else(
    tmp_path: Path, series: int
) -> None:
    files = installer_files(series)
    asked = Asked(profile=load_profile(str(series)))
    stage = write_stage(tmp_path / "whole", files)
    checked = check_layout(stage, asked)
    assert rules(checked) == []
    assert measured(checked)[2:] == ("nsis", "unsigned", "guix-release")
    write_stage(stage, {"daemon/bitcoin-util.exe": files["bitcoin-qt.exe"]})
    assert rules(check_layout(stage, asked)) == [("L03", "bitcoin-util.exe")]
    (stage / "daemon/bitcoin-util.exe").unlink()
    (stage / "daemon/bitcoind.exe").unlink()
    assert rules(check_layout(stage, asked)) == [("L02", "bitcoind.exe")]


def test_a_program_of_the_installer_in_the_other_directory_is_out_of_place(tmp_path: Path) -> None:
    stage = write_stage(tmp_path / "payload", installer_files(31))
    (stage / "daemon/bitcoind.exe").rename(stage / "bitcoind.exe")
    assert rules(check_layout(stage, Asked(profile=load_profile("31")))) == [
        ("L04", "bitcoind.exe")
    ]


def app_zip(path: Path, files: dict[str, bytes]) -> Path:
    members = []
    for name, content in sorted(files.items()):
        mode = 0o755 if "/MacOS/" in name else mode_of(name)
        members.append((zip_info(f"Bitcoin-Qt.app/{name}", 0o100000 | mode), content))
    path.write_bytes(zip_of(*members))
    return path


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize(
    ("program", "kind", "state"),
    [
        (MACHO, "-unsigned", "unsigned"),
        (codesigned(), "", "codesigned"),
        (ADHOC, "", "ad-hoc"),
    ],
)
def test_an_app_is_accepted_in_every_state(
    tmp_path: Path, series: int, program: bytes, kind: str, state: str
) -> None:
    path = tmp_path / f"bitcoin-{series}.1-arm64-apple-darwin{kind}.zip"
    checked = check_layout(app_zip(path, app_files(program)), Asked())
    assert rules(checked) == []
    assert measured(checked)[:4] == (str(series), "arm64-apple-darwin", "app", state)


def test_an_app_in_a_directory_is_of_the_newest_series(tmp_path: Path) -> None:
    bundle = write_stage(tmp_path / "Bitcoin-Qt.app", app_files(ADHOC))
    (bundle / "Contents/MacOS/Bitcoin-Qt").chmod(0o755)
    checked = check_layout(bundle, Asked())
    assert rules(checked) == []
    assert measured(checked) == ("32", "arm64-apple-darwin", "app", "ad-hoc", "local-build")


@pytest.mark.parametrize(
    ("program", "kind", "change", "expected"),
    [
        (codesigned(), "", "Contents/CodeResources", ("L02", "Contents/CodeResources")),
        (
            codesigned(),
            "",
            "Contents/_CodeSignature/CodeResources",
            ("L02", "Contents/_CodeSignature/CodeResources"),
        ),
        (MACHO, "-unsigned", "Contents/Info.plist", ("L02", "Contents/Info.plist")),
        (MACHO, "-unsigned", "Contents/MacOS/Bitcoin-Qt", ("L02", "Contents/MacOS/Bitcoin-Qt")),
    ],
)
def test_an_app_without_one_of_its_parts_is_rejected(
    tmp_path: Path, program: bytes, kind: str, change: str, expected: tuple[str, str]
) -> None:
    files = app_files(program)
    del files[change]
    path = app_zip(tmp_path / f"bitcoin-31.1-arm64-apple-darwin{kind}.zip", files)
    rule, place = expected
    assert (rule, f"Bitcoin-Qt.app/{place}") in rules(check_layout(path, Asked()))


def test_a_seal_in_an_unsigned_app_is_unexpected_and_says_when_it_is_not(tmp_path: Path) -> None:
    files = {**app_files(MACHO), "Contents/CodeResources": b"ticket"}
    path = app_zip(tmp_path / "bitcoin-31.1-arm64-apple-darwin-unsigned.zip", files)
    checked = check_layout(path, Asked())
    assert rules(checked) == [("L03", "Bitcoin-Qt.app/Contents/CodeResources")]
    assert messages(checked, "L03") == ["not listed by profile 31 for darwin, only when codesigned"]


@pytest.mark.parametrize(
    ("plist", "expected"),
    [
        (info_plist("org.example.Other"), "CFBundleIdentifier is org.example.Other, expected org."),
        (info_plist("a\nb"), "CFBundleIdentifier is 'a\\nb', expected"),
        (b"<plist><dict/></plist>", "CFBundleIdentifier is missing, expected"),
        (b"nothing", "CFBundleIdentifier is not readable, expected"),
    ],
)
def test_an_app_of_another_name_is_another_app(tmp_path: Path, plist: bytes, expected: str) -> None:
    files = {**app_files(MACHO), "Contents/Info.plist": plist}
    path = app_zip(tmp_path / "bitcoin-31.1-arm64-apple-darwin-unsigned.zip", files)
    checked = check_layout(path, Asked())
    assert rules(checked) == [("L21", "Bitcoin-Qt.app/Contents/Info.plist")]
    assert messages(checked, "L21")[0].startswith(expected)


def test_a_bundle_in_another_directory_is_another_bundle(tmp_path: Path) -> None:
    bundle = write_stage(tmp_path / "Other.app", app_files(ADHOC))
    (bundle / "Contents/MacOS/Bitcoin-Qt").chmod(0o755)
    checked = check_layout(bundle, Asked(profile=load_profile("31")))
    assert messages(checked, "L21") == ["the bundle is called Other.app, expected Bitcoin-Qt.app"]


def test_a_huge_info_plist_is_not_checkable_and_says_so(tmp_path: Path) -> None:
    plist = info_plist("org.bitcoinfoundation.Bitcoin-Qt") + b" " * 5000
    files = {**app_files(MACHO), "Contents/Info.plist": plist}
    path = app_zip(tmp_path / "bitcoin-31.1-arm64-apple-darwin-unsigned.zip", files)
    checked = check_layout(path, Asked())
    assert rules(checked) == []
    assert messages(checked, "L21") == [f"not checkable: it has {len(plist)} bytes"]


def test_an_unpacked_archive_is_measured_like_the_archive(tmp_path: Path) -> None:
    stage = write_stage(tmp_path / "bitcoin-31.1", archive_files(31, "linux"))
    checked = check_layout(stage, Asked())
    assert rules(checked) == []
    assert measured(checked)[2:] == ("archive", "unsigned", "guix-release")


def test_an_install_tree_needs_only_what_was_built(tmp_path: Path) -> None:
    whole = archive_files(32, "linux")
    names = (
        "bin/bitcoin",
        "bin/bitcoin-cli",
        "bin/bitcoin-wallet",
        "bin/bitcoind",
        "libexec/bitcoin-node",
        "share/man/man1/bitcoin.1",
        "share/man/man1/bitcoind.1",
    )
    stage = write_stage(tmp_path / "stage", {name: whole[name] for name in names})
    checked = check_layout(stage, Asked())
    assert rules(checked) == []
    assert measured(checked)[0] == "32"
    assert measured(checked)[2:] == ("install", "unsigned", "local-build")
    complete = check_layout(stage, Asked(standard="guix-release"))
    assert {rule for rule, _ in rules(complete)} == {"L02"}


def test_documents_of_an_archive_are_not_of_an_install_tree(tmp_path: Path) -> None:
    stage = write_stage(tmp_path / "stage", archive_files(32, "linux"))
    checked = check_layout(stage, Asked(form="install"))
    assert ("L03", "INSTALL.md") in rules(checked)
    expected = "not listed by profile 32 for linux, only in an archive"
    assert expected in messages(checked, "L03")
