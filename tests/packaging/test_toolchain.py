"""Which compiler a name stands for, and what identifies ziglang's."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import tomllib
from pathlib import Path

import pytest

from countermark.errors import ConfigurationError, MissingToolError, UnknownHostError
from countermark.hosts import HOSTS, buildable_hosts
from countermark.toolchain import (
    REPRODUCIBLE_CMAKE,
    Machine,
    Toolchain,
    ToolchainKind,
    Wanted,
    find_zig,
)
from countermark.toolchains.macos_libraries import sdk_version
from countermark.toolchains.selection import select_toolchain

HERE = "x86_64-linux-gnu"
RECORD = """\
ziglang/__init__.py,sha256=aaa,10
ziglang/zig,sha256=bbb,200
"""
INSTALLED = """\
../../../bin/python-zig,sha256=fff,220
ziglang-0.17.1.dist-info/INSTALLER,sha256=ccc,4
ziglang-0.17.1.dist-info/RECORD,,
ziglang/zig,sha256=bbb,200
ziglang/__pycache__/__init__.cpython-311.pyc,sha256=ddd,99
ziglang/__pycache__/__main__.cpython-311.pyc,,
ziglang/__init__.py,sha256=aaa,10
"""


MAC = "arm64-apple-darwin"


def select(
    name: str,
    triple: str = HERE,
    base: Path = Path("/nonexistent"),
    *,
    native: str | None = HERE,
    path: str = "",
    linker: str | None = None,
    sdk: str | None = None,
    sdk_path: Path | None = None,
    suite: Path = Path("/suite"),
) -> Toolchain:
    machine = Machine(native=native, cache=Path("/cache"), environment={"PATH": path})
    wanted = Wanted(
        host=HOSTS[triple],
        name=name,
        base=base,
        suite=suite,
        linker=linker,
        sdk=sdk,
        sdk_path=sdk_path,
    )
    return select_toolchain(wanted, machine)


def linkers(directory: Path, **versions: str) -> str:
    """Write programs that say they are an ld64.lld; return the PATH that leads to them."""
    for name, version in versions.items():
        program = directory / name.replace("_", "-").replace("ld64", "ld64.lld")
        program.write_text(f"#!/bin/sh\necho Debian LLD {version}\n")
        program.chmod(0o755)
    return str(directory)


def digest_of(record: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(importlib.metadata.Distribution, "read_text", lambda *_: record)
    monkeypatch.setattr(importlib.metadata.PathDistribution, "read_text", lambda *_: record)
    monkeypatch.setattr(importlib.metadata.Distribution, "version", "0.17.1")
    return find_zig().digest


def test_the_digest_of_zig_is_that_of_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an installer adds, and the order in which it lists, does not matter."""
    assert digest_of(RECORD, monkeypatch) == digest_of(INSTALLED, monkeypatch)


def test_an_unknown_content_is_of_no_published_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    digest_of(RECORD, monkeypatch)
    assert find_zig().wheel_sha256 is None


def test_an_installed_zig_is_told_from_the_wheel_it_came_from() -> None:
    zig = find_zig()
    assert zig.wheel_sha256 is not None
    listing = (REPRODUCIBLE_CMAKE.parent / "ziglang-wheels.toml").read_text(encoding="utf-8")
    (wheel,) = (w for w in tomllib.loads(listing)["wheel"] if w["content"] == zig.digest)
    assert wheel["sha256"] == zig.wheel_sha256
    assert wheel["name"].startswith(f"ziglang-{zig.version}-")


