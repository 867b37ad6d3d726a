"""Finding what makes a difference with few builds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from countermark.reproduction.bisection import find_causes, most_builds

NAMES = tuple("abcdefghijklmn")


@given(st.sampled_from(NAMES), st.integers(2, len(NAMES)))
def test_one_cause_is_found_with_as_many_builds_as_was_said(name: str, count: int) -> None:
    names = NAMES[:count]
    cause = name if name in names else names[0]
    asked: list[tuple[str, ...]] = []

    def differs(part: tuple[str, ...]) -> bool:
        asked.append(part)
        return cause in part

    assert find_causes(names, differs) == ((cause,),)
    assert len(asked) <= most_builds(count)


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_every_cause_that_is_one_by_itself_is_found(causes: set[str]) -> None:
    found = find_causes(NAMES, lambda part: bool(causes & set(part)))
    assert sorted(found) == sorted((cause,) for cause in causes)


@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_causes_that_need_each_other_are_named_together(one: str, other: str) -> None:
    found = find_causes(NAMES, lambda part: {one, other} <= set(part))
    assert len(found) == 1
    assert {one, other} <= set(found[0])


def test_one_name_needs_no_build() -> None:
    assert find_causes(("a",), lambda _: False) == (("a",),)
    assert most_builds(1) == 0
