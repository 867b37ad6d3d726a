"""Every command and every path of a release, decided before anything is done."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from countermark.dependencies.prefixes import TOP_INCLUDES
from countermark.plan import HostPlan
from countermark.toolchain import REPRODUCIBLE_CMAKE
from suites import EPOCH, TOOLS, host_plan, plan, suite


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return suite(tmp_path / "demo")


def value_after(option: str, argv: tuple[str, ...]) -> str:
    return argv[argv.index(option) + 1]


def entries(one: HostPlan) -> dict[str, str]:
    """The cache entries of the configure command; each is given once."""
    pairs = [
        word.removeprefix("-D").partition("=")
        for word in one.configure.argv
        if word.startswith("-D") and "=" in word
    ]
    assert len({name for name, _, _ in pairs}) == len(pairs)
    return {name: value for name, _, value in pairs}


def test_paths_follow_from_name_version_and_host(tree: Path) -> None:
    out = tree.with_name("out")
    one = host_plan(tree, hosts=("x86_64-w64-mingw32",))
    assert one.triple == "x86_64-w64-mingw32"
    assert [each.path for each in one.archives] == [out / "demo-1.0-win64.zip"]
    assert one.stage.name == "demo-1.0"
    assert one.stage.is_relative_to(one.workspace.stage)
    assert one.workspace.root.is_relative_to(out)


def test_no_two_hosts_share_a_path(tree: Path) -> None:
    hosts = plan(tree, hosts=("all",)).hosts
    for paths in (
        [each.path for one in hosts for each in one.archives],
        [one.stage for one in hosts],
        [one.workspace.build for one in hosts],
        [one.workspace.log for one in hosts],
    ):
        assert len(set(paths)) == 7


def test_cmake_is_told_source_build_tree_generator_and_program(tree: Path) -> None:
    one = host_plan(tree)
    argv = one.configure.argv
    assert argv[0] == str(TOOLS.cmake.program)
    assert value_after("-S", argv) == str(tree)
    assert value_after("-B", argv) == str(one.workspace.build)
    assert value_after("-G", argv) == "Ninja"
    assert entries(one)["CMAKE_MAKE_PROGRAM"] == str(TOOLS.ninja.program)


def test_zig_gets_its_toolchain_file_and_variables(tree: Path) -> None:
    one = host_plan(tree, hosts=("arm64-apple-darwin",))
    assert value_after("--toolchain", one.configure.argv).endswith("zig.cmake")
    assert entries(one)["COUNTERMARK_ZIG_TARGET"] == "aarch64-macos.14.0-none"
    assert Path(entries(one)["COUNTERMARK_ZIG"]).is_file()


def test_zig_gets_tools_of_the_host_and_an_emulator_where_there_is_one(tree: Path) -> None:
    tools = replace(TOOLS, emulators={"aarch64-linux-gnu": ("/q/qemu", "-L", "/l")})
    one = host_plan(tree, tools, hosts=("aarch64-linux-gnu",))
    assert entries(one)["COUNTERMARK_WRAPPERS"] == str(one.workspace.toolchain)
    assert entries(one)["COUNTERMARK_EMULATOR"] == "/q/qemu;-L;/l"
    assert one.wrappers is not None
    assert one.wrappers.target == "aarch64-linux-gnu.2.31"
    other = host_plan(tree, tools, hosts=("arm64-apple-darwin",))
    assert "COUNTERMARK_EMULATOR" not in entries(other)


def test_a_toolchain_of_the_users_gets_no_variables_of_ours(tree: Path) -> None:
    (tree / "sdk.cmake").touch()
    one = host_plan(tree, toolchain="sdk.cmake")
    assert value_after("--toolchain", one.configure.argv) == str(tree / "sdk.cmake")
    assert not any(name.startswith("COUNTERMARK") for name in entries(one))


def test_a_release_is_built_as_release(tree: Path) -> None:
    assert entries(host_plan(tree))["CMAKE_BUILD_TYPE"] == "Release"


def test_a_preset_decides_the_build_type(tree: Path) -> None:
    one = host_plan(tree, preset="theirs")
    assert value_after("--preset", one.configure.argv) == "theirs"
    assert "CMAKE_BUILD_TYPE" not in entries(one)


def test_the_users_own_entry_wins(tree: Path) -> None:
    one = host_plan(tree, cmake=(("CMAKE_BUILD_TYPE", "MinSizeRel"), ("WITH", "a=b;c")))
    assert entries(one)["CMAKE_BUILD_TYPE"] == "MinSizeRel"
    assert entries(one)["WITH"] == "a=b;c"


def test_values_become_words_of_cmake(tree: Path) -> None:
    (tree / "countermark.toml").write_text(
        "cmake = { YES = true, NO = false, N = 3, TEXT = 'x' }", encoding="utf-8"
    )
    wanted = {"YES": "ON", "NO": "OFF", "N": "3", "TEXT": "x"}
    assert wanted.items() <= entries(host_plan(tree)).items()


def test_ours_is_included_before_the_users(tree: Path) -> None:
    name = "CMAKE_PROJECT_TOP_LEVEL_INCLUDES"
    assert entries(host_plan(tree))[name] == TOP_INCLUDES
    assert TOP_INCLUDES.startswith(f"{REPRODUCIBLE_CMAKE};")
    one = host_plan(tree, cmake=((name, "/a.cmake;/b.cmake"),))
    assert entries(one)[name] == f"{TOP_INCLUDES};/a.cmake;/b.cmake"


def test_the_build_tree_is_compiled(tree: Path) -> None:
    one = host_plan(tree)
    assert value_after("--build", one.compile.argv) == str(one.workspace.build)


def test_a_build_uses_as_much_of_the_machine_as_it_is_told_to(tree: Path) -> None:
    assert host_plan(tree, jobs=3).compile.argv[-2:] == ("--parallel", "3")
    loaded = host_plan(tree, jobs=3, load=2.5).compile.argv
    assert loaded[-5:] == ("--parallel", "3", "--", "-l", "2.5")


def test_what_a_build_uses_of_the_machine_changes_nothing_else(tree: Path) -> None:
    one, other = host_plan(tree, jobs=1), host_plan(tree, jobs=64, load=9.0)
    assert replace(one, compile=other.compile) == other


def test_everything_is_installed_stripped_into_the_stage(tree: Path) -> None:
    one = host_plan(tree)
    (command,) = one.install
    assert value_after("--install", command.argv) == str(one.workspace.build)
    assert value_after("--prefix", command.argv) == str(one.stage)
    assert "--strip" in command.argv
    assert "--component" not in command.argv


def test_each_component_is_installed_by_a_command(tree: Path) -> None:
    one = host_plan(tree, components=("bitcoin", "docs"))
    assert [value_after("--component", each.argv) for each in one.install] == ["bitcoin", "docs"]


def test_every_command_has_the_environment_of_the_configuration(tree: Path) -> None:
    release = plan(tree)
    (one,) = release.hosts
    for command in (one.configure, one.compile, *one.install):
        assert command.environment == {
            **release.configuration.environment,
            "PKG_CONFIG_LIBDIR": "",  # or it would lead to the libraries of this machine
        }
        assert command.environment["SOURCE_DATE_EPOCH"] == str(EPOCH)
        assert command.argv[0] == str(TOOLS.cmake.program)


def test_the_same_configuration_gives_the_same_plan(tree: Path) -> None:
    assert plan(tree, hosts=("all",)) == plan(tree, hosts=("all",))


def test_planning_touches_no_file(tree: Path) -> None:
    before = sorted(os.walk(tree.parent))
    plan(tree, hosts=("all",))
    assert sorted(os.walk(tree.parent)) == before
