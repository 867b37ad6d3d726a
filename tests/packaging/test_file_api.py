"""What CMake's File API says of a configured tree, and of one that is not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from countermark.errors import WorkError
from countermark.file_api import BuildModel, ask, read_model
from countermark.tools import find_build_tools
from suites import suite

LISTS = """\
cmake_minimum_required(VERSION 3.25)
project(demo LANGUAGES NONE)
install(FILES CMakeLists.txt DESTINATION share COMPONENT docs)
install(FILES CMakeLists.txt DESTINATION share/none)
install(FILES CMakeLists.txt DESTINATION share/extra COMPONENT extra EXCLUDE_FROM_ALL)
add_subdirectory(inner)
add_subdirectory(aside EXCLUDE_FROM_ALL)
add_custom_target(nothing)
"""
INNER = "install(FILES CMakeLists.txt DESTINATION share/inner COMPONENT inner)\n"
ASIDE = "install(FILES CMakeLists.txt DESTINATION share/aside COMPONENT aside)\n"
WITH_PROGRAMS = """\
cmake_minimum_required(VERSION 3.25)
project(demo LANGUAGES C)
add_executable(one main.c)
install(TARGETS one COMPONENT programs)
"""

SUITE = Path("/suite")
"""Where no file of these trees is."""


def run_cmake(source: Path, build: Path) -> None:
    tools = find_build_tools({"PATH": os.environ["PATH"]})
    subprocess.run(
        (
            *(tools.cmake.program, "-S", source, "-B", build, "-G", "Ninja"),
            f"-DCMAKE_MAKE_PROGRAM={tools.ninja.program}",
        ),
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build tree of a suite without any language, which is configured in no time."""
    top = tmp_path_factory.mktemp("answered")
    suite(suite(top / "source", LISTS) / "inner", INNER)
    suite(top / "source" / "aside", ASIDE)
    ask(top / "build")
    run_cmake(top / "source", top / "build")
    return top / "build"


@pytest.fixture
def build(answered: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    return shutil.copytree(answered, tmp_path / "build")


def replies(build: Path, pattern: str) -> list[Path]:
    found = sorted((build / ".cmake" / "api" / "v1" / "reply").glob(pattern))
    assert found
    return found


def test_components_are_those_that_install_something_by_default(build: Path) -> None:
    assert read_model(build, SUITE).components == ("Unspecified", "docs", "inner")


def test_a_suite_without_a_language_has_no_compilers(build: Path) -> None:
    assert read_model(build, SUITE).compilers == ()


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler here")
def test_the_compiler_is_named_with_its_version(tmp_path: Path) -> None:
    source = suite(tmp_path / "source", WITH_PROGRAMS)
    (source / "main.c").write_text("int main(void) { return 0; }\n", encoding="utf-8")
    ask(tmp_path / "build")
    run_cmake(source, tmp_path / "build")
    model = read_model(tmp_path / "build", tmp_path / "source")
    assert model.components == ("programs",)
    assert model.inputs == (str(Path(shutil.which("cc") or "")),)
    (compiler,) = model.compilers
    assert compiler.language == "C"
    assert compiler.id
    assert compiler.version


def test_the_newest_answer_counts(build: Path) -> None:
    (index,) = replies(build, "index-*.json")
    index.with_name("index-0000-01-01T00-00-00-0000.json").write_text("{}", encoding="utf-8")
    assert isinstance(read_model(build, SUITE), BuildModel)


def test_asking_twice_is_asking_once(tmp_path: Path) -> None:
    ask(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    ask(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def refuse(build: Path) -> None:
    with pytest.raises(WorkError) as caught:
        read_model(build, SUITE)
    assert str(build) in str(caught.value)
    assert caught.value.hint


def test_a_tree_that_is_not_there_gives_no_answer(tmp_path: Path) -> None:
    refuse(tmp_path / "missing")


def test_a_tree_that_was_not_asked_gives_no_answer(tmp_path: Path) -> None:
    run_cmake(suite(tmp_path / "source"), tmp_path / "build")
    refuse(tmp_path / "build")


@pytest.mark.parametrize("pattern", ["index-*", "codemodel-*", "toolchains-*", "directory-*"])
def test_a_missing_answer_is_a_work_error(build: Path, pattern: str) -> None:
    replies(build, pattern)[0].unlink()
    refuse(build)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"{}", b"[]", b"null", b"3", b'"x"'])
@pytest.mark.parametrize("pattern", ["index-*", "codemodel-*", "toolchains-*"])
def test_a_garbled_answer_is_a_work_error(build: Path, pattern: str, content: bytes) -> None:
    replies(build, pattern)[0].write_bytes(content)
    refuse(build)


def test_an_answer_of_another_kind_is_a_work_error(build: Path) -> None:
    (index,) = replies(build, "index-*")
    document = json.loads(index.read_bytes())
    document["reply"]["client-countermark"]["codemodel-v2"] = {"error": "unknown query"}
    index.write_text(json.dumps(document), encoding="utf-8")
    refuse(build)
