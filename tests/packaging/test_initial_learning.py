"""What is learnt of a suite from CMake's words, without CMake."""

from __future__ import annotations

from pathlib import Path

import pytest

from countermark.initial.answers import Answers, Brought, Variable, write_answers
from countermark.initial.known import known_suite, pinned
from countermark.initial.learning import errors_in, first_answers, learn
from countermark.initial.options import declared_options
from countermark.initial.probing import Probe
from countermark.initial.requests import (
    downloads,
    package_requests,
    pkg_config_requests,
    searches,
)
from countermark.initial.trace import Call, Place, read_trace


def call(command: str, *arguments: str, line: int = 1, file: str = "CMakeLists.txt") -> Call:
    return Call(command=command, arguments=arguments, place=Place(file, line))


def probe(output: str, *calls: Call, build: Path = Path("/nowhere"), **packages: str) -> Probe:
    return Probe(
        triple="x86_64-linux-gnu",
        build=build,
        calls=calls,
        packages=packages,
        output=output,
        problem="exit 1",
    )


UNKNOWN_TARGET = """\
CMake Error at src/CMakeLists.txt:7 (target_link_libraries):
  Target "tool" links to:

    Foo::bar

  but the target was not found.  Possible reasons include:

    * There is a typo in the target name.


-- Configuring incomplete, errors occurred!
"""

MISSING = """\
CMake Error at /usr/share/cmake/Modules/FindPackageHandleStandardArgs.cmake:290 (message):
  Could NOT find Foo (missing: FOO_LIBRARY)
Call Stack (most recent call first):
  /usr/share/cmake/Modules/FindPackageHandleStandardArgs.cmake:654 (_FPHSA_FAILURE_MESSAGE)
  lib/CMakeLists.txt:12 (find_package)


-- Configuring incomplete, errors occurred!
"""


def test_an_error_is_found_with_its_place_and_its_text_in_one_line() -> None:
    (error,) = errors_in(UNKNOWN_TARGET)
    assert error.place == "src/CMakeLists.txt:7"
    assert error.command == "target_link_libraries"
    assert error.text.startswith('Target "tool" links to:')


def test_an_error_in_cmakes_own_files_is_placed_where_the_suite_called_them() -> None:
    (error,) = errors_in(f"CMake Warning at a:1 (message):\n  no\n\n{MISSING}")
    assert error.place == "lib/CMakeLists.txt:12"
    assert "Call Stack" not in error.text


def test_a_target_is_learnt_for_the_package_that_it_is_named_after() -> None:
    asked = (call("find_package", "Foo", "REQUIRED"), call("find_package", "Zop", "REQUIRED"))
    learnt = learn(probe(UNKNOWN_TARGET, *asked, Foo="answered", Zop="answered"), Answers())
    assert learnt.targets == {Brought("Foo", "Foo::bar")}


def test_a_target_of_another_name_is_learnt_for_the_last_package() -> None:
    asked = (call("find_package", "One", "REQUIRED"), call("find_package", "Two", "REQUIRED"))
    learnt = learn(probe(UNKNOWN_TARGET, *asked, One="answered", Two="answered"), Answers())
    assert learnt.targets == {Brought("Two", "Foo::bar")}


def test_a_target_that_the_suite_makes_itself_is_unlearnt() -> None:
    text = (
        "CMake Error at CMakeLists.txt:3 (add_library):\n  add_library cannot create ALIAS target"
        ' "Foo::bar" because another target\n  with the same name already exists.\n\n'
    )
    before = Answers(guesses=frozenset({"Foo::bar", "Foo::qux"}))
    assert learn(probe(text), before).guesses == {"Foo::qux"}


def test_a_command_is_learnt_for_its_package() -> None:
    text = 'CMake Error at a:1 (foo_generate):\n  Unknown CMake command "foo_generate".\n\n'
    asked = (call("find_package", "Foo", "QUIET"), call("find_package", "Zop"))
    learnt = learn(probe(text, *asked, Foo="answered", Zop="missing"), Answers())
    assert learnt.commands == {Brought("Foo", "foo_generate")}


