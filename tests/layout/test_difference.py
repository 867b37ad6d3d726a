"""What sets profiles apart."""

from __future__ import annotations

import pytest

from counterproof.profiles.difference import Difference, differences
from counterproof.profiles.library import load_profile, profile_names
from counterproof.profiles.listing import items_for
from counterproof.profiles.profile import Profile
from counterproof.target import PLATFORMS

ALL = [load_profile(name) for name in profile_names()]


def difference(what: str, old: str | None, new: str | None, *platforms: str) -> Difference:
    return Difference(
        platforms=tuple(each for each in PLATFORMS if each in platforms),
        what=what,
        old=old,
        new=new,
    )


def test_31_and_32_differ_in_one_file() -> None:
    assert differences(load_profile("31"), load_profile("32")) == (
        difference("series", "31", "32"),
        difference("hardening", "31", "32"),
        difference("INSTALL.md", None, "release only in archives", "linux"),
    )


def test_a_change_is_told_by_what_changed_alone() -> None:
    found = differences(load_profile("30"), load_profile("31"))
    expected = difference("share/man/man1/bitcoin.1", "optional", "release", *PLATFORMS)
    assert found[2:] == (expected,)


def test_what_differs_by_platform_is_told_by_platform() -> None:
    found = {each.what: each for each in differences(load_profile("29"), load_profile("30"))}
    assert found["bin/bitcoin"].platforms == PLATFORMS
    assert found["libexec/bitcoin-node"].platforms == ("linux", "darwin")
    assert found["$INSTDIR/bitcoin"].platforms == ("windows",)
    assert found["bin/test_bitcoin"].new is None
    assert found["command node"].new == "bitcoind or bitcoin-node"


@pytest.mark.parametrize("profile", ALL, ids=profile_names())
def test_nothing_sets_a_profile_apart_from_itself(profile: Profile) -> None:
    assert differences(profile, profile) == ()


@pytest.mark.parametrize("old", ALL, ids=profile_names())
@pytest.mark.parametrize("new", ALL, ids=profile_names())
def test_the_way_back_is_the_way_there(old: Profile, new: Profile) -> None:
    there = {(each.platforms, each.what, each.old, each.new) for each in differences(old, new)}
    back = {(each.platforms, each.what, each.new, each.old) for each in differences(new, old)}
    assert there == back


@pytest.mark.parametrize("profile", ALL, ids=profile_names())
def test_every_path_stands_once_on_a_platform(profile: Profile) -> None:
    for platform in PLATFORMS:
        paths = [item.path for item in items_for(profile, platform)]
        assert len(paths) == len(set(paths))
        assert all(item.forms for item in items_for(profile, platform))
