"""What the suite installs, under which component, and that nothing of this machine is in it."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"


def files(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir()}


def manual(*names: str) -> set[str]:
    return {f"share/man/man1/{name}.1" for name in names}


def test_a_multiprocess_build_installs_internal_programs_in_libexec(suite: Path) -> None:
    assert files(suite) == {
        "README.md",
        "bin/bitcoin",
        "libexec/bitcoin-node",
        "libexec/bitcoin-wallet",
    } | manual("bitcoin", "bitcoin-node", "bitcoin-wallet")


def test_a_monolithic_build_installs_all_programs_in_bin(suite_without_ipc: Path) -> None:
    assert files(suite_without_ipc) == {
        "README.md",
        "bin/bitcoin",
        "bin/bitcoin-wallet",
        "bin/bitcoind",
    } | manual("bitcoin", "bitcoin-wallet", "bitcoind")


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ("bitcoin", {"README.md", "bin/bitcoin"}),
        ("bitcoin-node", {"libexec/bitcoin-node"}),
        ("bitcoin-wallet", {"libexec/bitcoin-wallet"}),
    ],
)
def test_each_program_is_a_component_with_its_manual(
    suite_build: Path,
    install_suite: Callable[..., Path],
    tmp_path: Path,
    component: str,
    expected: set[str],
) -> None:
    tree = install_suite(suite_build, tmp_path, "--component", component)
    assert files(tree) == expected | manual(component)


def test_only_programs_are_executable(suite: Path) -> None:
    for name in files(suite):
        mode = stat.S_IMODE((suite / name).stat().st_mode)
        assert mode == (0o755 if name.startswith(("bin/", "libexec/")) else 0o644), name


def test_manual_pages_have_the_version_and_no_date(suite: Path, suite_without_ipc: Path) -> None:
    pages = [*suite.glob("share/man/man1/*"), *suite_without_ipc.glob("share/man/man1/*")]
    assert len(pages) == 6
    for page in pages:
        title = next(line for line in page.read_text().splitlines() if line.startswith(".TH"))
        name = page.stem.replace("-", "\\-")
        assert title == f'.TH {name.upper()} 1 "" "{name} 1.0.0" "Bitcoin reference suite"'
        assert "@" not in page.read_text()


def test_programs_hold_no_path_of_this_machine(suite_build: Path, suite: Path) -> None:
    for program in (*suite.glob("bin/*"), *suite.glob("libexec/*")):
        content = program.read_bytes()
        for path in (SOURCE, suite_build, suite, "/usr/local"):
            assert str(path).encode() not in content, f"{program.name} has {path}"


def test_it_can_be_a_subdirectory_of_another_project(
    tmp_path: Path, build_suite: Callable[..., Path], install_suite: Callable[..., Path]
) -> None:
    source = tmp_path / "outer"
    source.mkdir()
    (source / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\n"
        "project(outer VERSION 9.9.9 LANGUAGES C)\n"
        f'add_subdirectory("{SOURCE}" suite)\n'
    )
    binary = build_suite(tmp_path / "build", target="bitcoin", source=source)
    tree = install_suite(binary, tmp_path / "installed", "--component", "bitcoin")
    assert files(tree) == {"README.md", "bin/bitcoin"} | manual("bitcoin")
    assert '"bitcoin 1.0.0"' in (tree / "share/man/man1/bitcoin.1").read_text()