def test_a_package_is_learnt_from_the_message_that_names_it() -> None:
    assert learn(probe(MISSING), Answers()).packages == {"Foo"}


def test_a_package_is_learnt_that_the_suites_own_message_means() -> None:
    text = "CMake Error at a:1 (message):\n  Cap'n Proto is required but was not found.\n\n"
    asked = (call("find_package", "CapnProto", "QUIET"), call("find_package", "Zop"))
    learnt = learn(probe(text, *asked, CapnProto="missing", Zop="missing"), Answers())
    assert learnt.packages == {"CapnProto"}


def test_else_the_last_search_in_vain_is_taken_for_needed(tmp_path: Path) -> None:
    (tmp_path / "CMakeCache.txt").write_text("M_LIBRARY:FILEPATH=M_LIBRARY-NOTFOUND\n")
    text = "CMake Error at a:1 (message):\n  Sorry.\n\n"
    asked = (
        call("find_package", "Foo", line=1),
        call("find_library", "M_LIBRARY", "m", line=2),
        call("find_program", "PERL", "perl", line=3),
    )
    learnt = learn(probe(text, *asked, build=tmp_path, Foo="missing"), Answers())
    assert learnt.variables == {Variable("M_LIBRARY", "find_library")}


def test_nothing_is_learnt_from_an_error_about_something_else() -> None:
    text = "CMake Error at a:1 (message):\n  Sorry.\n\n"
    found = call("find_package", "Foo")
    assert learn(probe(text, found, Foo="found"), Answers()) == Answers()


def test_what_cmake_asks_for_itself_is_learnt() -> None:
    text = (
        "CMake Error at a:1 (cmake_minimum_required):\n  Compatibility with CMake < 3.5 has been"
        " removed.\n\n  Or, add -DCMAKE_POLICY_VERSION_MINIMUM=3.5 to try configuring anyway.\n\n\n"
    )
    assert learn(probe(text), Answers()).entries == {("CMAKE_POLICY_VERSION_MINIMUM", "3.5")}


@pytest.mark.parametrize("name", ["a)\nfile(REMOVE_RECURSE /", "$ENV{HOME}", "a;b", '"', "-x", ""])
def test_no_name_becomes_a_command(name: str, tmp_path: Path) -> None:
    """What CMake is told is made of plain words only, whatever a suite calls things."""
    text = f'CMake Error at a:1 (message):\n  Could NOT find {name} provided by "{name}"\n\n'
    asked = (call("find_package", name), call("pkg_check_modules", "X", name))
    learnt = learn(probe(text, *asked), Answers())
    before = write_answers(Answers(), tmp_path).read_bytes()
    after = write_answers(learnt, tmp_path).read_bytes()
    assert learnt.packages <= {"a", "provided"}
    assert b"REMOVE_RECURSE" not in after
    assert before.count(b"\n") == after.count(b"\n")


def test_the_first_guesses_are_the_targets_that_the_suite_does_not_make(tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "add_library(Own::lib ALIAS lib)\ntarget_link_libraries(x Foo::bar Own::lib a::b::c)\n"
        "FetchContent_Declare(Thing URL x)\n"
    )
    answers = first_answers(tmp_path)
    assert answers.guesses == {"Foo::bar", "a::b::c"}
    assert answers.fetched == {"thing"}


def test_requests_are_read_with_what_they_ask_for() -> None:
    (package,) = package_requests(
        [call("find_package", "Qt6", "6.2", "REQUIRED", "COMPONENTS", "Core", "Gui", "CONFIG")]
    )
    assert (package.name, package.version, package.components) == ("Qt6", "6.2", ("Core", "Gui"))
    assert package.required
    assert package.config
    (module,) = pkg_config_requests(
        [call("pkg_check_modules", "X", "REQUIRED", "IMPORTED_TARGET", "libx>=1.2")]
    )
    assert (module.module, module.version, module.required) == ("libx", ">=1.2", True)
    one, two = searches(
        [
            call("find_program", "TOOL", "tool", "tool3"),
            call("find_library", "LIB", "NAMES", "a", "b", "PATHS", "/x", "NO_DEFAULT_PATH"),
        ]
    )
    assert one.names == ("tool", "tool3")
    assert two.names == ("a", "b")
    assert [each.what for each in downloads([call("file", "DOWNLOAD", "https://e/x", "y")])] == [
        "https://e/x"
    ]


