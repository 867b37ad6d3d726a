"""What a configuration says of dependencies is judged before any work."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.dependencies.demands import check_dependencies, check_tools
from countermark.dependencies.order import in_order, needed_by
from countermark.errors import ConfigurationError
from countermark.settings import DependencySettings, ToolSettings


def dependency(name: str, *needs: str, **keys: object) -> DependencySettings:
    return DependencySettings(name=name, source=f"/src/{name}", needs=needs, **keys)  # type: ignore[arg-type]


def refusal(*dependencies: DependencySettings) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        check_dependencies(dependencies)
    assert caught.value.hint
    return caught.value


@given(st.permutations(range(6)), st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5))))
def test_what_is_needed_comes_first(order: list[int], pairs: set[tuple[int, int]]) -> None:
    needs = {number: [one for one, two in pairs if two == number and one < two] for number in order}
    given_ = [dependency(f"d{number}", *(f"d{one}" for one in needs[number])) for number in order]
    check_dependencies(tuple(given_))
    names = [each.name for each in in_order(given_)]
    assert sorted(names) == sorted(each.name for each in given_)
    for each in given_:
        assert all(names.index(need) < names.index(each.name) for need in each.needs)


def test_a_circle_is_named_in_the_order_of_its_needs() -> None:
    ring = [dependency("a", "b"), dependency("b", "c"), dependency("c", "a"), dependency("d", "a")]
    problem = str(refusal(*ring))
    _, _, circle = problem.partition("circle: ")
    words = circle.split(" needs ")
    assert sorted(words[1:]) == ["a", "b", "c"]
    assert words[0] == words[-1]
    wanted = {"a": "b", "b": "c", "c": "a"}
    assert all(wanted[one] == two for one, two in pairwise(words))


def test_all_that_is_needed_is_found_once() -> None:
    known = {
        each.name: each
        for each in (
            dependency("a", "b", "c"),
            dependency("b", "d"),
            dependency("c", "d"),
            dependency("d"),
        )
    }
    assert needed_by("a", known) == ("b", "c", "d")
    assert needed_by("d", known) == ()


@pytest.mark.parametrize(
    ("dependencies", "words"),
    [
        ([dependency("a", "zlip"), dependency("zlib")], "did you mean 'zlib'?"),
        ([dependency("a"), dependency("a")], "two dependencies 'a'"),
        ([dependency("../a")], "no name for a directory"),
        ([dependency("a", hosts=("arm64-apple-darvin",))], "did you mean 'arm64-apple-darwin'?"),
        ([dependency("a", recipe="headers")], "needs 'headers'"),
        ([dependency("a", recipe="c", headers=("a.h",), library="a")], "needs 'sources'"),
        ([dependency("a", recipe="commands")], "needs 'commands'"),
        ([dependency("a", library="a")], "'library' means nothing to the recipe 'cmake'"),
        (
            [dependency("a", recipe="commands", commands=("make",), cmake={"A": 1})],
            "'cmake' means nothing",
        ),
        ([dependency("a", recipe="headers", headers=("../a.h",))], "'../a.h' is not a path below"),
        ([dependency("a", directory="../b")], "'../b' is not a path below"),
        ([dependency("a", directory="/b")], "'/b' is not a path below"),
        (
            [dependency("a", recipe="commands", commands=("make",), directory="b")],
            "'directory' means nothing to the recipe 'commands'",
        ),
        ([dependency("a", recipe="headers", headers=("/a.h",))], "'/a.h' is not a path below"),
        ([dependency("a", recipe="headers", headers=("a;b",))], "'a;b' is not a path below"),
        (
            [dependency("a", recipe="headers", headers=("a",), targets=("A::a",))],
            "belong to a package",
        ),
        (
            [dependency("a", recipe="headers", headers=("a",), package="A", targets=("A b",))],
            "'A b' is not the name of a CMake target",
        ),
        ([dependency("a", version="1;2")], "version: '1;2'"),
        ([dependency("a", "b"), dependency("b", hosts=("x86_64-linux-gnu",))], "every host"),
        (
            [
                dependency("a", "b", hosts=("arm64-apple-darwin",)),
                dependency("b", hosts=("x86_64-linux-gnu",)),
            ],
            "built for arm64-apple-darwin, and 'b', which it needs, is not",
        ),
    ],
)
def test_what_makes_no_sense_is_named(dependencies: list[DependencySettings], words: str) -> None:
    assert words in str(refusal(*dependencies))


def test_a_need_that_is_met_by_programs_of_this_machine_is_no_problem() -> None:
    check_dependencies(
        (dependency("a", "b"), dependency("b", native=True, hosts=()), dependency("c", "a"))
    )


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        (ToolSettings(dependency="makr"), "did you mean 'maker'?"),
        (ToolSettings(dependency="maker"), "not built for this machine"),
    ],
)
def test_a_tool_must_come_from_what_is_built_for_this_machine(
    tool: ToolSettings, words: str
) -> None:
    with pytest.raises(ConfigurationError, match="tool 'x'") as caught:
        check_tools({"x": tool}, [dependency("maker")])
    assert words in str(caught.value)
    check_tools(
        {"x": ToolSettings(dependency="maker"), "y": ToolSettings(program="/bin/y")},
        [dependency("maker", native=True)],
    )
