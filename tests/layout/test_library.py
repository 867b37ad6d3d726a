from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.errors import ProfileError, UnknownProfileError
from counterproof.profiles.library import load_profile, parse_profile, profile_names
from counterproof.target import PLATFORMS

MINIMAL = """
schema = "countermark.profile/1"
name = "mine"
title = "Mine"
description = "My own."
"""

PROGRAM = MINIMAL + "[programs]\nx = { directory = 'bin' }\n"


def test_the_built_in_profiles_are_these() -> None:
    assert profile_names() == ("29", "30", "31", "32", "generic", "monolithic", "multiprocess")


@pytest.mark.parametrize("name", profile_names())
def test_a_built_in_profile_is_named_like_its_file_and_explains_itself(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert profile.title
    assert len(profile.description) > 100
    assert "\n" not in profile.description


@pytest.mark.parametrize(
    ("name", "required"),
    [
        (
            "multiprocess",
            {"bitcoin": "bin", "bitcoin-node": "libexec", "bitcoin-wallet": "libexec"},
        ),
        ("monolithic", {"bitcoin": "bin", "bitcoind": "bin", "bitcoin-wallet": "bin"}),
        ("generic", {}),
    ],
)
def test_the_built_in_profiles_require_on_every_platform(
    name: str, required: dict[str, str]
) -> None:
    profile = load_profile(name)
    for platform in PLATFORMS:
        listed = profile.programs_for(platform)
        assert {item.name: item.directory for item in listed if item.need == "required"} == required


def test_generic_lists_nothing_and_says_so() -> None:
    generic = load_profile("generic")
    assert generic.unlisted == "allowed"
    assert not generic.programs
    assert not generic.files
    assert "no list of files" in generic.title


@pytest.mark.parametrize("name", ["multiprocess", "monolithic"])
def test_a_listing_profile_refuses_what_it_does_not_list(name: str) -> None:
    assert load_profile(name).unlisted == "refused"


def test_a_profile_is_loaded_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(PROGRAM)
    assert load_profile(path) == load_profile(str(path))
    assert load_profile(path).programs[0].platforms == PLATFORMS


def test_a_name_is_never_taken_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownProfileError):
        load_profile("mine")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("monolitic", "monolithic"),
        ("multi-process", "multiprocess"),
        ("33", "32"),
        ("28", "29"),
        ("zzz", None),
        ("9" * 5000, None),
        ("", None),
    ],
)
def test_an_unknown_name_is_refused_and_the_nearest_proposed(
    name: str, nearest: str | None
) -> None:
    with pytest.raises(UnknownProfileError) as caught:
        load_profile(name)
    assert caught.value.nearest == nearest
    assert ("did you mean" in str(caught.value)) is (nearest is not None)
    assert "layout list" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIMAL, "programs: is missing, and unlisted files are refused"),
        (
            PROGRAM.replace("profile/1", "profile/2"),
            "schema: 'countermark.profile/2' is not one of",
        ),
        (PROGRAM.replace('title = "Mine"', ""), "title: is missing"),
        (PROGRAM.replace('"Mine"', "7"), "title: must be a text, not a number"),
        (PROGRAM.replace('"Mine"', '" "'), "title: must not be empty"),
        (PROGRAM.replace('"mine"', '"my profile"'), "name: 'my profile' is not a name"),
        ("titel = 'x'" + PROGRAM, "titel: unknown key; did you mean 'title'?"),
        ("libexec = '/x'" + PROGRAM, "libexec: must be a relative path"),
        ("libexec = 'lib/*'" + PROGRAM, "libexec: must be one path, without '*'"),
        ("libexec = 1979-05-27" + PROGRAM, "libexec: must be a text, not a date"),
        (
            "unlisted = 'allow'" + PROGRAM,
            "unlisted: 'allow' is not one of refused, allowed; did you mean 'allowed'?",
        ),
        ("programs = []" + MINIMAL, "programs: must be a table, not a list"),
        (MINIMAL + "[programs]\nx = 'bin'", "programs.x: must be a table, not a"),
        (MINIMAL + "[programs]\nx = {}", "programs.x.directory: is missing"),
        (
            PROGRAM.replace("'bin'", "'libexe'"),
            "programs.x.directory: 'libexe' is not one of bin, libexec; did you mean 'libexec'?",
        ),
        (
            PROGRAM.replace("'bin'", "'bin', require = true"),
            "programs.x.require: unknown key; did you mean 'required'?",
        ),
        (
            PROGRAM.replace("'bin'", "'bin', required = 1"),
            "programs.x.required: must be true, false or 'release', not a number",
        ),
        (
            PROGRAM.replace("'bin'", "'bin', platforms = ['linux', 'darvin']"),
            "programs.x.platforms: 'darvin' is not one of linux, darwin, windows; "
            "did you mean 'darwin'?",
        ),
        (
            PROGRAM.replace("'bin'", "'bin', platforms = 'linux'"),
            "programs.x.platforms: must be a list of texts, not a text",
        ),
        (
            PROGRAM.replace("'bin'", "'bin', platforms = []"),
            "programs.x.platforms: must not be empty; leave it out to mean all",
        ),
        (PROGRAM.replace("x =", "'a/b' ="), "programs.'a/b': 'a/b' is not a name"),
        (PROGRAM.replace("x =", "'x.exe' ="), "programs.'x.exe': programs are named without .exe"),
        (PROGRAM + "[files]\n'../x' = {}", "files.'../x': must be a path without '..'"),
        (PROGRAM + "[files]\n'a' = { mode = 1 }", "files.a.mode: unknown key"),
        (PROGRAM + "[files]\n'a' = true", "files.a: must be a table, not a truth value"),
        ("not toml", "is not TOML"),
        ("[" * 5000, "is not TOML"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(text: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "mine.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("profile mine.toml: ")
    assert caught.value.hint


def test_a_file_that_is_not_there_or_not_text_is_a_profile_error(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="No such file"):
        load_profile(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match="not UTF-8"):
        load_profile(tmp_path / "binary.toml")
    with pytest.raises(ProfileError):
        load_profile(tmp_path)


@given(st.text())
def test_no_text_raises_anything_but_a_profile_error(text: str) -> None:
    with pytest.raises(ProfileError):
        parse_profile(text, "mine.toml")


def test_platforms_and_libexec_are_taken_as_written() -> None:
    text = "libexec = 'lib/mine'" + PROGRAM.replace(
        "'bin'", "'libexec', platforms = ['windows', 'linux']"
    )
    profile = parse_profile(text, "mine.toml")
    assert profile.libexec == PurePosixPath("lib/mine")
    assert profile.programs[0].platforms == ("linux", "windows")
    assert profile.programs_for("darwin") == ()
