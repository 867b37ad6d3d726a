from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.bundle.posixregex import MAX_PATTERN, compile_pattern
from countersign.errors import PatternError, PatternLimitError


def occurs(pattern: str, text: str) -> bool:
    return compile_pattern(pattern).occurs_in(text)


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("", ["", "a"], []),
        ("b", ["b", "abc"], ["", "ac"]),
        ("^a", ["a", "ab"], ["", "ba"]),
        ("a$", ["a", "ba"], ["", "ab"]),
        ("^$", [""], ["a"]),
        ("^a.c$", ["abc", "a/c", "a\nc"], ["ac", "abbc"]),
        ("^a*$", ["", "aaa"], ["b", "ab"]),
        ("^(ab)+$", ["ab", "abab"], ["", "aba"]),
        ("^ab?c$", ["ac", "abc"], ["abbc"]),
        ("^a{2}$", ["aa"], ["a", "aaa"]),
        ("^a{2,}$", ["aa", "aaaa"], ["a"]),
        ("^a{1,3}$", ["a", "aaa"], ["", "aaaa"]),
        ("^(a|bc|)d$", ["ad", "bcd", "d"], ["abcd", "cd"]),
        ("^[a-c]$", ["a", "c"], ["d", "-"]),
        ("^[^a-c]$", ["d", "/"], ["a", ""]),
        ("^[]a]$", ["]", "a"], ["b"]),
        ("^[^]a]$", ["b"], ["]", "a"]),
        ("^[a-]$", ["a", "-"], ["b"]),
        ("^[\\.]$", ["\\", "."], ["a"]),
        ("^[[:digit:]_]+$", ["1_2"], ["a"]),
        ("^a\\.b\\$$", ["a.b$"], ["axb$", "a.b"]),
        ("(^a|b)c", ["ac", "xbc"], ["xac"]),
        ("(()|a)*b", ["b", "aab"], ["a"]),
        ("^[^/]+$", ["version.plist"], ["a/b", ""]),
        (r"^(.*/)?\.DS_Store$", [".DS_Store", "a/.DS_Store"], ["a.DS_Store", ".DS_Store/a"]),
        (r".*\.dSYM($|/)", ["a.dSYM", "x/a.dSYM/b"], ["a.dSYMs"]),
    ],
)
def test_a_pattern_occurs_where_posix_says(pattern: str, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not occurs(pattern, text)] == []
    assert [text for text in bad if occurs(pattern, text)] == []


@pytest.mark.parametrize(
    "pattern", ["(a", "[a", "[", "a\\", "[b-a]", "a{2,1}", "a{256}", "a{256,}"]
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert not isinstance(caught.value, PatternLimitError)


@pytest.mark.parametrize(
    "pattern",
    [
        "a)",
        "*a",
        "(+a)",
        "a|?",
        "a{x}",
        "a{,2}",
        "a{2",
        "{2}",
        r"\d",
        "[[.a.]]",
        "[[=a=]]",
        "[[:word:]]",
        "[a-[.z.]]",
        "[a-\U0001f600]",
        "a" * (MAX_PATTERN + 1),
        "(" * 40 + ")" * 40,
        "a" + "*" * 40,
        "(a{250}){250}",
    ],
)
def test_what_is_open_or_too_large_is_not_decided(pattern: str) -> None:
    with pytest.raises(PatternLimitError):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|a)*b", "(a+)+b", "^(.*a){12}b"])
def test_no_pattern_goes_back_over_the_text(pattern: str) -> None:
    """Each of them takes :mod:`re` longer than anybody waits."""
    assert not occurs(pattern, "a" * 400 + "c")


pieces = st.sampled_from(["a", "b", "/", ".", "[ab]", "[^a]", "(a|b)", "(ab)", "^", "$", "()"])
patterns = st.lists(
    st.tuples(pieces, st.sampled_from(["", "", "*", "+", "?", "{2}", "{0,2}"])), max_size=6
).map(lambda parts: "".join(piece + count for piece, count in parts))


@given(patterns, st.text("ab/.", max_size=8))
def test_it_agrees_with_python(pattern: str, text: str) -> None:
    try:
        expected = re.compile(pattern.replace("$", r"\Z"), re.DOTALL)
    except re.error:  # Python refuses to repeat an anchor
        return
    assert occurs(pattern, text) == (expected.search(text) is not None)


@given(st.text("ab^$*+?{}()[]|\\.,1-:", max_size=20), st.text("ab", max_size=5))
def test_any_text_is_a_pattern_or_an_error(pattern: str, text: str) -> None:
    with contextlib.suppress(PatternError):
        occurs(pattern, text)
