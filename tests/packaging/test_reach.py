"""Looking at what a user's paths hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from countermark.errors import WorkError
from countermark.reach import Found, visit
from macho import Macho
from trees import pack_tar

IMAGE = Macho().build()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for name in ("bin/a", "bin/b"):
        (tmp_path / name).write_bytes(IMAGE)
    (tmp_path / "bin/readme").write_bytes(b"text")
    (tmp_path / "release.tar").write_bytes(pack_tar({"bin/c": IMAGE, "readme": b"text"}, "release"))
    return tmp_path


def size_of(found: Found) -> tuple[str, str | None, int]:
    return found.path.name, found.member, found.source.size


def test_files_directories_and_archives_are_reached_in_their_order(folder: Path) -> None:
    visited = visit([folder / "release.tar", folder / "bin", folder / "bin/b"], size_of)
    assert visited.results == (
        ("release.tar", "release/bin/c", len(IMAGE)),
        ("a", None, len(IMAGE)),
        ("b", None, len(IMAGE)),
        ("b", None, len(IMAGE)),
    )
    assert visited.problems == ()


def test_a_file_that_changes_meanwhile_does_not_stop_the_others(folder: Path) -> None:
    def change(found: Found) -> str:
        if found.path.name == "a":
            found.path.write_bytes(IMAGE + b"more")
        return found.path.name

    visited = visit([folder / "bin"], change)
    assert visited.results == ("b",)
    (problem,) = visited.problems
    assert isinstance(problem, WorkError)
    assert str(problem) == f"{folder / 'bin/a'}: the file was changed while it was being read"


def test_a_path_without_a_macho_is_a_problem(folder: Path) -> None:
    visited = visit([folder / "bin/readme", folder / "absent", folder / "bin/a"], size_of)
    assert len(visited.results) == 1
    assert ["no Mach-O" in str(visited.problems[0]), "absent" in str(visited.problems[1])] == [
        True,
        True,
    ]
