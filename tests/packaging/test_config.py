"""What a release is made from: options over the file, over what is found out."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from countermark.config import Options, embedded_suite, resolve
from countermark.configuration import Configuration, effective_settings
from countermark.errors import ConfigurationError, UnknownHostError
from countermark.settings import FILE_NAME, format_settings
from countermark.toolchain import ToolchainKind
from countersign.pagehash import available_threads
from countersign.style import Style
from suites import ENVIRONMENT, EPOCH, commit, suite

TIMELESS = {"PATH": ENVIRONMENT["PATH"], "HOME": ENVIRONMENT["HOME"]}
"""An environment that says nothing about the release."""
ONE_HOST = ("arm64-apple-darwin",)
PROFILE = """\
schema = "countermark.profile/1"
name = "own"
title = "One of our own"
description = "Anything goes."
unlisted = "allowed"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return suite(tmp_path / "bitcoin")


def write_settings(directory: Path, text: str) -> Path:
    file = directory / FILE_NAME
    file.write_text(text, encoding="utf-8")
    return file


def settle(directory: Path, options: Options | None = None, **environment: str) -> Configuration:
    return resolve(options or Options(), {**ENVIRONMENT, **environment}, directory)


def refusal(directory: Path, options: Options, **environment: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        settle(directory, options, **environment)
    return caught.value


def test_without_a_word_a_build_has_no_more_jobs_than_processors(tree: Path) -> None:
    found = settle(tree, Options(version="1"))
    assert 1 <= found.jobs <= available_threads()
    assert found.load is None


def test_a_variable_says_how_much_of_the_machine_is_used(tree: Path) -> None:
    variables = {"COUNTERMARK_JOBS": "7", "COUNTERMARK_LOAD": "2.5"}
    found = settle(tree, Options(version="1"), **variables)
    assert (found.jobs, found.load) == (7, 2.5)
    found = settle(tree, Options(version="1", jobs=2, load=1.0), **variables)
    assert (found.jobs, found.load) == (2, 1.0)


@pytest.mark.parametrize("amount", ["0", "-1", "x", "nan", "inf", "1e999"])
@pytest.mark.parametrize("name", ["COUNTERMARK_JOBS", "COUNTERMARK_LOAD"])
def test_an_amount_that_is_none_is_refused(tree: Path, name: str, amount: str) -> None:
    assert name in str(refusal(tree, Options(version="1"), **{name: amount}))


def test_how_much_of_the_machine_is_used_is_not_written_down(tree: Path) -> None:
    one, other = (settle(tree, Options(version="1", jobs=n, load=n)) for n in (1, 9))
    assert effective_settings(one) == effective_settings(other)


def test_an_option_wins_over_the_file(tree: Path) -> None:
    write_settings(
        tree,
        "name = 'a'\nversion = '1'\nout = 'a'\nstyle = 'macos26'\ncomponents = ['a']\n"
        "profile = 'generic'\npreset = 'a'\ntoolchain = 'zig'\nhosts.x86_64-linux-gnu = {}",
    )
    (tree / "sdk.cmake").touch()
    options = Options(
        name="b",
        version="2",
        out=Path("b"),
        style="macos15",
        components=("b",),
        profile="multiprocess",
        preset="b",
        toolchain="sdk.cmake",
        hosts=ONE_HOST,
    )
    found = settle(tree, options)
    (host,) = found.hosts
    assert (found.label, found.out, found.components) == ("b-2", tree / "b", ("b",))
    assert found.style is Style.MACOS15
    assert host.host.triple == "arm64-apple-darwin"
    assert host.toolchain.kind is ToolchainKind.FILE
    assert host.preset == "b"
    assert host.profile is not None
    assert host.profile.name == "multiprocess"


def test_the_file_wins_over_what_git_and_the_directory_tell(tree: Path) -> None:
    commit(tree, tag="v3.0", time=1)
    write_settings(tree, "name = 'a'\nversion = '1'\nsource_date_epoch = 7")
    found = resolve(Options(hosts=ONE_HOST), TIMELESS, tree)
    assert (found.label, found.source_date_epoch) == ("a-1", 7)


def test_what_nobody_says_is_found_out(tree: Path) -> None:
    commit(tree, tag="v3.0", time=1_600_000_000)
    found = resolve(Options(), TIMELESS, tree)
    assert found.label == "bitcoin-3.0"
    assert found.source_date_epoch == 1_600_000_000
    assert found.out == tree / "dist"
    assert found.style is Style.MACOS26
    assert found.components == ()
    assert found.hosts[-1].host.triple == "arm64-apple-darwin"
    assert {host.toolchain.kind for host in found.hosts} == {ToolchainKind.ZIG}
    assert {host.profile for host in found.hosts} == {None}


def test_the_variable_wins_over_the_time_in_the_file(tree: Path) -> None:
    write_settings(tree, "version = '1'\nsource_date_epoch = 7")
    found = settle(tree, Options(hosts=ONE_HOST))
    assert found.source_date_epoch == EPOCH
    assert found.environment["SOURCE_DATE_EPOCH"] == str(EPOCH)


def test_a_time_that_is_no_number_is_refused(tree: Path) -> None:
    error = refusal(tree, Options(version="1"), SOURCE_DATE_EPOCH="yesterday")
    assert "SOURCE_DATE_EPOCH" in str(error)


@pytest.mark.parametrize("time", [4354819199, 1_700_000_000_000, 10**20])
def test_a_time_that_no_zip_file_can_hold_is_refused(tree: Path, time: int) -> None:
    assert str(time) in str(refusal(tree, Options(version="1"), SOURCE_DATE_EPOCH=str(time)))


def test_a_tree_without_git_needs_a_version_and_a_time(tree: Path) -> None:
    assert "--version" in refusal(tree, Options()).hint
    with pytest.raises(ConfigurationError) as caught:
        resolve(Options(version="1"), TIMELESS, tree)
    assert "SOURCE_DATE_EPOCH" in caught.value.hint


def test_the_embedded_suite_is_taken_where_there_is_none(tmp_path: Path) -> None:
    found = settle(tmp_path, Options(hosts=ONE_HOST))
    assert found.suite == (embedded_suite() / "src").resolve()
    assert found.label == "bitcoin-1.0.0"
    assert found.out == tmp_path / "dist"


def test_the_embedded_suite_gives_way_to_the_one_here(tree: Path) -> None:
    assert settle(tree, Options(version="1", hosts=ONE_HOST)).suite == tree


def test_a_suite_on_the_command_line_brings_its_own_file(tree: Path, tmp_path: Path) -> None:
    write_settings(tree, "version = '1'\nout = 'artifacts'")
    found = settle(tmp_path, Options(suite=Path("bitcoin"), hosts=ONE_HOST))
    assert (found.suite, found.version) == (tree, "1")
    assert found.out == tree / "artifacts"


def test_a_suites_own_file_may_point_to_a_folder_of_it(tree: Path, tmp_path: Path) -> None:
    write_settings(tree, "version = '1'\nsuite = 'src'")
    suite(tree / "src")
    found = settle(tmp_path, Options(suite=tree, hosts=ONE_HOST))
    assert found.suite == tree / "src"


def test_a_suite_wins_over_that_of_a_named_file(tree: Path, tmp_path: Path) -> None:
    other = suite(tmp_path / "other")
    file = write_settings(tmp_path, "version = '1'\nsuite = 'bitcoin'")
    found = settle(tmp_path, Options(config=file, suite=other, hosts=ONE_HOST))
    assert found.suite == other
    assert settle(tmp_path, Options(config=file, hosts=ONE_HOST)).suite == tree


def test_the_file_in_the_current_directory_is_not_for_another_suite(
    tree: Path, tmp_path: Path
) -> None:
    write_settings(tmp_path, "version = '9'")
    assert "version" in str(refusal(tmp_path, Options(suite=tree)))


def test_a_path_in_the_file_starts_at_the_file(tree: Path, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "sdk.cmake").touch()
    (folder / "own.toml").write_text(PROFILE, encoding="utf-8")
    file = write_settings(
        folder,
        "suite = '../bitcoin'\nversion = '1'\nout = 'out'\ntoolchain = 'sdk.cmake'\n"
        "profile = 'own.toml'",
    )
    found = settle(tmp_path, Options(config=file, hosts=ONE_HOST))
    assert (found.suite, found.out) == (tree, folder / "out")
    assert found.hosts[0].toolchain.file == folder / "sdk.cmake"
    assert found.hosts[0].profile is not None
    assert found.hosts[0].profile.name == "own"


@pytest.mark.parametrize("exists", [False, True], ids=["missing", "empty"])
def test_a_suite_that_is_none_is_named(tmp_path: Path, exists: bool) -> None:
    place = tmp_path / "suite"
    if exists:
        place.mkdir()
    error = refusal(tmp_path, Options(suite=place, version="1"))
    assert str(place) in str(error)
    assert error.hint


@pytest.mark.parametrize("word", [" ", "a/b", "../a", "a b", ".hidden", "-rf", "a\n", "a\0"])
def test_a_name_that_would_make_no_file_name_is_refused(tree: Path, word: str) -> None:
    write_settings(tree, "version = '1'")
    assert "--name" in refusal(tree, Options(name=word)).hint
    assert "--version" in refusal(tree, Options(version=word)).hint


def test_a_directory_that_makes_no_name_wants_one(tmp_path: Path) -> None:
    assert "--name" in refusal(suite(tmp_path / "my suite"), Options(version="1")).hint


def test_an_unknown_style_proposes_the_nearest(tree: Path) -> None:
    error = refusal(tree, Options(version="1", style="macos62"))
    assert "'macos62'" in str(error)
    assert "'macos26'" in str(error)


@pytest.mark.parametrize(
    ("environment", "cache"),
    [
        ({"COUNTERMARK_CACHE_DIR": "/c", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/c"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/countermark"),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/countermark"),
        ({"HOME": "/h"}, "/h/.cache/countermark"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/countermark"),
    ],
)
def test_the_cache_is_where_the_environment_says(
    tree: Path, environment: dict[str, str], cache: str
) -> None:
    options = Options(version="1", hosts=ONE_HOST)
    given = {"PATH": TIMELESS["PATH"], "SOURCE_DATE_EPOCH": "1", **environment}
    found = resolve(options, given, tree)
    assert found.cache == Path(cache)
    assert found.environment["ZIG_GLOBAL_CACHE_DIR"].startswith(cache)


def test_without_a_home_the_cache_is_in_the_output(tree: Path) -> None:
    given = {"PATH": TIMELESS["PATH"], "SOURCE_DATE_EPOCH": "1"}
    found = resolve(Options(version="1", hosts=ONE_HOST), given, tree)
    assert found.out in found.cache.parents


def test_a_cache_of_ones_own_starts_where_the_options_start(tree: Path) -> None:
    found = settle(tree, Options(version="1", hosts=ONE_HOST), COUNTERMARK_CACHE_DIR="cache")
    assert found.cache == tree / "cache"


def test_a_build_sees_only_the_variables_it_may(tree: Path) -> None:
    passed = {"HOME": "/h", "USER": "ann", "TMPDIR": "/t", "PATH": ENVIRONMENT["PATH"]}
    stopped = dict.fromkeys(
        ("CFLAGS", "CC", "DESTDIR", "LD_PRELOAD", "MAKEFLAGS", "CMAKE_GENERATOR", "GIT_DIR"), "x"
    )
    found = settle(tree, Options(version="1", hosts=ONE_HOST), **passed, **stopped)
    assert passed.items() <= found.environment.items()
    assert not stopped.keys() & found.environment.keys()
    assert found.environment["TZ"] == "UTC"
    assert found.environment["LC_ALL"] == "C.UTF-8"


def test_all_means_every_host_that_can_be_built(tree: Path) -> None:
    found = settle(tree, Options(version="1", hosts=("all",)))
    assert len(found.hosts) == 7


def test_a_host_named_twice_is_built_once(tree: Path) -> None:
    found = settle(tree, Options(version="1", hosts=ONE_HOST * 2))
    assert len(found.hosts) == 1


def test_a_host_that_zig_cannot_build_is_refused(tree: Path) -> None:
    with pytest.raises(UnknownHostError, match="C library"):
        settle(tree, Options(version="1", hosts=("powerpc64-linux-gnu",)))


def test_what_a_host_says_wins_over_what_all_are_told(tree: Path) -> None:
    (tree / "sdk.cmake").touch()
    write_settings(
        tree,
        """
        version = '1'
        profile = 'generic'
        preset = 'common'
        cmake = { A = 1, B = true, C = "x" }
        [hosts.x86_64-linux-gnu]
        [hosts.arm64-apple-darwin]
        toolchain = 'sdk.cmake'
        profile = 'multiprocess'
        preset = 'own'
        cmake = { B = false, D = 4 }
        """,
    )
    linux, darwin = settle(tree, Options(cmake=(("C", "y"),))).hosts
    assert dict(linux.cmake) == {"A": 1, "B": True, "C": "y"}
    assert dict(darwin.cmake) == {"A": 1, "B": False, "C": "y", "D": 4}
    assert [name for name, _ in darwin.cmake] == sorted(dict(darwin.cmake))
    assert (linux.preset, darwin.preset) == ("common", "own")
    assert linux.toolchain.kind is ToolchainKind.ZIG
    assert darwin.toolchain.file == tree / "sdk.cmake"
    assert [host.profile.name for host in (linux, darwin) if host.profile] == [
        "generic",
        "multiprocess",
    ]


def again(found: Configuration, directory: Path) -> Configuration:
    """Write the effective settings down and resolve them."""
    file = directory / "effective.toml"
    file.write_text(format_settings(effective_settings(found)), encoding="utf-8")
    return resolve(Options(config=file), TIMELESS, directory)


def test_the_effective_settings_give_the_same_configuration(tree: Path, tmp_path: Path) -> None:
    commit(tree, tag="v3.0")
    (tree / "sdk.cmake").touch()
    write_settings(
        tree,
        """
        components = ['a', 'b']
        style = 'macos15'
        cmake = { A = 1, B = true, C = "x" }
        [hosts.x86_64-linux-gnu]
        preset = 'p'
        [hosts.arm64-apple-darwin]
        toolchain = 'sdk.cmake'
        profile = 'multiprocess'
        """,
    )
    found = resolve(Options(suite=tree), TIMELESS, tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert again(found, elsewhere) == found


def test_the_effective_settings_name_a_profile_of_ones_own(tree: Path, tmp_path: Path) -> None:
    (tree / "own.toml").write_text(PROFILE, encoding="utf-8")
    write_settings(tree, "version = '1'\nsource_date_epoch = 1\nprofile = 'own.toml'")
    found = resolve(Options(suite=tree, hosts=ONE_HOST), TIMELESS, tmp_path)
    assert again(found, tmp_path) == found


def test_the_label_is_name_and_version(tree: Path) -> None:
    found = settle(tree, Options(version="31.0rc1", hosts=ONE_HOST))
    assert re.fullmatch(r"bitcoin-31\.0rc1", found.label)


@pytest.mark.parametrize("name", ["a=b", "a;b", "a\\b", "a\nb", os.fsdecode(b"a\xff")])
def test_a_path_that_compilers_would_misread_is_refused(tmp_path: Path, name: str) -> None:
    tree = suite(tmp_path / name)
    with pytest.raises(ConfigurationError, match="in its path"):
        resolve(Options(suite=tree, version="1"), ENVIRONMENT, tmp_path)
    good = suite(tmp_path / "good")
    with pytest.raises(ConfigurationError, match="in its path"):
        resolve(Options(suite=good, version="1", out=Path(name)), ENVIRONMENT, tmp_path)


def test_the_suite_itself_is_no_output_directory(tmp_path: Path) -> None:
    tree = suite(tmp_path / "tree")
    with pytest.raises(ConfigurationError, match="suite itself"):
        resolve(Options(suite=tree, version="1", out=tree), ENVIRONMENT, tmp_path)


def test_all_beside_an_unknown_host_is_refused(tmp_path: Path) -> None:
    tree = suite(tmp_path / "tree")
    with pytest.raises(UnknownHostError):
        resolve(Options(suite=tree, version="1", hosts=("all", "nope")), ENVIRONMENT, tmp_path)


def test_the_toolchain_cannot_be_replaced_by_a_cache_entry(tmp_path: Path) -> None:
    tree = suite(tmp_path / "tree")
    with pytest.raises(ConfigurationError, match="CMAKE_TOOLCHAIN_FILE") as caught:
        resolve(
            Options(suite=tree, version="1", cmake=(("CMAKE_TOOLCHAIN_FILE", "x.cmake"),)),
            ENVIRONMENT,
            tmp_path,
        )
    assert "--toolchain" in caught.value.hint
