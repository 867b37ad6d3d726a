"""What a tree is meant to be, found out from what can be seen of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.layouts import check_layout
from counterproof.errors import UndecidedError, UnknownVersionError
from counterproof.profiles.detection import Asked, detect
from counterproof.profiles.fitting import nearest_profile
from counterproof.profiles.form import special_form
from counterproof.profiles.library import load_profile, parse_profile
from counterproof.profiles.series import profile_of_version, series_profiles
from counterproof.profiles.triple import target_for
from counterproof.survey import Sample, Survey, survey
from counterproof.trees.entry import Entry, Kind
from counterproof.trees.links import Links
from countersign.image import ImageFormat, identify
from releases import ADHOC, MACHO, archive_files, codesigned, installer_files, signed_pe, telling
from trees import AARCH64, LINUX, WINDOWS, elf, pe, write_stage

FORK = parse_profile(
    """
schema = "countermark.profile/1"
name = "fork"
title = "A fork"
description = "A fork for one host."
hosts = ["aarch64-unknown-linux-musl"]
[programs]
forkd = { directory = "bin", required = true }
""",
    "fork.toml",
)


def seen(folder: Path, files: dict[str, bytes], name: str = "stage") -> Survey:
    return survey(write_stage(folder / name, files))


def renamed(tree: Survey, name: str, *, archive: bool = True) -> Survey:
    """Give a survey that is of an archive called ``name``, as far as detection can tell."""
    return dataclasses.replace(tree, path=Path("somewhere", name), archive=archive)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("29.0", "29"),
        ("30.2", "30"),
        ("30.2rc1", "30"),
        ("31.0.1", "31"),
        ("31.99.0", "32"),
        ("29.3.knots20260210", "29"),
        ("0123456789ab", "32"),
        ("1.0.0", None),
        ("21.0", None),
        ("x", None),
    ],
)
def test_a_version_calls_for(version: str, expected: str | None) -> None:
    found = profile_of_version("bitcoin", version)
    assert (found.name if found else None) == expected


@pytest.mark.parametrize(
    ("version", "nearest"), [("33.0", "32"), ("28.1", "29"), ("0.21.1", "29"), ("9999.0", "32")]
)
def test_an_unknown_version_is_refused_and_the_nearest_proposed(version: str, nearest: str) -> None:
    with pytest.raises(UnknownVersionError) as caught:
        profile_of_version("bitcoin", version)
    assert str(caught.value) == (
        f"no profile describes bitcoin {version}; the nearest is {nearest}"
    )
    assert f"--profile {nearest}" in caught.value.hint


def test_of_another_distribution_nothing_is_known() -> None:
    assert profile_of_version("fork", "30.0") is None


@given(st.text())
def test_no_version_raises_anything_else(version: str) -> None:
    for distribution in ("bitcoin", version):
        try:
            profile_of_version(distribution, version)
        except UnknownVersionError:
            assert distribution == "bitcoin"


def test_the_series_stand_in_their_order() -> None:
    assert [profile.series for profile in series_profiles()] == ["29", "30", "31", "32"]


@pytest.mark.parametrize(
    ("triple", "platform", "architecture"),
    [
        ("x86_64-linux-gnu", "linux", "x86_64"),
        ("arm-linux-gnueabihf", "linux", "arm"),
        ("powerpc64-linux-gnu", "linux", "powerpc64"),
        ("aarch64-unknown-linux-musl", "linux", "aarch64"),
        ("i686-pc-linux-gnu", "linux", "i386"),
        ("arm64-apple-darwin", "darwin", "arm64"),
        ("aarch64-apple-darwin24.1", "darwin", "arm64"),
        ("x86_64-apple-darwin", "darwin", "x86_64"),
        ("x86_64-w64-mingw32", "windows", "x86_64"),
        ("aarch64-pc-windows-msvc", "windows", "aarch64"),
    ],
)
def test_a_triple_tells(triple: str, platform: str, architecture: str) -> None:
    target = target_for(triple)
    assert target is not None
    assert (target.platform, target.architecture) == (platform, architecture)
    assert target.executable_suffix == (".exe" if platform == "windows" else "")


@pytest.mark.parametrize(
    "word", ["", "-", "arm64", "vax-linux-gnu", "arm64-apple-darwn", "x86_64-linux-gnu-debug-x"]
)
def test_another_word_is_no_triple(word: str) -> None:
    assert target_for(word) is None


@pytest.mark.parametrize(
    ("paths", "expected", "objections"),
    [
        ("bin/bitcoin bin/bitcoind libexec/bitcoin-node bin/bitcoin-wallet", "32", 0),
        ("bin/bitcoin bin/bitcoind bin/bitcoin-wallet libexec/test_bitcoin", "monolithic", 0),
        ("bin/bitcoin libexec/bitcoin-node libexec/bitcoin-wallet", "multiprocess", 0),
        ("bin/bitcoind bin/bitcoin-cli bin/test_bitcoin", "29", 0),
        ("bin/bitcoin bin/bitcoind bin/bitcoin-node bin/bitcoin-cli", "32", 1),
        ("libexec/bitcoin-node libexec/bitcoin-wallet bin/bitcoin-cli", "multiprocess", 1),
        ("bin/bitcoin bin/bitcoind bin/hello", "32", 1),
        ("bin/hello", None, 0),
        ("bin/bitcoind bin/hello bin/world", None, 0),
        ("", None, 0),
    ],
)
def test_the_profile_is_the_one_that_says_least_against_the_places(
    paths: str, expected: str | None, objections: int
) -> None:
    programs = [PurePosixPath(path) for path in paths.split()]
    profile, found = nearest_profile(programs, LINUX, "install")
    assert (profile.name if profile else None, found) == (expected, objections)


@pytest.mark.parametrize("series", ["29", "30", "31", "32"])
def test_every_release_is_taken_for_a_release_without_its_name(series: str) -> None:
    for target, platform in ((LINUX, "linux"), (WINDOWS, "windows")):
        files = archive_files(int(series), "linux" if platform == "linux" else "windows")
        programs = [PurePosixPath(path) for path in files if path.startswith(("bin", "libexec"))]
        profile, found = nearest_profile(programs, target, "archive")
        assert profile is not None
        assert found == 0
        # Without bitcoin-node nothing sets a release apart from a monolithic build.
        monolithic = platform == "windows" and series != "29"
        assert profile.name == ("monolithic" if monolithic else "29" if series == "29" else "32")


def test_the_name_wins_over_the_programs(tmp_path: Path) -> None:
    tree = seen(tmp_path, archive_files(31, "linux"))
    named = detect(renamed(tree, "bitcoin-29.1-x86_64-linux-gnu.tar.gz"), Asked())
    assert (named.profile.value.name, named.profile.reason) == ("29", "its name tells the version")
    prefixed = dataclasses.replace(renamed(tree, "x.tar.gz"), prefix="bitcoin-30.0")
    assert detect(prefixed, Asked()).profile.value.name == "30"
    unnamed = detect(renamed(tree, "bitcoin-1.0.0.tar.gz"), Asked())
    assert (unnamed.profile.value.name, unnamed.standard.value) == ("31", "local-build")


def test_an_archive_is_measured_as_a_release_when_it_is_said_or_named_to_be_one(
    tmp_path: Path,
) -> None:
    tree = seen(tmp_path, archive_files(31, "linux"))
    named = detect(renamed(tree, "bitcoin-31.0-x86_64-linux-gnu.tar.gz"), Asked())
    assert named.standard.value == "guix-release"
    said = detect(renamed(tree, "x.tar.gz"), Asked(profile=load_profile("31")))
    assert said.standard.value == "guix-release"
    assert detect(renamed(tree, "x.tar.gz"), Asked()).standard.value == "local-build"
    local = detect(renamed(tree, "x.tar.gz"), Asked(profile=load_profile("monolithic")))
    assert local.standard.value == "local-build"


MONOLITHIC = ("bin/bitcoin", "bin/bitcoind", "bin/bitcoin-wallet")
MULTIPROCESS = ("bin/bitcoin", "libexec/bitcoin-node", "libexec/bitcoin-wallet")


@pytest.mark.parametrize(
    ("paths", "version", "expected"),
    [
        (MONOLITHIC[:2], "v30.2.0", "30"),
        (MONOLITHIC[:2], "v29.1.0", "29"),
        (MONOLITHIC[:2], "v31.99.0-0123456789ab", "32"),
        (MONOLITHIC[:2], "v1.0.0", "32"),
        (MONOLITHIC, "v30.2.0", "30"),
        (MONOLITHIC, "v1.0.0", "monolithic"),
        (MONOLITHIC, "v33.0.0", "monolithic"),
        (MULTIPROCESS, "v30.2.0", "multiprocess"),
        (("bin/hello",), "v30.2.0", "generic"),
    ],
)
def test_among_releases_the_version_decides_that_the_programs_tell(
    tmp_path: Path, paths: tuple[str, ...], version: str, expected: str
) -> None:
    program = telling(elf(), version)
    found = detect(seen(tmp_path, dict.fromkeys(paths, program)), Asked())
    assert found.profile.value.name == expected
    assert ("tell version" in found.profile.reason) is (
        version != "v1.0.0" and expected.isdecimal()
    )


def test_a_version_that_programs_tell_is_never_taken_when_it_is_unknown(tmp_path: Path) -> None:
    program = telling(elf(), "v28.1.0")
    tree = seen(tmp_path, {"bin/bitcoind": program, "bin/bitcoin-cli": program})
    with pytest.raises(UnknownVersionError, match=r"bitcoin 28\.1; the nearest is 29"):
        detect(tree, Asked())


def test_a_version_that_is_unknown_is_never_taken(tmp_path: Path) -> None:
    tree = seen(tmp_path, archive_files(31, "linux"))
    with pytest.raises(UnknownVersionError):
        detect(renamed(tree, "bitcoin-33.0-x86_64-linux-gnu.tar.gz"), Asked())
    asked = Asked(profile=load_profile("32"))
    named = detect(renamed(tree, "bitcoin-33.0-x86_64-linux-gnu.tar.gz"), asked)
    assert named.profile.reason == "as asked"


def test_the_host_is_that_of_most_images(tmp_path: Path) -> None:
    tree = seen(tmp_path, {"bin/a": elf(AARCH64), "bin/b": elf(), "bin/c": elf(AARCH64)})
    assert detect(tree, Asked()).host.value == "aarch64-linux-gnu"


def test_the_hosts_of_a_profile_come_first(tmp_path: Path) -> None:
    tree = seen(tmp_path, {"bin/forkd": elf(AARCH64)})
    found = detect(tree, Asked(profile=FORK))
    assert found.host.value == "aarch64-unknown-linux-musl"
    assert found.target.image_format is ImageFormat.ELF
    named = renamed(tree, "fork-1.0-aarch64-unknown-linux-musl.tar.gz")
    assert detect(named, Asked(profile=FORK)).host.reason == "its name says so"


def test_a_host_that_the_profile_lacks_is_refused_unless_asked_for(tmp_path: Path) -> None:
    tree = seen(tmp_path, {"bin/forkd": elf()})
    named = renamed(tree, "fork-1.0-x86_64-linux-gnu.tar.gz")
    with pytest.raises(UndecidedError, match="profile fork has no host x86_64-linux-gnu"):
        detect(named, Asked(profile=FORK))
    asked = Asked(profile=FORK, host="x86_64-linux-gnu")
    assert detect(named, asked).target == target_for("x86_64-linux-gnu")


def test_an_unknown_host_is_refused_and_the_nearest_proposed(tmp_path: Path) -> None:
    tree = seen(tmp_path, {"bin/forkd": elf()})
    with pytest.raises(UndecidedError, match="did you mean 'arm64-apple-darwin'"):
        detect(tree, Asked(host="arm64-apple-darwn"))


@pytest.mark.parametrize(
    ("paths", "form"),
    [
        ("Contents/Info.plist Contents/MacOS/x", "app"),
        ("Contents/Info.plist README", None),
        ("daemon/bitcoind.exe bitcoin-qt.exe", "nsis"),
        ("daemon/x bin/bitcoind", None),
        ("daemon", None),
        ("bin/bitcoind", None),
        ("", None),
    ],
)
def test_special_forms_show_in_their_directories(paths: str, form: str | None) -> None:
    assert special_form([PurePosixPath(path) for path in paths.split()]) == form


def test_an_app_needs_a_profile_that_describes_one(tmp_path: Path) -> None:
    tree = seen(tmp_path, {"Contents/MacOS/x": MACHO})
    with pytest.raises(UndecidedError, match="profile fork describes no application bundle"):
        detect(tree, Asked(profile=FORK, host="arm64-apple-darwin"))


@pytest.mark.parametrize(
    ("name", "program", "state"),
    [
        ("bitcoin-31.0-arm64-apple-darwin-unsigned.tar.gz", MACHO, "unsigned"),
        ("bitcoin-31.0-arm64-apple-darwin-unsigned.tar.gz", ADHOC, "unsigned"),
        ("bitcoin-31.0-arm64-apple-darwin.tar.gz", codesigned(), "codesigned"),
        ("bitcoin-31.0-arm64-apple-darwin.tar.gz", ADHOC, "ad-hoc"),
        ("bitcoin-31.0-arm64-apple-darwin.tar.gz", MACHO, "codesigned"),
        ("bitcoin-1.0.0-arm64-apple-darwin.tar.gz", MACHO, "ad-hoc"),
        ("bitcoin-31.0-win64-unsigned.zip", pe(), "unsigned"),
        ("bitcoin-31.0-win64.zip", pe(), "codesigned"),
        ("bitcoin-31.0-win64.zip", signed_pe(), "codesigned"),
        ("bitcoin-1.0.0-x86_64-w64-mingw32.zip", pe(), "unsigned"),
        ("bitcoin-31.0-x86_64-linux-gnu.tar.gz", elf(), "unsigned"),
    ],
)
def test_the_state_is_that_of_name_and_signatures(
    tmp_path: Path, name: str, program: bytes, state: str
) -> None:
    suffix = ".exe" if "win64" in name or "mingw32" in name else ""
    files = {f"bin/bitcoin{suffix}": program, f"bin/bitcoind{suffix}": program}
    found = detect(renamed(seen(tmp_path, files), name), Asked())
    assert found.state.value == state
    assert found.state.reason


PATHS = st.lists(
    st.builds(
        PurePosixPath,
        st.sampled_from(["bin", "libexec", "daemon", "Contents", "Contents/MacOS", "", "share"]),
        st.sampled_from(
            ["bitcoin", "bitcoind", "bitcoin.exe", "hello", "bitcoin.conf", "Info.plist"]
        ),
    ),
    max_size=6,
    unique=True,
)
NAMES = st.sampled_from(
    [
        "stage",
        "bitcoin-31.0-win64.zip",
        "bitcoin-30.0-arm64-apple-darwin-unsigned.tar.gz",
        "bitcoin-33.0-x86_64-linux-gnu.tar.gz",
        "Bitcoin-Qt.app",
        "bitcoin-29.0",
    ]
)


@given(
    paths=PATHS,
    content=st.sampled_from([elf(), pe(), MACHO, b"text"]),
    name=NAMES,
    archive=st.booleans(),
)
def test_whatever_a_tree_holds_it_is_found_out_or_undecided(
    *, paths: list[PurePosixPath], content: bytes, name: str, archive: bool
) -> None:
    entries = [Entry(path=path, kind=Kind.FILE, mode=0o755, size=len(content)) for path in paths]
    image = identify(content)
    tree = Survey(
        path=Path("somewhere", name),
        archive=archive,
        prefix=None,
        samples={entry.path: Sample(entry=entry, image=image) for entry in entries},
        links=Links.of(tuple(entries)),
    )
    try:
        found = detect(tree, Asked())
    except UndecidedError:
        return
    assert found.target == target_for(found.host.value)
    assert all(
        each.reason for each in (found.profile, found.host, found.form, found.state, found.standard)
    )


def test_one_certificate_makes_the_whole_codesigned(tmp_path: Path) -> None:
    files = {"bin/bitcoin": codesigned(), "bin/bitcoind": ADHOC}
    assert detect(seen(tmp_path, files), Asked()).state.value == "codesigned"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("bitcoin-31.0.tar.gz", "the source"),
        ("bitcoin-31.0-win64-setup.exe", "the installer for Windows"),
        ("bitcoin-31.0-win64-codesigning.tar.gz", "what a codesigner is given"),
        ("bitcoin-31.0-codesignatures-31.0.tar.gz", "detached signatures"),
    ],
)
def test_what_holds_no_programs_for_users_is_refused_by_its_name(
    tmp_path: Path, name: str, what: str
) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(UndecidedError, match=what):
        check_layout(tmp_path / name, Asked())


def build_tree(folder: Path, home: str) -> Path:
    """Write a build tree whose every other file would make an error, or take long to read."""
    top = write_stage(folder / "build", {"CMakeCache.txt": b"", f"{home}/bitcoin": elf()})
    write_stage(top, {f"{home}/bitcoind": elf(), f"{home}/hello": b"\xfe\xed", "src/x.o": pe()})
    write_stage(top, {f"{home}/CMakeFiles/x.dir/bitcoind": pe(), "lib/libx.a": b"!<arch>\n"})
    (top / "src/pipe").unlink(missing_ok=True)
    (top / "src/link").symlink_to("/")
    return top


@pytest.mark.parametrize("home", ["bin", "src"])
def test_of_a_build_tree_only_the_programs_are_read(tmp_path: Path, home: str) -> None:
    top = build_tree(tmp_path, home)
    for name in ("bitcoin", "bitcoind"):
        (top / home / name).chmod(0o775)
    for profile in (None, load_profile("32")):
        checked = check_layout(top, Asked(profile=profile))
        assert checked.verdict.accepted
        assert [Path(file.path).relative_to(top).as_posix() for file in checked.verdict.files] == [
            f"{home}/bitcoin",
            f"{home}/bitcoind",
        ]
        assert checked.measure.form.value == "build"
        assert checked.measure.standard.value == "local-build"


def test_the_bin_of_a_build_tree_stands_for_it(tmp_path: Path) -> None:
    checked = check_layout(build_tree(tmp_path, "bin") / "bin", Asked())
    assert checked.measure.form.value == "build"
    assert checked.verdict.accepted


def test_where_there_is_a_bin_the_objects_are_left_alone(tmp_path: Path) -> None:
    top = build_tree(tmp_path, "bin")
    write_stage(top, {"src/bitcoind": pe()})
    assert check_layout(top, Asked()).verdict.accepted


def test_programs_of_older_builds_stand_in_directories_of_their_own(tmp_path: Path) -> None:
    program = telling(elf(), "v29.0.0")
    top = write_stage(
        tmp_path / "build",
        {"config.status": b"", "src/bitcoind": program, "src/qt/bitcoin-qt": program},
    )
    write_stage(top, {"src/test/test_bitcoin": program, "src/test/bitcoin-qt.o": b"x"})
    checked = check_layout(top, Asked())
    assert checked.verdict.accepted
    assert len(checked.verdict.files) == 3
    assert checked.measure.profile.value.name == "29"


def test_a_build_that_made_nothing_is_no_success(tmp_path: Path) -> None:
    top = write_stage(tmp_path / "build", {"CMakeCache.txt": b"", "bin/hello": elf()})
    with pytest.raises(UndecidedError, match="neither its name nor its programs tell the host"):
        check_layout(top, Asked())
    asked = Asked(profile=load_profile("32"), host="x86_64-linux-gnu")
    assert not check_layout(top, asked).verdict.accepted


def test_the_payload_of_an_installer_is_found_out(tmp_path: Path) -> None:
    found = detect(seen(tmp_path, installer_files(31)), Asked())
    assert (found.profile.value.name, found.form.value) == ("31", "nsis")
    assert found.state.value == "unsigned"
