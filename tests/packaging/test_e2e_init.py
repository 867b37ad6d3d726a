"""``countermark init``, through the real command line and with the real CMake."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from commands import EPOCH, Run
from countermark.render.document import schema_of
from countermark.settings import read_settings
from suites import commit, git, schema_errors, suite

NEEDY = """\
cmake_minimum_required(VERSION 3.25)
project(Needy VERSION 1.2 LANGUAGES NONE)
option(BUILD_EXTRAS "Build more." OFF)
set(GREETING "hello" CACHE STRING "What it says.")
find_package(Foo 1.2 REQUIRED COMPONENTS bar)
find_package(BazTool QUIET)
if(NOT BazTool_FOUND)
  message(FATAL_ERROR "Baz's tool was not found")
endif()
find_package(Extra)
baztool_generate(x y)
find_program(PERL_EXECUTABLE NAMES no-such-perl)
add_library(iface INTERFACE)
target_link_libraries(iface INTERFACE Foo::bar)
get_target_property(type Other::thing TYPE)
install(FILES notes.txt DESTINATION share COMPONENT notes)
if(WIN32)
  message(FATAL_ERROR "Not for Windows.")
endif()
add_subdirectory(left EXCLUDE_FROM_ALL)
file(WRITE "${CMAKE_SOURCE_DIR}/dirt" "x")
"""


@pytest.fixture(scope="module")
def needy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite that needs what no machine has."""
    directory = suite(tmp_path_factory.mktemp("needy") / "needy", NEEDY)
    (directory / "notes.txt").write_text("notes\n")
    (directory / "left").mkdir()
    (directory / "left/CMakeLists.txt").write_text(
        "install(FILES CMakeLists.txt DESTINATION share COMPONENT left)\n"
    )
    commit(directory)
    return directory


