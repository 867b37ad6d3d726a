"""What zig links into every program is what its package says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from countermark.provenance.bundled import bundled_libraries
from countermark.reproduction.record import ToolchainRow
from countermark.toolchain import find_zig
from stated import DARWIN, LINUX, WINDOWS, build_record, own_toolchain


@pytest.fixture(scope="module")
def lib() -> Path:
    """The libraries of the installed package."""
    return find_zig().program.parent / "lib"


def versions(host: str) -> dict[str, str]:
    zig = ToolchainRow(kind="zig", version=find_zig().version)
    return {
        each.name: each.version for each in bundled_libraries(build_record(host, toolchain=zig))
    }


def number(header: Path, macro: str) -> int:
    found = re.search(rf"define {macro}\s+(\d+)", header.read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1])


def test_the_versions_are_those_of_the_package(lib: Path) -> None:
    found = versions(WINDOWS)
    libcxx = number(lib / "libcxx/include/__config", "_LIBCPP_VERSION")
    llvm = f"{libcxx // 10000}.{libcxx // 100 % 100}.{libcxx % 100}"
    assert {found["libc++"], found["libc++abi"], found["libunwind"]} == {llvm}
    header = lib / "libc/include/any-windows-any/_mingw_mac.h"
    parts = (number(header, f"__MINGW64_VERSION_{part}") for part in ("MAJOR", "MINOR", "BUGFIX"))
    assert found["mingw-w64"] == ".".join(map(str, parts))


@pytest.mark.parametrize("host", [DARWIN, LINUX])
def test_mingw_is_for_windows_only(host: str) -> None:
    assert "mingw-w64" not in versions(host)
    assert "libc++" in versions(host)


def test_a_suite_without_c_plus_plus_needs_none_of_its_libraries() -> None:
    assert [each.name for each in bundled_libraries(build_record(LINUX, compilers=()))] == [
        "zig-compiler-rt"
    ]


def test_of_other_toolchains_nothing_is_known() -> None:
    assert bundled_libraries(build_record(LINUX, **own_toolchain())) == ()
    other = ToolchainRow(kind="zig", version="9.9.9")
    assert [each.name for each in bundled_libraries(build_record(WINDOWS, toolchain=other))] == [
        "zig-compiler-rt"
    ]
