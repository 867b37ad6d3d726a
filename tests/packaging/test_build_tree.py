"""Configuring and compiling with the real CMake and Ninja: what is done again, and when."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from countermark.build_tree import build, configure, read_build_tree
from countermark.configuration import LINKS
from countermark.errors import CommandError, ConfigurationError, WorkError
from countermark.plan import HostPlan
from countermark.process import Runner
from countermark.tools import find_build_tools
from suites import host_plan, suite

TOOLS = find_build_tools({"PATH": os.environ["PATH"]})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A suite without any language, and a toolchain file that says nothing."""
    tree = suite(tmp_path / "demo")
    (tree / "empty.cmake").touch()
    return tree


def plan_of(tree: Path, **options: Any) -> HostPlan:  # noqa: ANN401
    return host_plan(tree, TOOLS, toolchain="empty.cmake", **options)


def log_of(plan: HostPlan) -> str:
    return plan.workspace.log.read_text(encoding="utf-8")


def with_variable(plan: HostPlan, name: str, value: str) -> HostPlan:
    environment = {**plan.configure.environment, name: value}
    return replace(plan, configure=replace(plan.configure, environment=environment))


def test_a_suite_is_configured_and_compiled(tree: Path) -> None:
    plan = plan_of(tree)
    configure(plan, Runner())
    built = build(plan, Runner())
    assert built == read_build_tree(plan)
    assert built.directory == plan.workspace.build
    assert built.model.components == ("docs",)
    assert str(plan.configure) in log_of(plan)
    assert str(plan.compile) in log_of(plan)


def test_the_same_is_not_configured_twice(tree: Path) -> None:
    configure(plan_of(tree), Runner())
    configure(plan_of(tree), Runner())
    assert log_of(plan_of(tree)) == ""


def test_another_entry_time_or_toolchain_builds_all_anew(tree: Path) -> None:
    plan = plan_of(tree)
    built = plan.workspace.build / "built"
    toolchain = tree / "empty.cmake"
    for other in (
        plan,
        plan_of(tree, cmake=(("A", "1"),)),
        with_variable(plan, "SOURCE_DATE_EPOCH", "1"),
    ):
        configure(other, Runner())
        assert not built.exists()
        built.touch()
        configure(other, Runner())
        assert built.exists()
    toolchain.write_text("# another compiler\n", encoding="utf-8")
    configure(plan_of(tree), Runner())
    assert not built.exists()


def pools_of(plan: HostPlan) -> set[str]:
    """Return the lines that say how deep a pool is, and which target's link is in which."""
    lines = [
        line.strip()
        for file in (
            plan.workspace.build / "build.ninja",
            *plan.workspace.build.rglob("rules.ninja"),
        )
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    depths = {f"{one} {two}" for one, two in pairwise(lines) if two.startswith("depth = ")}
    return depths | {line for line in lines if line.startswith("pool = ") and "console" not in line}


LINKED = """\
cmake_minimum_required(VERSION 3.25)
project(demo LANGUAGES C)
%s
add_executable(main main.c)
install(TARGETS main COMPONENT docs)
"""


def linked(tree: Path, pools: str = "", links: str = "3") -> HostPlan:
    """Configure a suite with a program, and with pools of its own."""
    (tree / "main.c").write_text("int main(void) { return 0; }\n", encoding="utf-8")
    suite(tree, LINKED % pools)
    plan = with_variable(plan_of(tree), LINKS, links)
    configure(plan, Runner())
    return plan


def test_as_many_linkers_run_as_there_is_memory_for(tree: Path) -> None:
    plan = linked(tree)
    assert pools_of(plan) == {"pool countermark_links depth = 3", "pool = countermark_links"}
    build(plan, Runner())


@pytest.mark.parametrize(
    "pools",
    ["set(CMAKE_JOB_POOLS own=5)", "set_property(GLOBAL PROPERTY JOB_POOLS own=5)"],
    ids=["variable", "property"],
)
def test_pools_of_the_suite_stay(tree: Path, pools: str) -> None:
    plan = linked(tree, f"{pools}\nset(CMAKE_JOB_POOL_COMPILE own)")
    assert pools_of(plan) == {
        "pool countermark_links depth = 3",
        "pool = countermark_links",
        "pool own depth = 5",
        "pool = own",
    }


def test_a_pool_of_the_suite_for_links_wins(tree: Path) -> None:
    plan = linked(tree, "set(CMAKE_JOB_POOLS own=5)\nset(CMAKE_JOB_POOL_LINK own)")
    assert "pool = own" in pools_of(plan)
    assert "pool = countermark_links" not in pools_of(plan)


def test_other_memory_builds_nothing_anew(tree: Path) -> None:
    plan = plan_of(tree)
    configure(plan, Runner())
    configure(with_variable(plan, LINKS, "99"), Runner())
    assert log_of(plan) == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [("older.c", "int older;"), ("globbed.c", ""), ("CMakePresets.json", '{"version": 6}')],
)
def test_any_other_source_builds_all_anew(tree: Path, name: str, content: str) -> None:
    """Ninja would miss an older file in the place of a newer one, a new one, and a preset."""
    (tree / "older.c").write_text("int newer;", encoding="utf-8")
    plan = plan_of(tree)
    configure(plan, Runner())
    built = plan.workspace.build / "built"
    built.touch()
    (tree / name).write_text(content, encoding="utf-8")
    os.utime(tree / name, (0, 0))
    configure(plan_of(tree), Runner())
    assert not built.exists()


