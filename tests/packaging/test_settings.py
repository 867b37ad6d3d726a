"""``countermark.toml``: strict reading, its schema, and writing it out again."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.errors import ConfigurationError
from countermark.hosts import HOSTS
from countermark.settings import (
    CMakeValue,
    HostSettings,
    Settings,
    ToolSettings,
    format_settings,
    json_schema,
    parse_settings,
    read_settings,
)
from suites import schema_errors

GOOD = """\
suite = "src"
name = "bitcoin"
version = "31.0"
source_date_epoch = 1767225600
components = ["bitcoin", "docs"]
style = "macos15"

[cmake]
BUILD_TESTS = false
JOBS = 3

[hosts.arm64-apple-darwin]
toolchain = "sdk.cmake"

[hosts.arm64-apple-darwin.cmake]
WITH_GUI = "Qt6"
"""


def refusal(text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(text, "release.toml")
    assert str(caught.value).startswith("release.toml: ")
    return caught.value


def test_a_good_file_is_read() -> None:
    read = parse_settings(GOOD, "release.toml")
    assert read.components == ("bitcoin", "docs")
    assert read.cmake == {"BUILD_TESTS": False, "JOBS": 3}
    assert read.hosts["arm64-apple-darwin"] == HostSettings(
        toolchain="sdk.cmake", cmake={"WITH_GUI": "Qt6"}
    )


def test_an_empty_file_leaves_everything_open() -> None:
    assert parse_settings("", "release.toml") == Settings()


def test_an_unknown_key_names_the_nearest() -> None:
    error = refusal('verison = "1.0"')
    assert "'verison'" in str(error)
    assert "'version'" in str(error)
    assert "source_date_epoch" in error.hint


def test_an_unknown_key_of_a_host_names_its_path() -> None:
    error = refusal('[hosts.arm64-apple-darwin]\ntoolchian = "zig"')
    assert "'hosts.arm64-apple-darwin.toolchian'" in str(error)
    assert "'toolchain'" in str(error)


def test_a_key_that_belongs_elsewhere_is_unknown_to_a_host() -> None:
    assert "'hosts.arm64-apple-darwin.out'" in str(
        refusal('[hosts.arm64-apple-darwin]\nout = "dist"')
    )


def test_an_unknown_host_names_the_nearest() -> None:
    error = refusal("[hosts.arm64-apple-darwn]")
    assert "hosts" in str(error)
    assert "'arm64-apple-darwin'" in str(error)


def test_a_backslash_before_u0000_is_no_such_character() -> None:
    assert parse_settings(r'cmake = { A = "\\u0000" }', "x").cmake == {"A": r"\u0000"}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("version = 1.0", "version"),
        ("source_date_epoch = '2026'", "source_date_epoch"),
        ("source_date_epoch = -1", "source_date_epoch"),
        ("components = 'docs'", "components"),
        ("components = [1]", "components"),
        ("cmake = 'A=1'", "cmake"),
        ("hosts = 3", "hosts"),
        ("hosts = ['arm64-apple-darwin']", "hosts"),
        ("name = 2026-01-01", "name"),
    ],
)
def test_a_value_of_the_wrong_type_names_its_key(text: str, path: str) -> None:
    assert path in str(refusal(text))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[cmake]\nA = 1.5", "cmake.A"),
        ("[cmake]\nA = [1]", "cmake.A"),
        ("[hosts]\narm64-apple-darwin = 3", "hosts.arm64-apple-darwin"),
        ("[hosts.arm64-apple-darwin]\ntoolchain = 3", "hosts.arm64-apple-darwin.toolchain"),
        ("[hosts.arm64-apple-darwin.cmake]\nA = 1.5", "hosts.arm64-apple-darwin.cmake.A"),
    ],
)
def test_a_wrong_value_in_a_table_names_its_whole_path(text: str, path: str) -> None:
    assert path in str(refusal(text))


def test_wrong_types_are_told_in_the_words_of_toml() -> None:
    message = str(refusal("version = 1.0"))
    assert "a string" in message
    assert "a float" in message
    assert "`" not in message
    assert "null" not in message


def test_bad_toml_names_the_line() -> None:
    assert "line 2" in str(refusal('name = "bitcoin"\nversion = 1.x\n'))


def test_a_file_is_named_in_its_errors(tmp_path: Path) -> None:
    file = tmp_path / "countermark.toml"
    file.write_text("nam = 'x'", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=str(file)):
        read_settings(file)


@pytest.mark.parametrize("content", [None, b"name = '\xff'"], ids=["missing", "not UTF-8"])
def test_an_unreadable_file_is_a_configuration_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "countermark.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=str(file)):
        read_settings(file)


def errors_of(document: dict[str, Any]) -> list[str]:
    return schema_errors(json_schema(), document)


def test_the_schema_accepts_what_is_read() -> None:
    assert errors_of(tomllib.loads(GOOD)) == []


@pytest.mark.parametrize(
    "text",
    [
        "verison = '1.0'",
        "version = 1.0",
        "source_date_epoch = -1",
        "[cmake]\nA = 1.5",
        "[hosts.arm64-apple-darwn]",
        "[hosts.arm64-apple-darwin]\nout = 'x'",
        "[hosts.arm64-apple-darwin]\ntoolchain = 3",
    ],
)
def test_the_schema_rejects_what_reading_refuses(text: str) -> None:
    assert errors_of(tomllib.loads(text)) != []
    refusal(text)


def test_the_schema_knows_every_key_of_the_types() -> None:
    definitions = json_schema()["$defs"]
    for kind in (Settings, HostSettings):
        assert set(definitions[kind.__name__]["properties"]) == set(kind.__struct_fields__)
        assert definitions[kind.__name__]["additionalProperties"] is False


letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
words = st.text(letters, max_size=12)
texts = st.text(letters, min_size=1, max_size=12)
maybe = st.none() | texts
cache_values: st.SearchStrategy[CMakeValue] = (
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | words
)
cache_entries = st.dictionaries(words, cache_values, max_size=3)
host_settings = st.builds(
    HostSettings, toolchain=maybe, preset=maybe, profile=maybe, cmake=cache_entries
)
all_settings = st.builds(
    Settings,
    suite=maybe,
    name=maybe,
    version=maybe,
    source_date_epoch=st.none() | st.integers(0, 2**63 - 1),
    out=maybe,
    components=st.lists(texts, max_size=3).map(tuple),
    profile=maybe,
    style=maybe,
    toolchain=maybe,
    preset=maybe,
    cmake=cache_entries,
    hosts=st.dictionaries(st.sampled_from(sorted(HOSTS)), host_settings, max_size=3),
)


@settings(deadline=None)
@given(all_settings)
def test_what_is_written_reads_as_the_same(written: Settings) -> None:
    assert parse_settings(format_settings(written), "release.toml") == written


@settings(deadline=None)
@given(all_settings)
def test_what_is_written_agrees_with_the_schema(written: Settings) -> None:
    assert errors_of(tomllib.loads(format_settings(written))) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = ""', "name: expected a string that is not empty"),
        ('[cmake]\nA = "\\u0000"', "U+0000"),
        ("name = " + "[" * 20_000, "release.toml"),
        ("source_date_epoch = " + "9" * 5_000, "release.toml"),
    ],
)
def test_a_value_that_nothing_could_be_done_with_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(text, "release.toml")
    assert message in str(caught.value)


def test_a_byte_order_mark_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "release.toml").write_text('name = "x"', encoding="utf-8-sig")
    assert read_settings(tmp_path / "release.toml").name == "x"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="regular file"):
        read_settings(tmp_path / "pipe")


def test_everything_about_hosts_tools_and_dependencies_is_read() -> None:
    read = parse_settings(
        """
        [hosts.arm64-apple-darwin]
        minimum = "14.0"
        linker = "lld"
        sdk = "14.0"
        prefix = ["deps/arm64"]
        environment = { NAME = "value" }

        [tools.generator]
        dependency = "maker"
        variable = "GENERATOR_EXECUTABLE"

        [[dependencies]]
        name = "maker"
        source = "maker-1.0.tar.gz"
        native = true
        hosts = []
        """,
        "release.toml",
    )
    host = read.hosts["arm64-apple-darwin"]
    assert (host.linker, host.prefix, host.environment) == (
        "lld",
        ("deps/arm64",),
        {"NAME": "value"},
    )
    assert read.tools["generator"] == ToolSettings(
        dependency="maker", variable="GENERATOR_EXECUTABLE"
    )
    (maker,) = read.dependencies
    assert (maker.name, maker.recipe, maker.native, maker.hosts) == ("maker", "cmake", True, ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[tools.x]\nprogramm = 'a'", "unknown key 'tools.x.programm'"),
        ("[[dependencies]]\nname='a'\nsource='b'\nsha='c'", "unknown key 'dependencies[0].sha'"),
        ("[[dependencies]]\nname='a'", "dependencies[0]: object missing required field `source`"),
        ("[[dependencies]]\nname='a'\nsource='b'\nrecipe='make'", "dependencies[0].recipe: "),
        ("[hosts.arm64-apple-darwin]\nenvironment={A=1}", "hosts.arm64-apple-darwin.environment.A"),
        ("dependencies = 3", "dependencies: expected a list"),
    ],
)
def test_what_is_wrong_with_tools_and_dependencies_is_named(text: str, problem: str) -> None:
    assert problem in str(refusal(text))
