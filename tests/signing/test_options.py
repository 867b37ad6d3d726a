from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.codedirectory import Flag
from countersign.errors import OptionsError
from countersign.options import WORDS, parse_options

SETTABLE = Flag(sum(WORDS.values()))


@given(st.lists(st.sampled_from(sorted(WORDS)), min_size=1))
def test_words_and_their_number_mean_the_same(words: list[str]) -> None:
    flags = parse_options(",".join(words))
    assert flags == Flag(sum({WORDS[word] for word in words}))
    assert parse_options(hex(flags)) == parse_options(str(int(flags))) == flags


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("runtime", 0x10000),
        ("hard,kill", 0x300),
        ("restrict", 0x800),
        ("enforcement", 0x1000),
        ("library", 0x2000),
        ("run", 0x10000),
        ("0X10000", 0x10000),
        ("0x10002", 0x10000),
        ("2", 0),
        ("0", 0),
    ],
)
def test_flags_have_the_values_of_codesign(text: str, flags: int) -> None:
    assert parse_options(text) == flags


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("runtme", "did you mean runtime"),
        ("Runtime", "did you mean runtime"),
        ("hardened", "did you mean hard"),
        ("zzz", "did you mean"),
        ("h", "hard or host"),
        ("r", "restrict or runtime"),
        ("", "a word is missing"),
        ("hard,", "a word is missing"),
        ("hard, kill", "did you mean kill"),
        ("adhoc", "has it anyway"),
        ("expires", "no certificate to expire"),
        ("linker-signed", "marks what linkers sign"),
        ("host", "from no signature"),
        ("0x1", "0x1 is host"),
        ("0x400", "0x400 is expires"),
        ("0x20002", "0x20000 is linker-signed"),
        ("0x4", "0x4 is no option"),
        ("0x80010000", "0x80000000 is no option"),
        ("0x100000000", "no number of 32 bits"),
        ("4294967297", "0x1 is host"),
        ("010", "no number"),
        ("1_0", "no number"),
        ("0x", "no number"),
        ("\u0661", "no number"),
    ],
)
def test_what_cannot_be_set_is_refused_with_a_reason(text: str, problem: str) -> None:
    with pytest.raises(OptionsError, match=problem):
        parse_options(text)


@given(st.text())
def test_no_text_sets_anything_but_an_option(text: str) -> None:
    try:
        flags = parse_options(text)
    except OptionsError:
        return
    assert int(flags) & ~int(SETTABLE) == 0


@given(st.integers(0, 2**32 - 1))
def test_a_number_is_taken_only_if_every_bit_is_an_option(number: int) -> None:
    if number & ~int(SETTABLE | Flag.ADHOC):
        with pytest.raises(OptionsError):
            parse_options(str(number))
    else:
        assert parse_options(str(number)) == number & ~Flag.ADHOC


def test_every_set_of_options_is_a_number() -> None:
    for size in range(len(WORDS) + 1):
        for flags in itertools.combinations(WORDS.values(), size):
            assert parse_options(hex(sum(flags))) == sum(flags)


def test_the_hint_lists_all_options() -> None:
    assert all(word in OptionsError.hint for word in WORDS)