def test_another_file_from_outside_builds_all_anew(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.cmake"
    outside.write_text("set(A 1)\n", encoding="utf-8")
    suite(
        tree,
        "cmake_minimum_required(VERSION 3.25)\nproject(x NONE)\n"
        f'include("{outside}")\ninstall(FILES empty.cmake DESTINATION share COMPONENT docs)\n',
    )
    plan = plan_of(tree)
    configure(plan, Runner())
    built = plan.workspace.build / "built"
    built.touch()
    configure(plan, Runner())
    assert built.exists()
    outside.write_text("set(A 2)\n", encoding="utf-8")
    configure(plan, Runner())
    assert not built.exists()


def test_a_damaged_tree_is_built_anew(tree: Path) -> None:
    plan = plan_of(tree)
    configure(plan, Runner())
    (plan.workspace.build / "build.ninja").unlink()
    configure(plan, Runner())
    assert (plan.workspace.build / "build.ninja").is_file()


def test_an_absolute_destination_is_refused(tree: Path) -> None:
    suite(
        tree,
        "cmake_minimum_required(VERSION 3.25)\nproject(x NONE)\n"
        "install(FILES empty.cmake DESTINATION /opt/x COMPONENT docs)\n",
    )
    with pytest.raises(ConfigurationError, match="/opt/x"):
        configure(plan_of(tree), Runner())


def test_another_user_builds_nothing_anew(tree: Path) -> None:
    plan = plan_of(tree)
    configure(plan, Runner())
    for name in ("HOME", "USER", "TMPDIR"):
        configure(with_variable(plan, name, "/else"), Runner())
        assert log_of(plan) == ""


def test_cmakes_own_error_is_told(tree: Path) -> None:
    suite(tree, "cmake_minimum_required(VERSION 3.25)\nproject(x NONE)\nmessage(FATAL_ERROR no)\n")
    with pytest.raises(CommandError) as caught:
        configure(plan_of(tree), Runner())
    assert caught.value.tail[0].startswith("CMake Error at CMakeLists.txt:3")
    assert caught.value.hint


def test_a_suite_that_failed_to_configure_is_not_built(tree: Path) -> None:
    plan = plan_of(tree)
    configure(plan, Runner())
    suite(tree, "message(FATAL_ERROR no)\n")
    with pytest.raises(CommandError):
        configure(plan_of(tree, cmake=(("A", "1"),)), Runner())
    with pytest.raises(WorkError, match="not built"):
        read_build_tree(plan)


def test_an_error_while_compiling_is_told(tree: Path) -> None:
    suite(
        tree,
        "cmake_minimum_required(VERSION 3.25)\nproject(x NONE)\n"
        "add_custom_target(bad ALL COMMAND false)\n",
    )
    plan = plan_of(tree)
    configure(plan, Runner())
    with pytest.raises(CommandError, match="compiling") as caught:
        build(plan, Runner())
    assert caught.value.tail[0].startswith("FAILED:")


def test_an_unknown_component_proposes_the_nearest(tree: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configure(plan_of(tree, components=("doc",)), Runner())
    assert "'doc'" in str(caught.value)
    assert "'docs'" in str(caught.value)
    assert "docs" in caught.value.hint


def test_a_tree_that_is_not_there_says_which_command_makes_it(tree: Path) -> None:
    with pytest.raises(WorkError) as caught:
        read_build_tree(plan_of(tree))
    assert "countermark build" in caught.value.hint


@pytest.mark.parametrize("record", ["", "{", "[]", "3", '{"command": []}'])
def test_a_garbled_record_is_no_record(tree: Path, record: str) -> None:
    plan = plan_of(tree)
    plan.workspace.build.mkdir(parents=True)
    (plan.workspace.build / "countermark-configured.json").write_text(record, encoding="utf-8")
    configure(plan, Runner())
    assert str(plan.configure) in log_of(plan)


def test_a_place_that_cannot_be_written_is_an_os_error(tree: Path) -> None:
    plan = plan_of(tree)
    plan.workspace.root.parent.mkdir(parents=True)
    plan.workspace.root.touch()
    with pytest.raises(OSError, match="Not a directory"):
        configure(plan, Runner())


def test_a_step_that_the_system_ends_is_told_as_that(tree: Path) -> None:
    suite(
        tree,
        "cmake_minimum_required(VERSION 3.25)\nproject(x NONE)\n"
        'add_custom_target(killed ALL COMMAND sh -c "kill -KILL $$" VERBATIM)\n',
    )
    plan = plan_of(tree)
    configure(plan, Runner())
    with pytest.raises(CommandError) as caught:
        build(plan, Runner())
    assert "The system ended a program" in caught.value.hint
    assert "--jobs" in caught.value.hint