@pytest.mark.parametrize(
    "changed",
    [
        RECORD.replace("bbb", "bbc"),
        RECORD.replace("ziglang/zig", "ziglang/zag"),
        RECORD + "ziglang/lib/std.zig,sha256=eee,1\n",
    ],
    ids=["another content", "another name", "another file"],
)
def test_another_wheel_has_another_digest(changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert digest_of(RECORD, monkeypatch) != digest_of(changed, monkeypatch)


def test_zig_is_found_without_being_imported() -> None:
    zig = find_zig()
    assert zig.program.is_file()
    assert zig.version == importlib.metadata.version("ziglang")
    assert len(zig.digest) == 64


def test_missing_zig_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    with pytest.raises(MissingToolError) as caught:
        find_zig()
    assert "pip install" in caught.value.hint


@pytest.mark.parametrize("triple", [host.triple for host in buildable_hosts()])
def test_zig_is_given_the_target_of_the_host(triple: str) -> None:
    toolchain = select("zig", triple)
    variables = dict(toolchain.variables)
    assert toolchain.kind is ToolchainKind.ZIG
    assert toolchain.file is not None
    assert toolchain.file.is_file()
    assert variables["COUNTERMARK_ZIG_TARGET"] == HOSTS[triple].zig_target
    assert Path(variables["COUNTERMARK_ZIG"]).is_file()


def test_powerpc64_is_refused_with_the_reason_and_a_way_out() -> None:
    with pytest.raises(UnknownHostError) as caught:
        select("zig", "powerpc64-linux-gnu")
    assert "C library" in str(caught.value)
    assert "--toolchain" in caught.value.hint


def test_the_native_toolchain_is_for_this_machine() -> None:
    assert select("native") == Toolchain(kind=ToolchainKind.NATIVE, file=None)


@pytest.mark.parametrize("native", [HERE, None])
def test_the_native_toolchain_is_for_no_other_host(native: str | None) -> None:
    with pytest.raises(UnknownHostError) as caught:
        select("native", MAC, native=native)
    assert "arm64-apple-darwin" in str(caught.value)
    assert caught.value.hint


def test_a_file_is_relative_to_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "sdk.cmake").touch()
    toolchain = select("sdk.cmake", "powerpc64-linux-gnu", base=tmp_path)
    assert toolchain == Toolchain(kind=ToolchainKind.FILE, file=tmp_path / "sdk.cmake")


def test_a_missing_file_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        select("sdk.cmake", base=tmp_path)
    assert str(tmp_path / "sdk.cmake") in str(caught.value)
    assert "'zig'" in caught.value.hint


def test_a_toolchain_names_itself(tmp_path: Path) -> None:
    (tmp_path / "sdk.cmake").touch()
    assert str(select("zig")) == f"zig {find_zig().version}"
    assert str(select("native")) == "native"
    assert str(select("sdk.cmake", base=tmp_path)) == str(tmp_path / "sdk.cmake")


def test_the_newest_lld_links_for_macos_when_it_is_asked_for(tmp_path: Path) -> None:
    path = linkers(tmp_path, ld64="14.0.6", ld64_19="19.1.7", ld64_21="21.1.0", ld64_20="20.1")
    toolchain = select("zig", MAC, path=path, linker="lld", sdk="14.0")
    assert toolchain.lld is not None
    assert toolchain.lld.tool.program == tmp_path / "ld64.lld-21"
    assert toolchain.lld.tool.version == "21.1.0"
    assert toolchain.lld.sdk == "14.0"
    assert str(toolchain) == f"zig {find_zig().version}, ld64.lld 21.1.0"


def test_programs_name_the_sdk_of_zig_unless_another_is_asked_for(tmp_path: Path) -> None:
    toolchain = select("zig", MAC, path=linkers(tmp_path, ld64="19.1.7"), linker="lld")
    assert toolchain.lld is not None
    assert toolchain.lld.sdk == sdk_version(find_zig().program)


@pytest.mark.parametrize("linker", [None, "zig"])
def test_zig_links_otherwise(linker: str | None) -> None:
    assert select("zig", MAC, linker=linker).lld is None


def test_an_lld_that_is_too_old_is_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(
        MissingToolError, match=r"19 or newer, and .*ld64\.lld is version 14\.0\.6"
    ) as caught:
        select("zig", MAC, path=linkers(tmp_path, ld64="14.0.6"), linker="lld")
    assert "lld-19" in caught.value.hint


def test_an_lld_that_is_not_there_is_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match="there is none") as caught:
        select("zig", MAC, path=str(tmp_path), linker="lld")
    assert "lld-19" in caught.value.hint


@pytest.mark.parametrize("linker", ["zig", "lld"])
def test_only_for_macos_can_a_linker_be_chosen(linker: str) -> None:
    with pytest.raises(ConfigurationError, match="only programs for macOS"):
        select("zig", linker=linker)


def test_only_the_default_toolchain_has_a_choice_of_linkers(tmp_path: Path) -> None:
    (tmp_path / "sdk.cmake").touch()
    with pytest.raises(ConfigurationError, match="chooses its linker itself"):
        select("sdk.cmake", MAC, tmp_path, linker="lld")


def test_an_unknown_linker_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'lld'"):
        select("zig", MAC, linker="ldd")


def test_what_every_suite_includes_is_there() -> None:
    assert REPRODUCIBLE_CMAKE.is_file()
