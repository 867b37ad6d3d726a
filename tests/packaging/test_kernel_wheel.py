"""The native kernel in the wheel: the same bytes from anywhere, and no obstacle where it fails."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from commands import EPOCH
from kernel import cannot_try
from wheels import PIP, build_wheel, copy_checkout, python

KERNEL = "countersign/_kernel.abi3.so"
PROBE = """\
import sys
from pathlib import Path

import countersign.pagehash
from countersign.digest import HashType

home = Path(sys.argv[1])
assert Path(countersign.pagehash.__file__).is_relative_to(home)
digests = countersign.pagehash.hash_pages(bytes(5000), 4096, HashType.SHA256, threads=2)
assert len(digests) == 2 * 32
kernel = sys.modules.get("countersign._kernel")
assert kernel is None or Path(kernel.__file__).is_relative_to(home)
print(countersign.pagehash.page_hash_implementation())
"""


@pytest.fixture
def kernel_wheel(wheel: Path) -> Path:
    """The wheel, if it has the kernel."""
    if KERNEL not in names(wheel):
        cannot_try("the kernel was not built")
    return wheel


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as opened:
        return opened.namelist()


def implementation(wheel: Path, place: Path) -> str:
    """Install ``wheel`` and have it hash; say what did it."""
    python(*PIP, "install", "--no-deps", "--target", place, wheel, cwd=place.parent)
    code = f"import sys; sys.path.insert(0, {str(place)!r})\n{PROBE}"
    return python("-I", "-S", "-c", code, place, cwd=place.parent).strip()


def test_one_wheel_serves_every_python(kernel_wheel: Path) -> None:
    assert "-cp311-abi3-" in kernel_wheel.name


def test_the_installed_kernel_hashes(kernel_wheel: Path, tmp_path: Path) -> None:
    found = implementation(kernel_wheel, tmp_path / "installed")
    assert found in {"sha-ni", "avx2", "armv8", "portable"}


def test_the_same_sources_give_the_same_wheel_elsewhere(kernel_wheel: Path, tmp_path: Path) -> None:
    elsewhere = copy_checkout(tmp_path / "another place")
    place = tmp_path / "wheel"
    place.mkdir()
    again, _ = build_wheel(elsewhere, place, SOURCE_DATE_EPOCH=EPOCH)
    assert again.name == kernel_wheel.name
    with zipfile.ZipFile(kernel_wheel) as one, zipfile.ZipFile(again) as other:
        for name in one.namelist():
            assert one.read(name) == other.read(name), name
    assert again.read_bytes() == kernel_wheel.read_bytes()


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"CXX": "/nonexistent/c++"}, "there is no C++ compiler that works"),
        ({"CXXFLAGS": "-Dblock_size=0"}, "it does not compile"),
    ],
    ids=["no compiler", "no compilation"],
)
def test_what_stands_in_the_kernels_way_is_said_and_does_no_harm(
    checkout: Path, tmp_path: Path, variables: dict[str, str], reason: str
) -> None:
    wheel, said = build_wheel(checkout, tmp_path, **variables)
    assert "CMake Warning" in said
    assert "without its page-hash kernel" in said
    assert reason in said
    assert KERNEL not in names(wheel)
    assert implementation(wheel, tmp_path / "installed") == "hashlib"
