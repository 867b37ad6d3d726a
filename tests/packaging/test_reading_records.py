"""Records are input that nobody vouches for."""

from __future__ import annotations

import json
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.errors import WorkError
from countermark.reproduction.matching import mismatches, unconfirmed
from countermark.reproduction.reading import parse_record, read_record, record_of_archive
from countermark.reproduction.record import LARGEST
from counterproof.profiles.profile import BUILD_RECORD

GOOD: Final[dict[str, Any]] = {
    "schema": "countermark.build-record/1",
    "made_by": "countermark 1",
    "name": "demo",
    "version": "1.0",
    "source_date_epoch": 0,
    "source": f"sha256:{'0' * 64}",
    "host": "x86_64-linux-gnu",
    "toolchain": {"kind": "native"},
    "compilers": [],
    "tools": {"cmake": "4.0.0"},
    "cmake": {"FEATURE": True},
    "profile": "generic",
    "style": "macos26",
}


def encoded(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def archive_with(path: Path, *records: bytes, name: str = f"demo-1.0/{BUILD_RECORD}") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for number, content in enumerate(records):
            info = tarfile.TarInfo(name if not number else str(BUILD_RECORD))
            info.size = len(content)
            archive.addfile(info, BytesIO(content))
    return path


def test_a_good_record_is_read(tmp_path: Path) -> None:
    assert record_of_archive(archive_with(tmp_path / "a.tar.gz", encoded())).name == "demo"
    (tmp_path / "record.json").write_bytes(encoded())
    assert read_record(tmp_path / "record.json").version == "1.0"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "countermark.build-record/2"},
        {"name": "../evil"},
        {"name": "-rf"},
        {"version": ""},
        {"version": "1.0/.."},
        {"source_date_epoch": -1},
        {"source": "sha256:short"},
        {"host": "/bin"},
        {"toolchain": {"kind": "theirs"}},
        {"tools": {"cmake": ["4"]}},
        {"cmake": {"A": {"B": "C"}}},
        {"profile": 1},
        {"more": "than is known"},
        {"compilers": "C"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(WorkError, match="cannot be used"):
        parse_record(encoded(**change), "a.tar.gz")


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_refused_without_a_traceback(content: bytes) -> None:
    with pytest.raises(WorkError):
        parse_record(content, "a.tar.gz")


def test_nesting_is_no_trap() -> None:
    for deep in (b"[" * 100_000, b'{"cmake":' * 100_000):
        with pytest.raises(WorkError):
            parse_record(deep, "a.tar.gz")


@given(st.integers(0, len(encoded()) - 1), st.integers(1, 255))
def test_a_changed_byte_gives_a_record_or_a_refusal(at: int, change: int) -> None:
    content = bytearray(encoded())
    content[at] ^= change
    try:
        record = parse_record(bytes(content), "a.tar.gz")
    except WorkError:
        return
    assert "/" not in record.name


def test_a_large_record_is_not_read(tmp_path: Path) -> None:
    large = archive_with(tmp_path / "a.tar.gz", b" " * (LARGEST + 1))
    with pytest.raises(WorkError, match=r"1,048,577 bytes"):
        record_of_archive(large)
    (tmp_path / "record.json").write_bytes(b" " * (LARGEST + 1))
    with pytest.raises(WorkError, match=r"1,048,577 bytes"):
        read_record(tmp_path / "record.json")


def test_two_records_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="two build records"):
        record_of_archive(archive_with(tmp_path / "a.tar.gz", encoded(), encoded()))


def test_a_record_elsewhere_is_none(tmp_path: Path) -> None:
    deep = archive_with(tmp_path / "a.tar.gz", encoded(), name=f"a/b/{BUILD_RECORD}")
    with pytest.raises(WorkError, match="no build record"):
        record_of_archive(deep)


@pytest.mark.parametrize("value", [True, 17, "", "Release", "1.2-rc1", "c++20"], ids=str)
def test_plain_entries_need_no_word(value: object) -> None:
    assert unconfirmed(parse_record(encoded(cmake={"FEATURE": value}), "")) == ()


def test_a_profile_is_no_path() -> None:
    record = parse_record(encoded(profile="/etc/mine.toml"), "")
    assert unconfirmed(record) == ("the profile /etc/mine.toml",)


@pytest.mark.parametrize(
    "value", ["/bin/sh", "a;b", "-O2 -fplugin=x", "$ENV{X}", "@file", 'a"b', "a\nb", "a\\b", "~"]
)
def test_entries_that_could_name_a_program_do(value: str) -> None:
    assert len(unconfirmed(parse_record(encoded(cmake={"FEATURE": value}), ""))) == 1


def dependency(**changes: object) -> dict[str, object]:
    return {
        "name": "zlib",
        "source": "zlib.tar.gz",
        "inside": False,
        "archive": True,
        "digest": f"sha256:{'1' * 64}",
        "linked": True,
        "native": False,
        "recipe": "cmake",
        **changes,
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dependencies": [dependency(cmake={"TOOL": "/bin/sh"})]}, "zlib: TOOL=/bin/sh"),
        ({"dependencies": [dependency(recipe="commands", commands=["make"])]}, "zlib: make"),
        ({"environment": {"CC": "cc"}}, "the variable CC=cc"),
        ({"generators": [{"name": "x", "variable": "A;B"}]}, "the cache entry A;B of the tool x"),
    ],
)
def test_what_of_a_dependency_could_run_a_program_must_be_wanted(
    change: dict[str, object], words: str
) -> None:
    assert unconfirmed(parse_record(encoded(**change), "")) == (words,)


def test_plain_dependencies_and_tools_need_no_word() -> None:
    record = encoded(
        dependencies=[dependency(cmake={"BUILD_TESTING": False, "MODE": "fast"})],
        generators=[{"name": "maker", "variable": "MAKER_EXECUTABLE"}],
    )
    assert unconfirmed(parse_record(record, "")) == ()


def test_what_was_there_before_must_be_the_same() -> None:
    tool = {"name": "maker", "digest": f"sha256:{'2' * 64}"}
    one = parse_record(
        encoded(dependencies=[dependency()], generators=[tool], prefixes=[f"sha256:{'3' * 64}"]),
        "",
    )
    assert mismatches(one, one) == ()
    none = parse_record(encoded(), "")
    assert mismatches(one, none) == (
        f"dependency zlib is none, not sha256:{'1' * 64}",
        f"tool maker is none, not sha256:{'2' * 64}",
        f"prefix 1 is none, not sha256:{'3' * 64}",
    )
