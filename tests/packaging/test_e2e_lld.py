"""Releases for macOS whose programs are linked by ld64.lld."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from commands import EPOCH, Run
from countermark.errors import MissingToolError
from countermark.render.document import schema_of
from countermark.toolchains.lld import find_lld


@pytest.fixture(scope="module", autouse=True)
def lld() -> str:
    """The version of the linker; nothing here can be tried without it."""
    try:
        return find_lld({"PATH": os.environ["PATH"]}).version
    except MissingToolError as error:
        pytest.skip(f"{error}: {error.hint}")


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program in C++ with a dynamic library in C, and a check of the linker."""
    directory = tmp_path_factory.mktemp("suites") / "linked"
    directory.mkdir()
    (directory / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\n"
        "project(linked VERSION 1.0 LANGUAGES C CXX)\n"
        "include(CheckLinkerFlag)\n"
        "check_linker_flag(C LINKER:-fixup_chains HAVE_CHAINS)\n"
        "check_linker_flag(C LINKER:-z,relro HAVE_RELRO)\n"
        "if(NOT HAVE_CHAINS OR HAVE_RELRO)\n"
        '  message(FATAL_ERROR "the linker does not answer for itself")\n'
        "endif()\n"
        "add_library(number SHARED number.c)\n"
        "add_executable(linked linked.cpp)\n"
        "target_link_libraries(linked number m)\n"
        "target_link_options(linked PRIVATE LINKER:--as-needed)\n"
        "set_target_properties(linked PROPERTIES INSTALL_RPATH @executable_path/../lib)\n"
        "install(TARGETS linked number)\n"
    )
    (directory / "number.c").write_text("int number(void) { return 0; }\n")
    (directory / "linked.cpp").write_text(
        "#include <stdexcept>\n#include <string>\n#include <cmath>\n"
        'extern "C" int number();\n'
        "int main(int count, char **words) {\n"
        "  try { if (count > 1) throw std::runtime_error(std::string(words[1])); }\n"
        "  catch (const std::exception &) { return int(std::sqrt(count)); }\n"
        "  return number();\n}\n"
    )
    (directory / "countermark.toml").write_text(
        f'version = "1.0"\nsource_date_epoch = {EPOCH}\nprofile = "generic"\n'
        '[hosts.arm64-apple-darwin]\nlinker = "lld"\nsdk = "14.2"\n'
    )
    return directory


@pytest.fixture(scope="module")
def released(suite: Path, tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    """The output directory of a release."""
    directory = tmp_path_factory.mktemp("released")
    ended = run("release", suite, cwd=directory)
    assert ended.code == 0, ended.err
    assert "ld64.lld" in ended.err
    return directory / "dist"


def host_row(released: Path) -> dict[str, Any]:
    manifest = json.loads((released / "manifest.json").read_bytes())
    jsonschema.validate(manifest, schema_of("countermark.manifest/1"))
    (row,) = manifest["hosts"]
    return dict(row)


def test_the_images_are_what_upstreams_release_checks_want(released: Path) -> None:
    import lief

    stage = released / ".countermark/arm64-apple-darwin/stage/linked-1.0"
    for path in (stage / "bin/linked", stage / "lib/libnumber.dylib"):
        fat = lief.MachO.parse(str(path))
        assert fat is not None
        image = fat.at(0)
        assert image is not None
        assert image.has_dyld_chained_fixups
        assert image.has_uuid
        assert image.build_version is not None
        assert list(image.build_version.minos) == [14, 0, 0]
        assert list(image.build_version.sdk) == [14, 2, 0]
        (tool,) = image.build_version.tools
        assert tool.tool == lief.MachO.BuildToolVersion.TOOLS.LLD
        assert not any(name.decode().startswith("/") for name in image_strings(path))


def image_strings(path: Path) -> list[bytes]:
    """Return the words of an image that are paths of this machine."""
    home = str(Path.home()).encode()
    return [word for word in path.read_bytes().split(b"\0") if word.startswith(home + b"/")]


def test_the_archive_is_accepted_and_signed_by_us_alone(released: Path, run: Run) -> None:
    archive = next(released.glob("*.tar.gz"))
    ended = run("verify", "--target", "macos:27", archive, "--format", "json", cwd=released)
    assert ended.code == 0, ended.out
    kinds = {each["kind"] for file in json.loads(ended.out)["files"] for each in file["slices"]}
    assert kinds == {"ad-hoc"}


def test_the_manifest_and_the_record_tell_which_linker_it_was(released: Path, lld: str) -> None:
    row = host_row(released)
    assert {"ld64.lld": lld} == {
        each["name"]: each["version"] for each in row["inputs"] if each["kind"] == "tool"
    }
    assert row["changed_after_link"] == []
    assert "-Wl,--as-needed" in json.dumps(row["changed_arguments"])
    record = json.loads(
        next(released.glob(".countermark/*/stage/*/share/countermark/build.json")).read_bytes()
    )
    assert (record["linker"], record["tools"]["ld64.lld"]) == ("lld", lld)


def test_another_directory_and_the_effective_settings_give_the_same(
    released: Path, suite: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "countermark.toml").write_text(
        (released / "countermark-effective.toml")
        .read_text()
        .replace(str(released), str(tmp_path / "elsewhere"))
    )
    assert 'linker = "lld"' in (tmp_path / "countermark.toml").read_text()
    ended = run("release", "--config", "countermark.toml", cwd=tmp_path)
    assert ended.code == 0, ended.err
    sums = (tmp_path / "elsewhere" / "SHA256SUMS").read_text()
    assert sums == (released / "SHA256SUMS").read_text()


def test_the_archive_can_be_rebuilt(released: Path, suite: Path, tmp_path: Path, run: Run) -> None:
    archive = next(released.glob("*.tar.gz"))
    again = run("rebuild", archive, "--suite", suite, cwd=tmp_path)
    assert again.code == 0, again.err + again.out


def test_the_plan_says_which_linker_it_will_be(suite: Path, released: Path, run: Run) -> None:
    planned = run("release", suite, "--plan", cwd=released.parent)
    assert planned.code == 0, planned.err
    assert "ld64.lld" in planned.out