def test_options_are_those_that_the_suite_declares_for_its_users() -> None:
    calls = (
        call("project", "top"),
        call("option", "BUILD_TOOLS", "Build tools.", "yes", line=2),
        call("set", "WORD", "a", "b", "CACHE", "STRING", "A word.", line=3),
        call("set", "HIDDEN", "x", "CACHE", "INTERNAL", "no", line=4),
        call("set", "FORCED", "x", "CACHE", "STRING", "no", "FORCE", line=5),
        call("set", "PLAIN", "x", line=6),
        call("set", "SHORT", "CACHE", line=7),
        call("project", "inner", file="sub/CMakeLists.txt"),
        call("option", "INNER", "Of another.", file="sub/CMakeLists.txt"),
    )
    found = {each.name: each for each in declared_options(calls)}
    assert list(found) == ["BUILD_TOOLS", "WORD", "INNER"]
    assert found["BUILD_TOOLS"].default == "ON"
    assert found["BUILD_TOOLS"].shapes
    assert found["WORD"].default == "a;b"
    assert not found["WORD"].shapes
    assert found["INNER"].subproject == "sub"
    assert found["INNER"].default == "OFF"


def test_a_trace_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_bytes(
        b'{"version":{"major":1,"minor":2}}\n'
        b'{"cmd":"SET","args":["a"],"file":"/suite/sub/x.cmake","line":3,"time":1.5}\n'
        b'{"cmd":"set","args":["b"],"file":"/usr/share/y.cmake","line":3}\n'
        b'{"cmd":"set","args":["\xff"],"file":"/suite/x.cmake","line":4}\n'
        b'{"cmd":"set","args":["c"'
    )
    assert read_trace(trace, Path("/suite")) == (
        Call(command="set", arguments=("a",), place=Place("sub/x.cmake", 3)),
    )


def test_a_recipe_tells_version_address_and_digest(tmp_path: Path) -> None:
    recipe = tmp_path / "thing.mk"
    recipe.write_text(
        "package=thing\n$(package)_version=1.5.0\n$(package)_download_path=https://example.org/v1/\n"
        "$(package)_file_name=$(package)-$($(package)_version).tar.gz\n"
        f"$(package)_sha256_hash={'a' * 64}\n"
    )
    told = pinned(recipe)
    assert told.version == "1.5.0"
    assert told.url == "https://example.org/v1/thing-1.5.0.tar.gz"
    assert told.sha256 == "a" * 64


@pytest.mark.parametrize(
    "text",
    [
        "",
        "$(package)_version=$(shell rm)\n$(package)_sha256_hash=zz\n",
        "$(package)_version=$($(package)_version)\n$(package)_download_path=ftp://x\n",
    ],
)
def test_a_recipe_that_tells_nothing_plain_tells_nothing(tmp_path: Path, text: str) -> None:
    recipe = tmp_path / "thing.mk"
    recipe.write_text(text)
    told = pinned(recipe)
    assert (told.version, told.url, told.sha256) == ("", "", "")
    assert pinned(tmp_path / "absent") == told


OPTIONS = [
    *("BUILD_CLI", "BUILD_DAEMON", "BUILD_WALLET_TOOL", "ENABLE_WALLET", "REDUCE_EXPORTS"),
    *("WITH_CCACHE", "ENABLE_IPC"),
]


def test_bitcoin_core_and_its_forks_are_known_by_their_options() -> None:
    known = known_suite(OPTIONS)
    assert known is not None
    assert known.title == "Bitcoin Core"
    assert known_suite(OPTIONS[1:]) is None


def test_a_known_suite_is_set_only_what_it_declares() -> None:
    known = known_suite(OPTIONS)
    assert known is not None
    linux = known.entries("linux", OPTIONS)
    assert linux["ENABLE_IPC"] is True
    assert known.entries("windows", OPTIONS)["ENABLE_IPC"] is False
    assert "BUILD_BENCH" not in linux
    assert "CMAKE_SKIP_RPATH" in linux
