"""What is planned for dependencies: keys, prefixes, commands; and what two prefixes hold alike."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from countermark.dependencies.clashes import holdings
from countermark.dependencies.generators import check_generators
from countermark.dependencies.given import prefix_digest
from countermark.dependencies.planned import Generator, PlannedDependency
from countermark.dependencies.prefixes import prefix_environment
from countermark.errors import ConfigurationError
from countermark.plan import ReleasePlan, plan_release
from countermark.toolchain import ToolchainKind
from suites import ENVIRONMENT, TOOLS, configure, suite

HOST = "arm64-apple-darwin"
TEXT = """\
[hosts.{host}]
[tools.maker]
dependency = "maker"
variable = "MAKER_EXECUTABLE"
[[dependencies]]
name = "user"
source = "user"
needs = ["base", "maker"]
[[dependencies]]
name = "base"
source = "base"
[[dependencies]]
name = "maker"
source = "maker"
native = true
hosts = []
"""


def planned(top: Path, *changes: tuple[str, str], **options: Any) -> ReleasePlan:  # noqa: ANN401
    """Plan a release of a suite with three dependencies, one of them a tool."""
    tree = suite(top / "demo")
    for name in ("user", "base", "maker"):
        suite(tree / name, f"project({name})\n")
    text = TEXT.format(host=HOST)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (tree / "countermark.toml").write_text(text)
    configuration = configure(tree, **{"hosts": (HOST,), **options})
    return plan_release(replace(configuration, cache=top / "cache"), TOOLS)


def builds(plan: ReleasePlan) -> dict[str, PlannedDependency]:
    return {each.site.name: each for each in plan.hosts[0].supplies.builds}


def keys(plan: ReleasePlan) -> dict[str, str]:
    return {name: each.site.key for name, each in builds(plan).items()}


def entry(each: PlannedDependency, name: str) -> str:
    (value,) = (
        word.partition("=")[2] for word in each.configure.argv if word.startswith(f"-D{name}=")
    )
    return value


def test_each_is_built_behind_what_it_needs_and_led_to_it(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    found = builds(plan)
    names = list(found)
    assert names.index("base") < names.index("user")
    user, base, maker = found["user"], found["base"], found["maker"]
    assert entry(user, "COUNTERMARK_PREFIXES") == str(base.site.prefix)
    assert entry(user, "MAKER_EXECUTABLE") == str(maker.site.prefix / "bin/maker")
    assert user.configure.environment["PATH"].startswith(f"{maker.site.prefix}/bin:")
    assert user.configure.environment["PKG_CONFIG_LIBDIR"].startswith(f"{base.site.prefix}/lib/")
    assert (maker.native, user.native) == (True, False)
    (host,) = plan.hosts
    prefixes = {str(user.site.prefix), str(base.site.prefix)}
    (words,) = (word for word in host.configure.argv if "COUNTERMARK_PREFIXES" in word)
    assert set(words.partition("=")[2].split(";")) == prefixes
    assert f"-DMAKER_EXECUTABLE={maker.site.prefix}/bin/maker" in host.configure.argv


def test_where_and_when_it_is_planned_changes_no_key(tmp_path: Path) -> None:
    one = planned(tmp_path / "one")
    two = planned(tmp_path / "two", name="other", version="2.0", cmake=(("X", "1"),))
    assert keys(one) == keys(two)


@pytest.mark.parametrize(
    ("change", "others"),
    [
        (('name = "base"', 'name = "base"\ncmake = { X = true }'), {"base", "user"}),
        (('name = "maker"', 'name = "maker"\nversion = "2"'), {"maker", "user"}),
        (('name = "user"', 'name = "user"\nversion = "2"'), {"user"}),
        (("[hosts.arm64-apple-darwin]", "[hosts.arm64-apple-darwin]\nminimum = '15.0'"),
         {"base", "user"}),
        (("[hosts.arm64-apple-darwin]",
          "[hosts.arm64-apple-darwin]\nenvironment = { X = '1' }"), {"base", "user"}),
    ],
)  # fmt: skip
def test_what_changes_one_changes_those_that_need_it(
    change: tuple[str, str], others: set[str], tmp_path: Path
) -> None:
    one, two = keys(planned(tmp_path / "one")), keys(planned(tmp_path / "two", change))
    assert {name for name in one if one[name] != two[name]} == others


def test_another_source_is_another_key(tmp_path: Path) -> None:
    before = keys(planned(tmp_path))
    (tmp_path / "demo/base/new.c").write_text("int x;\n")
    configuration = configure(tmp_path / "demo", hosts=(HOST,))
    after = keys(plan_release(configuration, TOOLS))
    assert {name for name in before if before[name] != after[name]} == {"base", "user"}


def test_a_host_that_needs_none_gets_none(tmp_path: Path) -> None:
    only = f'name = "base"\nhosts = ["{HOST}"]'
    plan = planned(
        tmp_path,
        ('name = "base"', only),
        ('name = "user"', f'name = "user"\nhosts = ["{HOST}"]'),
        hosts=(HOST, "x86_64-w64-mingw32"),
    )
    mac, windows = plan.hosts
    assert {each.site.name for each in mac.supplies.libraries} == {"base", "user"}
    assert windows.supplies.libraries == ()
    assert [each.site.name for each in windows.supplies.builds] == ["maker"]
    assert not any("COUNTERMARK_PREFIXES" in word for word in windows.configure.argv)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("lib/libz.a", "the library z"),
        ("lib/libz.so", "the library z"),
        ("lib/libz.so.1.3.1", "the library z"),
        ("lib/libz.1.dylib", "the library z"),
        ("lib/libz.dll.a", "the library z"),
        ("lib/z.lib", "the library z"),
        ("lib64/libkj-async.a", "the library kj-async"),
        ("include/boost/version.hpp", "the header boost/version.hpp"),
        ("lib/cmake/ZLIB/ZLIBConfig.cmake", "the CMake package zlib"),
        ("share/cmake/zlib-config.cmake", "the CMake package zlib"),
        ("lib/pkgconfig/zlib.pc", "the pkg-config file zlib.pc"),
        ("share/doc/zlib/README", None),
        ("bin/z", None),
        ("lib/cmake/ZLIB/ZLIBTargets.cmake", None),
    ],
)
def test_what_a_prefix_holds(path: str, what: str | None, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).touch()
    assert list(holdings(tmp_path)) == ([what] if what else [])


def program(path: Path, said: str) -> Path:
    path.write_text(f"#!/bin/sh\n{said}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("echo Cap\\'n Proto version 1.1.0", "1.1.0"),
        ("echo 'x 2.0 (library 1.1.0)'", "1.1.0"),
        ("exit 1", None),
    ],
)
def test_a_tool_of_the_right_version_is_right(
    said: str, wanted: str | None, tmp_path: Path
) -> None:
    tool = Generator(name="x", program=program(tmp_path / "x", said), variable=None, version=wanted)
    check_generators([tool], ENVIRONMENT)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("echo Cap\\'n Proto version 0.9.2", "is version 0.9.2, not 1.1.0"),
        ("echo 11.1.0", "is version 11.1.0, not 1.1.0"),
        ("echo no number", "does not say its version"),
        ("echo 1.1.0; exit 1", "does not say its version"),
    ],
)
def test_a_tool_of_another_version_is_named(said: str, words: str, tmp_path: Path) -> None:
    tool = Generator(
        name="x", program=program(tmp_path / "x", said), variable=None, version="1.1.0"
    )
    with pytest.raises(ConfigurationError, match="tool 'x'") as caught:
        check_generators([tool], ENVIRONMENT)
    assert words in str(caught.value)


def test_a_tool_that_is_not_there_is_named(tmp_path: Path) -> None:
    tool = Generator(name="x", program=tmp_path / "x", variable=None, version=None)
    with pytest.raises(ConfigurationError, match="there is no program"):
        check_generators([tool], ENVIRONMENT)


def test_a_prefix_is_digested_anew_only_when_it_changed(tmp_path: Path) -> None:
    prefix, memory = tmp_path / "prefix", tmp_path / "memory"
    (prefix / "lib").mkdir(parents=True)
    (prefix / "lib/libx.a").write_bytes(b"one")
    first = prefix_digest(prefix, memory, resting=0)
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert prefix_digest(prefix, memory, resting=0) == first
    assert len(list(memory.iterdir())) == 1
    (prefix / "lib/libx.a").write_bytes(b"another")
    second = prefix_digest(prefix, memory, resting=0)
    assert second != first
    copy = tmp_path / "elsewhere"
    shutil.copytree(prefix, copy)
    assert prefix_digest(copy, memory, resting=0) == second


def test_a_prefix_that_changed_a_moment_ago_is_read_again(tmp_path: Path) -> None:
    prefix, memory = tmp_path / "prefix", tmp_path / "memory"
    prefix.mkdir()
    digests = set()
    for content in (b"one", b"two", b"six"):  # all in one tick of the clock, perhaps
        (prefix / "a").write_bytes(content)
        digests.add(prefix_digest(prefix, memory))
    assert len(digests) == 3
    assert not memory.exists()


def test_a_time_that_was_set_back_hides_no_change(tmp_path: Path) -> None:
    prefix, memory = tmp_path / "prefix", tmp_path / "memory"
    prefix.mkdir()
    file = prefix / "a"
    file.write_bytes(b"one")
    first, before = prefix_digest(prefix, memory, resting=0), file.stat()
    while file.stat().st_ctime_ns == before.st_ctime_ns:
        file.write_bytes(b"two")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert prefix_digest(prefix, memory, resting=0) != first


def test_pkg_config_is_never_led_to_this_machine_for_another() -> None:
    for kind in ToolchainKind:
        variables = prefix_environment(kind, [Path("/libraries")])
        assert "/libraries/lib/pkgconfig:/libraries/share/pkgconfig" in variables.values()
    for kind in (ToolchainKind.ZIG, ToolchainKind.MINGW, ToolchainKind.CLANG):
        assert prefix_environment(kind, []) == {"PKG_CONFIG_LIBDIR": ""}
    for kind in (ToolchainKind.NATIVE, ToolchainKind.DEPENDS, ToolchainKind.FILE):
        assert prefix_environment(kind, []) == {}
