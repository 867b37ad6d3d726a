"""Profiles that extend each other."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.errors import ProfileError
from counterproof.profiles.library import load_profile, parse_profile

HEAD = """
schema = "countermark.profile/1"
name = "mine"
title = "Mine"
description = "My own."
"""


def child(text: str, extends: str = "30") -> str:
    return f"extends = {extends!r}\n{HEAD}{text}"


def test_what_is_not_said_is_inherited_and_what_it_is_called_is_not() -> None:
    mine, base = parse_profile(child(""), "mine.toml"), load_profile("30")
    assert (mine.name, mine.title, mine.extends) == ("mine", "Mine", "30")
    assert (mine.series, mine.hosts, mine.team) == (base.series, base.hosts, base.team)
    assert (mine.programs, mine.files) == (base.programs, base.files)
    assert (mine.app, mine.wrapper) == (base.app, base.wrapper)


def test_a_table_is_joined_key_by_key() -> None:
    text = "[programs]\nbitcoin-cli = { required = true }\nmine = { directory = 'libexec' }\n"
    mine = {item.name: item for item in parse_profile(child(text), "mine.toml").programs}
    base = {item.name: item for item in load_profile("30").programs}
    assert mine["bitcoin-cli"].need == "required"
    assert mine["bitcoin-cli"].nsis == base["bitcoin-cli"].nsis
    assert mine["mine"].need == "optional"
    assert mine.keys() - base.keys() == {"mine"}


@pytest.mark.parametrize("need", ["required = false", "required = 'release'", "required = true"])
def test_false_at_required_is_no_removal(need: str) -> None:
    text = f"[programs]\nbitcoind = {{ {need} }}\n"
    mine = {item.name: item.need for item in parse_profile(child(text), "mine.toml").programs}
    expected = {"false": "optional", "'release'": "release", "true": "required"}
    assert mine["bitcoind"] == expected[need.split()[-1]]


def test_false_takes_away_what_is_inherited() -> None:
    text = (
        "team = false\napp = false\n[programs]\nbitcoin-qt = false\n"
        "[files]\n'bitcoin.conf' = false\n"
        "[wrapper.commands]\ngui = false\nrpc = false\n"
    )
    mine = parse_profile(child(text), "mine.toml")
    assert mine.team is None
    assert mine.app is None
    assert "bitcoin-qt" not in {item.name for item in mine.programs}
    assert "bitcoin.conf" not in {str(item.pattern) for item in mine.files}
    assert mine.wrapper is not None
    assert {"gui", "rpc"}.isdisjoint(command.name for command in mine.wrapper.commands)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            child("[programs]\nbitcoin-qtt = false\n"),
            "programs.bitcoin-qtt: false takes away what is inherited, and there is nothing of "
            "this name; did you mean 'bitcoin-qt'?",
        ),
        (child("", "monolitic"), "extends: there is no profile 'monolitic'"),
        (child("", "monolitic"), "did you mean 'monolithic'?"),
        (
            child("", "/etc/x.toml"),
            "extends: must be a built-in profile or a path from",
        ),
        (child("", "x.toml"), "extends: must be a built-in profile or a path from"),
        (
            child("[programs]\nbitcoind = { directory = false }\n"),
            "programs.bitcoind.directory: ",
        ),
        (child("[programs]\nbitcoind = 'bin'\n"), "programs.bitcoind: must be a table, not a text"),
        (child("[programs.bitcoind.forms]\nx = 1\n"), "programs.bitcoind.forms: must be a list"),
        (child("series = 'thirty'\n"), "series: 'thirty' is not a number such as 30"),
        (child("team = 'me'\n"), "team: 'me' is not ten capital letters and digits"),
        (
            child("hosts = ['x86_64-linux-gnu', 'vax-vms']\n"),
            "hosts: 'vax-vms' is no host's",
        ),
        (child("distribution = 'a/b'\n"), "distribution: 'a/b' is not a name such as bitcoin"),
        (child("hardening = '../31'\n"), "hardening: '../31' is not the name of a table"),
        (child("[app]\nbundle = 'App'\n"), "app.bundle: 'App' is not the name of a directory that"),
        (child("[app]\nidentifier = 'x'\n"), "app.identifier: 'x' is not a name such as org."),
        (
            child("[app.files]\n'x' = { platforms = ['darwin'] }\n"),
            "app.files.x.platforms: is not said of the files of an app",
        ),
        (
            child("[files]\n'x' = { states = ['signed'] }\n"),
            "files.x.states: 'signed' is not one of unsigned, ad-hoc, codesigned",
        ),
        (
            child("[files]\n'x' = { forms = ['tar'] }\n"),
            "files.x.forms: 'tar' is not one of install, build, archive, app, nsis",
        ),
        (
            child("[programs]\nx = { directory = 'bin', forms = ['nsis'] }\n"),
            "programs.x.forms: 'nsis' is not one of install, build, archive",
        ),
        (
            child("[programs]\nx = { directory = 'bin', nsis = '../x' }\n"),
            "programs.x.nsis: must be a path without '..'",
        ),
        (
            child("[programs]\nx = { directory = 'bin', required = 'releas' }\n"),
            "programs.x.required: must be true, false or 'release', not 'releas'",
        ),
        (
            child("[wrapper]\nprogram = 'bitcon'\n"),
            "wrapper.program: 'bitcon' is none of the profile's programs; did you mean 'bitcoin'?",
        ),
        (
            child("[wrapper.commands]\nnode = { monolithic = 'bitcoind', multi = 'x' }\n"),
            "wrapper.commands.node.multi: unknown key",
        ),
        (child("[wrapper.commands]\nx = 7\n"), "wrapper.commands.x: must be a table, not a number"),
        (child("[wrapper.commands]\nx = '../y'\n"), "wrapper.commands.x: '../y' is not a name"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(text: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "mine.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("profile mine.toml: ")


def test_a_file_is_found_from_the_file_that_extends_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "base.toml").write_text(child("team = 'ABCDEFGHIJ'\n"))
    (tmp_path / "deep/mine.toml").write_text(child("libexec = 'lib/mine'\n", "../base.toml"))
    mine = load_profile(tmp_path / "deep/mine.toml")
    assert mine.team == "ABCDEFGHIJ"
    assert str(mine.libexec) == "lib/mine"


def test_a_mistake_in_what_is_extended_is_named_with_that_file(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(child("teem = 'x'\n"))
    (tmp_path / "mine.toml").write_text(child("", "base.toml"))
    with pytest.raises(ProfileError, match=r"base\.toml: teem: unknown key"):
        load_profile(tmp_path / "mine.toml")


def test_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(child("", "b.toml"))
    (tmp_path / "b.toml").write_text(child("", "./a.toml"))
    with pytest.raises(ProfileError, match=r"b\.toml: extends: './a.toml' extends this profile"):
        load_profile(tmp_path / "a.toml")
    (tmp_path / "self.toml").write_text(child("", "self.toml"))
    with pytest.raises(ProfileError, match="extends this profile in turn"):
        load_profile(tmp_path / "self.toml")


def test_a_long_chain_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0.toml").write_text(child(""))
    for number in range(1, 10):
        (tmp_path / f"{number}.toml").write_text(child("", f"{number - 1}.toml"))
    assert load_profile(tmp_path / "7.toml").series == "30"
    with pytest.raises(ProfileError, match="more than 8 profiles extend each other"):
        load_profile(tmp_path / "8.toml")


@pytest.mark.parametrize("name", ["absent.toml", "folder/", "loop.toml", "pipe\u0007.toml"])
def test_what_cannot_be_read_is_a_profile_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    (tmp_path / "mine.toml").write_text(HEAD.replace('"Mine"', '"Mine"\nextends = "EXT"'))
    text = (tmp_path / "mine.toml").read_text().replace("EXT", name.replace("\u0007", "\\u0007"))
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ProfileError):
        load_profile(tmp_path / "mine.toml")


def test_a_huge_profile_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("#" * (1 << 20 | 1))
    with pytest.raises(ProfileError, match="is longer than 1048576 bytes"):
        load_profile(tmp_path / "mine.toml")


VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.dictionaries(st.sampled_from(["required", "bitcoind", "gui", "x"]), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["programs", "files", "app", "wrapper", "hosts", "team", "libexec", "series"]
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_no_values_raise_anything_but_a_profile_error(values: dict[str, object]) -> None:
    text = child("\n".join(f"{key} = {toml(value)}" for key, value in values.items()))
    with contextlib.suppress(ProfileError):
        parse_profile(text, "mine.toml")


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(letter):08x}" for letter in value) + '"'
    return str(value)
