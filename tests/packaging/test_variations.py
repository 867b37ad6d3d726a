"""What is varied, and what the words of --vary choose."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from countermark.errors import ConfigurationError
from countermark.reproduction.conditions import Conditions
from countermark.reproduction.machine import Machine, look_around
from countermark.reproduction.variables import builder_variables, program_variables
from countermark.reproduction.variations import VARIATIONS, choose, vary
from countermark.rulebook.reproducibility import CHANCE, RULES, rule_of
from countermark.rules import EVERY_RULE

MACHINE = Machine(
    uid=1000,
    umask=0o022,
    hostname="here",
    cpus=(0, 1, 2, 3),
    locales=("tr_TR.utf8", "de_DE.utf8"),
    faketime="/lib/libfaketime.so.1",
)
NAMES = tuple(variation.name for variation in VARIATIONS)


@pytest.mark.parametrize("variation", VARIATIONS, ids=lambda each: each.name)
def test_each_changes_the_conditions_and_says_so(variation: object) -> None:
    (one,) = (each for each in VARIATIONS if each is variation)
    plain, varied = Conditions(), vary((one.name,), MACHINE, 1)
    assert varied != plain
    assert one.show(varied) != one.show(plain)
    assert not one.obstacle(MACHINE)


@pytest.mark.parametrize("name", ["path", "home", "user", "umask", "cpus", "clock", "locale"])
def test_a_third_build_is_not_like_the_second(name: str) -> None:
    assert vary((name,), MACHINE, 1) != vary((name,), MACHINE, 2)


def test_no_value_is_the_users_own() -> None:
    for mask in (0o022, 0o002, 0o077, 0o027):
        machine = replace(MACHINE, umask=mask)
        assert all(vary(("umask",), machine, number).umask != mask for number in range(1, 9))
    for uid in (64001, 64002, 64003):
        machine = replace(MACHINE, uid=uid)
        assert all(vary(("user",), machine, number).uid != uid for number in range(1, 9))
    for number in range(1, 9):
        assert 0 < len(vary(("cpus",), MACHINE, number).cpus) < len(MACHINE.cpus)


def test_what_a_machine_lacks_is_an_obstacle() -> None:
    poor = replace(MACHINE, cpus=(0,), locales=(), faketime="")
    found = {each.name: each.obstacle(poor) for each in VARIATIONS if each.obstacle(poor)}
    assert found.keys() == {"cpus", "locale", "clock"}
    assert found["clock"] == "faketime is not installed"


def test_words_choose() -> None:
    def names(*words: str) -> list[str]:
        return [variation.name for variation in choose(words)]

    assert names() == list(NAMES) == names("all")
    assert names("umask", "path") == ["path", "umask"]
    assert names("-clock") == [name for name in NAMES if name != "clock"]
    assert names("none") == []
    assert names("path", "-path") == []


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'timezone'"):
        choose(("timezones",))


def test_a_build_is_told_its_conditions_and_nothing_of_the_users_settings() -> None:
    conditions = vary(NAMES, MACHINE, 1)
    told = builder_variables(
        conditions,
        Path("/work"),
        {"PATH": "/bin", "COUNTERMARK_HOST": "other", "SOURCE_DATE_EPOCH": "1", "HOME": "/me"},
    )
    assert told["PATH"] == "/bin"
    assert told["HOME"] == "/work/homes/of-1"
    assert not told.keys() & {"COUNTERMARK_HOST", "SOURCE_DATE_EPOCH", "LD_PRELOAD"}
    programs = program_variables(conditions, MACHINE)
    assert programs["LD_PRELOAD"] == MACHINE.faketime
    assert programs["LC_ALL"] == told["LC_ALL"] == "tr_TR.utf8"
    assert program_variables(Conditions(), MACHINE) == {}


def test_looking_around_changes_nothing() -> None:
    before = os.umask(0o027)
    try:
        assert look_around({"PATH": ""}).umask == 0o027
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_each_has_a_rule_that_can_be_explained() -> None:
    assert {rule_of(name).name for name in NAMES} | {CHANCE.name} == {rule.name for rule in RULES}
    assert all(EVERY_RULE[rule.id] is rule for rule in RULES)
