"""The toolchains that have names: what each is made of, and what is said when it cannot be."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from countermark.errors import ConfigurationError, MissingToolError, UnknownHostError
from countermark.hosts import HOSTS
from countermark.toolchain import Machine, Toolchain, ToolchainKind, Wanted
from countermark.toolchains.selection import select_toolchain

LINUX, MAC, WINDOWS = "x86_64-linux-gnu", "arm64-apple-darwin", "x86_64-w64-mingw32"
LLVM = ("llvm-ar", "llvm-ranlib", "llvm-strip", "llvm-objcopy", "llvm-install-name-tool")
GNU = ("ld", "ar", "ranlib", "strip", "objcopy", "windres")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """An empty directory, which is all that PATH leads to."""
    directory = tmp_path / "programs"
    directory.mkdir()
    return directory


def install(directory: Path, *names: str, version: str = "1.0") -> None:
    """Write programs that only tell their version."""
    for name in names:
        (directory / name).write_text(f"#!/bin/sh\necho '{version}'\n")
        (directory / name).chmod(0o755)


def select(
    name: str,
    triple: str,
    programs: Path,
    *,
    sdk: str | None = None,
    sdk_path: Path | None = None,
    suite: Path = Path("/suite"),
) -> Toolchain:
    machine = Machine(native=LINUX, cache=Path("/cache"), environment={"PATH": str(programs)})
    wanted = Wanted(
        host=HOSTS[triple], name=name, base=Path("/"), suite=suite, sdk=sdk, sdk_path=sdk_path
    )
    return select_toolchain(wanted, machine)


def install_mingw(directory: Path) -> None:
    install(directory, *(f"{WINDOWS}-{name}" for name in GNU), version="GNU Binutils 2.40")
    install(directory, f"{WINDOWS}-gcc-posix", f"{WINDOWS}-g++-posix", version="12.2.0-posix")
    install(directory, f"{WINDOWS}-gcc", f"{WINDOWS}-g++", version="12.2.0-win32")


def test_mingw_is_gcc_with_threads_and_gnus_tools(programs: Path) -> None:
    install_mingw(programs)
    toolchain = select("mingw-w64", WINDOWS, programs)
    variables = dict(toolchain.variables)
    assert variables["CMAKE_CXX_COMPILER"] == str(programs / f"{WINDOWS}-g++-posix")
    assert variables["CMAKE_RC_COMPILER"] == str(programs / f"{WINDOWS}-windres")
    assert str(toolchain) == f"mingw-w64, {WINDOWS}-g++ 12.2.0"
    assert [each.version for each in toolchain.tools] == ["12.2.0", "2.40"]
    assert toolchain.file is not None
    assert toolchain.file.is_file()


def test_another_packager_has_one_gcc_only(programs: Path) -> None:
    install_mingw(programs)
    for name in ("gcc", "g++"):
        (programs / f"{WINDOWS}-{name}-posix").unlink()
    variables = dict(select("mingw-w64", WINDOWS, programs).variables)
    assert variables["CMAKE_CXX_COMPILER"] == str(programs / f"{WINDOWS}-g++")


@pytest.mark.parametrize("missing", ["g++", "windres", "strip"])
def test_a_missing_tool_of_mingw_is_named_with_the_fix(programs: Path, missing: str) -> None:
    install_mingw(programs)
    for path in programs.glob(f"{WINDOWS}-{missing}*"):
        path.unlink()
    with pytest.raises(MissingToolError, match=f"{WINDOWS}-{missing.replace('+', '.')}") as caught:
        select("mingw-w64", WINDOWS, programs)
    assert "apt-get install" in caught.value.hint


@pytest.mark.parametrize(("name", "triple"), [("mingw-w64", LINUX), ("clang", WINDOWS)])
def test_a_host_that_a_toolchain_does_not_know(programs: Path, name: str, triple: str) -> None:
    with pytest.raises(UnknownHostError, match=name):
        select(name, triple, programs)


def install_clang(directory: Path, version: str) -> None:
    major = version.partition(".")[0]
    tools = ("clang", "clang++", "ld.lld", "ld64.lld", *LLVM)
    install(directory, *(f"{name}-{major}" for name in tools), version=f"Debian {version}")


def sdk_in(directory: Path, **files: bytes) -> Path:
    (directory / "usr" / "include").mkdir(parents=True)
    for name, content in files.items():
        (directory / f"SDKSettings.{name}").write_bytes(content)
    return directory


def test_clang_is_the_newest_with_the_tools_of_its_version(programs: Path, tmp_path: Path) -> None:
    install_clang(programs, "19.1.7")
    install_clang(programs, "17.0.6")
    install(programs, "clang", "llvm-ar", version="clang version 14.0.6")
    sdk = sdk_in(tmp_path / "sdk", json=b'{"Version": "14.5"}')
    toolchain = select("clang", MAC, programs, sdk_path=sdk)
    variables = dict(toolchain.variables)
    assert variables["CMAKE_CXX_COMPILER"] == str(programs / "clang++-19")
    assert variables["CMAKE_AR"] == str(programs / "llvm-ar-19")
    assert variables["COUNTERMARK_CLANG_LINKER"] == str(programs / "ld64.lld-19")
    assert variables["COUNTERMARK_CLANG_SDK_VERSION"] == "14.5"
    assert [(each.name, each.version) for each in toolchain.tools] == [
        ("clang", "19.1.7"),
        ("ld64.lld", "19.1.7"),
    ]
    assert toolchain.told_minimum
    assert toolchain.file is not None
    assert toolchain.file.is_file()


@pytest.mark.parametrize(
    ("files", "asked", "version"),
    [
        ({"json": b'{"Version": "14.5"}'}, None, "14.5"),
        ({"plist": plistlib.dumps({"Version": "15.2"})}, None, "15.2"),
        ({"json": b"{", "plist": plistlib.dumps({"Version": "15.2"})}, None, "15.2"),
        ({"json": b'{"Version": "14.5"}'}, "14.0", "14.0"),
        ({}, "14.0", "14.0"),
    ],
)
def test_the_version_of_an_sdk_is_told_or_asked_for(
    programs: Path, tmp_path: Path, files: dict[str, bytes], asked: str | None, version: str
) -> None:
    install_clang(programs, "19.1.7")
    toolchain = select("clang", MAC, programs, sdk=asked, sdk_path=sdk_in(tmp_path / "s", **files))
    assert toolchain.sdk == version


@pytest.mark.parametrize("content", [b"", b"{}", b'{"Version": "new"}', b"[1]", b"\xff"])
def test_an_sdk_that_does_not_tell_its_version(
    programs: Path, tmp_path: Path, content: bytes
) -> None:
    install_clang(programs, "19.1.7")
    sdk = sdk_in(tmp_path / "sdk", json=content, plist=content)
    with pytest.raises(ConfigurationError, match="does not tell its version") as caught:
        select("clang", MAC, programs, sdk_path=sdk)
    assert "as sdk in [hosts." in caught.value.hint


@pytest.mark.parametrize("triple", [MAC, "aarch64-linux-gnu"])
def test_clang_without_an_sdk_says_so_and_what_to_do(programs: Path, triple: str) -> None:
    install_clang(programs, "19.1.7")
    with pytest.raises(ConfigurationError, match="no sdk_path names one") as caught:
        select("clang", triple, programs)
    assert "give its directory as sdk_path" in caught.value.hint


@pytest.mark.parametrize("triple", [MAC, LINUX])
def test_a_directory_that_is_no_sdk(programs: Path, tmp_path: Path, triple: str) -> None:
    install_clang(programs, "19.1.7")
    with pytest.raises(ConfigurationError, match="holds no usr/include"):
        select("clang", triple, programs, sdk_path=tmp_path)


def test_clang_needs_no_root_of_this_machine(programs: Path) -> None:
    install_clang(programs, "19.1.7")
    toolchain = select("clang", LINUX, programs)
    assert not toolchain.told_minimum
    assert dict(toolchain.variables)["COUNTERMARK_CLANG_LINKER"] == str(programs / "ld.lld-19")


def test_a_clang_that_is_too_old_is_named_with_the_fix(programs: Path) -> None:
    install(programs, "clang", version="clang version 14.0.6")
    with pytest.raises(MissingToolError, match=r"16 or newer, and .* is version 14\.0\.6"):
        select("clang", LINUX, programs)


def test_a_missing_linker_of_clang_is_named_with_the_fix(programs: Path) -> None:
    install_clang(programs, "19.1.7")
    (programs / "ld.lld-19").unlink()
    with pytest.raises(MissingToolError, match=r"ld\.lld, of the toolchain clang") as caught:
        select("clang", LINUX, programs)
    assert "lld-19" in caught.value.hint


@pytest.mark.parametrize("name", ["zig", "native", "mingw-w64", "depends", "my.cmake"])
def test_no_other_toolchain_takes_an_sdk(programs: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="has one of its own"):
        select(name, LINUX, programs, sdk_path=sdk_in(tmp_path / "sdk"))


def test_depends_is_the_file_that_it_writes(programs: Path, tmp_path: Path) -> None:
    file = tmp_path / "depends" / MAC / "toolchain.cmake"
    file.parent.mkdir(parents=True)
    file.touch()
    toolchain = select("depends", MAC, programs, suite=tmp_path)
    assert toolchain == Toolchain(kind=ToolchainKind.DEPENDS, file=file)


def test_depends_that_are_not_built_say_how(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "depends").mkdir()
    with pytest.raises(ConfigurationError, match=f"there is no .*depends/{MAC}") as caught:
        select("depends", MAC, programs, suite=tmp_path)
    assert f"make -C {tmp_path}/depends HOST={MAC}" in caught.value.hint


def test_a_suite_without_depends(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        select("depends", MAC, programs, suite=tmp_path)
    assert "Only Bitcoin Core" in caught.value.hint
