from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.profiles.fitting import detect_profile, fits, most_specific
from counterproof.profiles.library import load_profile, profile_names
from counterproof.target import PLATFORMS, Platform

NAMES = sorted({item.name for name in profile_names() for item in load_profile(name).programs})
PROGRAMS = st.sets(st.sampled_from([*NAMES, "hello"]))


@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        ("bitcoin bitcoin-node bitcoin-wallet", "multiprocess"),
        ("bitcoin bitcoin-node bitcoin-wallet bitcoind bitcoin-cli test_bitcoin", "multiprocess"),
        ("bitcoin bitcoind bitcoin-wallet", "monolithic"),
        ("bitcoin bitcoind bitcoin-wallet bitcoin-node", "multiprocess"),
        ("bitcoin bitcoind bitcoin-wallet bitcoin-gui", "generic"),
        ("bitcoin bitcoin-node", "generic"),
        ("bitcoin bitcoin-node bitcoin-wallet hello", "generic"),
        ("hello", "generic"),
        ("", "generic"),
    ],
)
def test_programs_call_for(programs: str, expected: str) -> None:
    assert detect_profile(programs.split(), "linux").name == expected


def test_on_windows_the_suffix_does_not_count() -> None:
    names = ["bitcoin.exe", "bitcoin-node.exe", "bitcoin-wallet.exe"]
    assert detect_profile(names, "windows").name == "multiprocess"
    assert detect_profile(names, "linux").name == "generic"


@given(st.lists(st.sampled_from([*NAMES, "hello"])), st.sampled_from(PLATFORMS))
def test_neither_order_nor_repetition_matters(programs: list[str], platform: Platform) -> None:
    again = [*reversed(programs), *programs]
    assert detect_profile(programs, platform) == detect_profile(again, platform)


@given(PROGRAMS, st.sampled_from(PLATFORMS))
def test_what_is_chosen_fits_or_is_the_fallback(programs: set[str], platform: Platform) -> None:
    chosen = detect_profile(programs, platform)
    assert chosen.name == "generic" or fits(chosen, programs, platform)


@given(PROGRAMS, st.permutations(profile_names()))
def test_the_order_of_the_profiles_does_not_matter(programs: set[str], names: list[str]) -> None:
    profiles = [load_profile(name) for name in names]
    expected = most_specific(map(load_profile, profile_names()), programs, "linux")
    assert most_specific(profiles, programs, "linux") == expected


def test_a_profile_that_requires_nothing_never_fits() -> None:
    assert not fits(load_profile("generic"), set(), "linux")
    assert most_specific([], {"bitcoin"}, "linux") is None
