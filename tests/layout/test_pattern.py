from __future__ import annotations

import contextlib
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.profiles.pattern import Pattern

NAMES = st.text(
    st.characters(codec="ascii", exclude_characters="/\\*", categories=("L", "N")), min_size=1
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("README.md", "README.md", True),
        ("README.md", "readme.md", False),
        ("README.md", "doc/README.md", False),
        ("share/man/man1/bitcoin*.1", "share/man/man1/bitcoin.1", True),
        ("share/man/man1/bitcoin*.1", "share/man/man1/bitcoin-cli.1", True),
        ("share/man/man1/bitcoin*.1", "share/man/man1/bitcoin-cli.1.gz", False),
        ("share/*", "share/a", True),
        ("share/*", "share/a/b", False),
        ("share/*/x", "share/a/x", True),
        ("aba*aba", "aba", False),
        ("aba*aba", "abaaba", True),
        ("share/**", "share/a/b", True),
        ("share/**", "share", False),
        ("share/**", "shared/a", False),
        ("a.b", "axb", False),
        ("a[bc]", "ab", False),
        ("a?", "ab", False),
    ],
)
def test_a_pattern_means(pattern: str, path: str, expected: bool) -> None:
    assert Pattern.parse(pattern).matches(PurePosixPath(path)) is expected


@given(PATHS)
def test_a_path_without_star_means_itself(path: str) -> None:
    assert Pattern.parse(path).matches(PurePosixPath(path))


@given(PATHS, PATHS)
def test_a_path_without_star_means_nothing_else(pattern: str, path: str) -> None:
    assert Pattern.parse(pattern).matches(PurePosixPath(path)) is (pattern == path)


@given(PATHS, NAMES, NAMES, NAMES)
def test_a_star_stands_for_any_middle(folder: str, start: str, middle: str, end: str) -> None:
    pattern = Pattern.parse(f"{folder}/{start}*{end}")
    assert pattern.matches(PurePosixPath(folder, start + middle + end))
    assert not pattern.matches(PurePosixPath(folder, start + middle, end))


@given(PATHS, PATHS)
def test_a_subtree_means_everything_below_and_not_itself(folder: str, below: str) -> None:
    pattern = Pattern.parse(f"{folder}/**")
    assert pattern.matches(PurePosixPath(folder, below))
    assert not pattern.matches(PurePosixPath(folder))


@given(PATHS, st.sampled_from(["", "/*", "/**", "/a*"]))
def test_a_pattern_shows_as_it_was_written(path: str, end: str) -> None:
    assert str(Pattern.parse(path + end)) == path + end


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "relative path"),
        ("/etc/passwd", "relative path"),
        ("share//x", "relative path"),
        ("share/", "relative path"),
        ("./share", "relative path"),
        ("../x", r"without '\.\.'"),
        ("share/../x", r"without '\.\.'"),
        ("a\\b", "backslashes"),
        ("a\nb", "control characters"),
        ("**", r"'\*\*' stands only alone"),
        ("a/**/b", r"'\*\*' stands only alone"),
        ("a/b**", r"'\*\*' stands only alone"),
        ("a*b*c", r"one '\*'"),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_problem(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Pattern.parse(text)


@given(st.text())
def test_no_text_makes_parsing_raise_anything_but_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert str(Pattern.parse(text)) == text