@pytest.fixture(scope="module")
def written(needy: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its first configuration, elsewhere."""
    file = tmp_path_factory.mktemp("written") / "needy.toml"
    ended = run("init", needy, "--output", file, cwd=file.parent)
    assert ended.code == 0, ended.err
    assert "Foo, BazTool" in ended.out
    return file


def test_the_file_is_read_and_planned_as_it_is(needy: Path, written: Path, run: Run) -> None:
    settings = read_settings(written)
    assert settings.suite == str(needy)
    assert settings.name == "needy"
    assert settings.version is None
    assert "arm64-apple-darwin" in settings.hosts
    ended = run("release", "--config", written, "--plan", cwd=written.parent)
    assert ended.code == 0, ended.err
    assert "arm64-apple-darwin" in ended.out


def test_what_is_needed_is_named_with_where_it_is_used(written: Path) -> None:
    text = written.read_text()
    assert "# Foo 1.2, with bar: find module (CMakeLists.txt:5)\n" in text
    assert "# Linked by iface (CMakeLists.txt:14).\n" in text
    assert "not called REQUIRED, yet needed; brings the command" in text
    assert '# prefix = "deps/arm64-apple-darwin"  # fill in: it holds Foo, BazTool\n' in text
    assert "# - Extra: find module (CMakeLists.txt:10)\n" in text
    assert "# - no-such-perl: PERL_EXECUTABLE (CMakeLists.txt:12)\n" in text


def test_the_options_stand_there_with_default_and_help(written: Path) -> None:
    text = written.read_text()
    assert "# BUILD_EXTRAS = false  # Build more. (CMakeLists.txt:3)\n" in text
    assert '# GREETING = "hello"  # What it says. (CMakeLists.txt:4)\n' in text
    assert text.index("add or drop") < text.index("BUILD_EXTRAS") < text.index("other options")


def test_a_host_that_cannot_work_is_commented_out_with_its_reason(written: Path) -> None:
    text = written.read_text()
    assert "CMake stops: CMakeLists.txt:18: Not for Windows." in text
    assert "\n# [hosts.x86_64-w64-mingw32]\n" in text
    assert "zig has no C library for it" in text
    assert "\n# [hosts.powerpc64-linux-gnu]\n" in text


def test_what_is_not_installed_with_the_rest_is_no_component(written: Path) -> None:
    assert "share/notes.txt" in written.read_text()
    assert "left" not in written.read_text()


def test_every_line_that_waits_is_one_that_can_be_used(written: Path) -> None:
    """All that is commented out is TOML, and means something to countermark."""
    lines = written.read_text().splitlines()
    start = lines.index("# [[dependencies]]")
    waiting = [line.removeprefix("# ") for line in lines[start:] if " = " in line or "[[" in line]
    text = "\n".join(line for line in waiting if not line.startswith("- "))
    first = tomllib.loads(text)["dependencies"][0]
    assert first == {"name": "foo", "version": "1.2", "source": "sources/foo.tar.gz"}
    (written.parent / "whole.toml").write_text(written.read_text() + text)
    assert len(read_settings(written.parent / "whole.toml").dependencies) == 2


def test_the_checkout_is_only_read(needy: Path, written: Path) -> None:
    assert written.is_file()
    assert git(needy, "status", "--porcelain") == ""
    assert not (needy / "dirt").exists()


def test_the_same_checkout_gives_the_same_file_again(
    needy: Path, written: Path, tmp_path: Path, run: Run
) -> None:
    ended = run("init", needy, "-o", "-", cwd=tmp_path)
    assert ended.code == 0
    assert ended.out == written.read_text()


def test_the_document_says_what_was_found(needy: Path, tmp_path: Path, run: Run) -> None:
    ended = run("init", needy, "--output", "-", "--format", "json", "-q", cwd=tmp_path)
    assert ended.code == 0
    assert ended.err == ""
    document = json.loads(ended.out)
    assert list(schema_errors(schema_of("countermark.init/1"), document)) == []
    assert document["complete"]
    assert document["file"] is None
    packages = {each["name"]: each for each in document["packages"]}
    assert packages["Foo"]["needed"]
    assert packages["Foo"]["required"]
    assert packages["BazTool"]["needed"]
    assert not packages["BazTool"]["required"]
    assert packages["BazTool"]["commands"] == ["baztool_generate"]
    assert not packages["Extra"]["needed"]
    hosts = {each["triple"]: each["works"] for each in document["hosts"]}
    assert hosts["arm64-apple-darwin"]
    assert not hosts["x86_64-w64-mingw32"]


PROGRAMS = """\
cmake_minimum_required(VERSION 3.25)
project(coin VERSION 32.0 LANGUAGES C)
foreach(name bitcoin bitcoind bitcoin-cli bitcoin-tx bitcoin-util bitcoin-wallet)
  add_executable(${name} main.c)
  install(TARGETS ${name} COMPONENT ${name})
endforeach()
foreach(name bitcoin-node test_bitcoin)
  if(NOT WIN32 OR name STREQUAL "test_bitcoin")
    add_executable(${name} main.c)
    install(TARGETS ${name} DESTINATION libexec COMPONENT ${name})
  endif()
endforeach()
foreach(name BUILD_BENCH BUILD_CLI BUILD_DAEMON BUILD_WALLET_TOOL ENABLE_WALLET ENABLE_IPC
        REDUCE_EXPORTS WITH_CCACHE)
  option(${name} "Of ${name}." ON)
endforeach()
add_executable(maker main.c)
set(MAKER_EXECUTABLE "" CACHE FILEPATH "Another maker.")
add_custom_command(OUTPUT made.h COMMAND maker made.h)
target_sources(bitcoind PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/made.h)
"""


def test_programs_show_profile_and_releases(tmp_path: Path, run: Run) -> None:
    """A fork, whatever it is called: it installs Bitcoin Core's programs and has its options."""
    fork = suite(tmp_path / "fork", PROGRAMS)
    (fork / "main.c").write_text("int main(void) { return 0; }\n")
    ended = run("init", fork, cwd=tmp_path, SOURCE_DATE_EPOCH=EPOCH)
    assert ended.code == 0, ended.err
    assert "maker" in ended.out
    settings = read_settings(fork / "countermark.toml")
    assert (settings.profile, settings.name, settings.version) == ("32", "bitcoin", "32.0")
    assert settings.suite is None
    assert settings.cmake["BUILD_BENCH"] is False
    assert settings.cmake["ENABLE_IPC"] is True
    assert settings.cmake["WITH_CCACHE"] is False
    assert settings.hosts["x86_64-w64-mingw32"].cmake["ENABLE_IPC"] is False
    text = (fork / "countermark.toml").read_text()
    assert "# [tools.maker]\n" in text
    assert '# variable = "MAKER_EXECUTABLE"\n' in text
    assert '#     "bitcoin-node",  # libexec/bitcoin-node; not for x86_64-w64-mingw32\n' in text
    ended = run("release", fork, "--plan", cwd=tmp_path)
    assert ended.code == 0, ended.err


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path, run: Run) -> None:
    directory = suite(tmp_path / "demo")
    file = directory / "countermark.toml"
    file.write_text("mine\n")
    ended = run("init", directory, cwd=tmp_path)
    assert ended.code == 2
    assert "--force" in ended.err
    assert file.read_text() == "mine\n"
    ended = run("init", directory, "--force", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert read_settings(file).name == "demo"


def test_a_suite_that_stops_is_told_as_far_as_it_came(tmp_path: Path, run: Run) -> None:
    lists = (
        "cmake_minimum_required(VERSION 3.25)\nproject(demo LANGUAGES NONE)\n"
        'option(EARLY "Before it." ON)\nfind_package(Foo 3 REQUIRED)\n'
        'message(FATAL_ERROR "Stop here.")\n'
    )
    directory = suite(tmp_path / "demo", lists)
    ended = run("init", directory, cwd=tmp_path)
    assert ended.code == 3
    assert "CMakeLists.txt:5: Stop here." in ended.err
    text = (directory / "countermark.toml").read_text()
    assert "NOT THE WHOLE" in text
    assert "# EARLY = true" in text
    assert "# Foo 3" in text
    assert run("release", directory, "--plan", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("lists", "code", "words"),
    [
        ("cmake_minimum_required(VERSION 99.5)\nproject(x)\n", 2, "needs CMake 99.5"),
        ("cmake_minimum_required(VERSION 3.25)\nproject(\n", 3, "cannot be configured"),
        ("cmake_minimum_required(VERSION 3.25)\nbroken()\nproject(x)\n", 3, "broken"),
    ],
)
def test_what_never_begins_is_refused(
    tmp_path: Path, run: Run, lists: str, code: int, words: str
) -> None:
    directory = suite(tmp_path / "demo", lists)
    ended = run("init", directory, cwd=tmp_path)
    assert ended.code == code, ended.err
    assert words in ended.err
    assert not (directory / "countermark.toml").exists()


def test_what_is_no_suite_is_refused(tmp_path: Path, run: Run) -> None:
    ended = run("init", tmp_path / "absent", cwd=tmp_path)
    assert ended.code == 2
    assert "absent" in ended.err
    ended = run("init", tmp_path, cwd=tmp_path)
    assert ended.code == 2
    assert "CMakeLists.txt" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_a_project_reaches_the_rest_of_it(tmp_path: Path, run: Run) -> None:
    lists = (
        "cmake_minimum_required(VERSION 3.25)\nproject(part LANGUAGES NONE)\n"
        "install(FILES ../../lib/part.h DESTINATION include)\n"
        'if(NOT EXISTS "${CMAKE_SOURCE_DIR}/../../lib/part.h")\n'
        '  message(FATAL_ERROR "The library is gone.")\nendif()\n'
    )
    directory = suite(tmp_path / "whole/build/cmake", lists)
    (tmp_path / "whole/lib").mkdir()
    (tmp_path / "whole/lib/part.h").write_text("\n")
    ended = run("init", directory, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "include/part.h" in (directory / "countermark.toml").read_text()


def test_nothing_is_downloaded(tmp_path: Path, run: Run) -> None:
    lists = (
        "cmake_minimum_required(VERSION 3.25)\nproject(demo LANGUAGES NONE)\n"
        "include(FetchContent)\n"
        "FetchContent_Declare(Thing URL https://thing.invalid/x.tar.gz)\n"
        "FetchContent_MakeAvailable(Thing)\n"
        "install(FILES CMakeLists.txt DESTINATION share)\n"
    )
    directory = suite(tmp_path / "demo", lists)
    ended = run("init", directory, "-o", "-", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "# - Thing: https://thing.invalid/x.tar.gz (CMakeLists.txt:4)\n" in ended.out


def test_an_unreadable_suite_is_said_to_be_one(tmp_path: Path, run: Run) -> None:
    directory = suite(tmp_path / "demo")
    shutil.rmtree(directory)
    directory.symlink_to(tmp_path / "nowhere")
    ended = run("init", directory, cwd=tmp_path)
    assert ended.code == 2
