"""Copies of a suite are the same suite, and the suite stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from countermark.errors import WorkError
from countermark.reproduction.copies import copy_suite, copy_tree, listing
from countermark.source import Source, describe_source
from suites import ENVIRONMENT, commit, git, suite


def described(tree: Path) -> Source:
    return describe_source(tree, out=tree / "dist", environment=ENVIRONMENT)


def copied(tree: Path, target: Path) -> Source:
    """Describe the copy of a suite."""
    _, copy = copy_suite(tree, described(tree), target, out=tree / "dist", environment=ENVIRONMENT)
    return describe_source(copy, out=target / "dist", environment=ENVIRONMENT)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = suite(tmp_path / "demo")
    (tree / "run.sh").write_text("#!/bin/sh\n")
    (tree / "run.sh").chmod(0o755)
    (tree / "link").symlink_to("run.sh")
    return tree


def test_a_plain_directory(tree: Path, tmp_path: Path) -> None:
    assert copied(tree, tmp_path / "copy") == described(tree)


def test_a_checkout_keeps_its_commit_and_its_tag(tree: Path, tmp_path: Path) -> None:
    commit(tree, tag="v1.0")
    found = copied(tree, tmp_path / "copy")
    assert found == described(tree)
    assert (found.tag, found.dirty) == ("v1.0", False)


def test_a_checkout_with_changes(tree: Path, tmp_path: Path) -> None:
    (tree / "gone.c").write_text("int gone;\n")
    commit(tree)
    (tree / "gone.c").unlink()
    (tree / "new.c").write_text("int new;\n")
    (tree / "run.sh").write_text("#!/bin/sh\nexit 1\n")
    (tree / ".gitignore").write_text("ignored\n")
    (tree / "ignored").write_text("nothing\n")
    found = copied(tree, tmp_path / "copy")
    assert found == described(tree)
    assert found.dirty
    assert not (tmp_path / "copy" / "ignored").exists()


def test_a_suite_below_the_top_of_its_repository(tree: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / "LICENSE").write_text("free\n")
    below = tree.rename(whole / "suite")
    commit(whole)
    assert copied(below, tmp_path / "copy") == described(below)
    assert (tmp_path / "copy" / "LICENSE").is_file()


def test_the_suite_stays_as_it_was(tree: Path, tmp_path: Path) -> None:
    commit(tree)
    before = git(tree, "status", "--porcelain"), sorted(tree.rglob("*"))
    copied(tree, tmp_path / "copy")
    assert (git(tree, "status", "--porcelain"), sorted(tree.rglob("*"))) == before


def test_what_cannot_be_copied_is_not_passed_off_as_the_suite(tree: Path, tmp_path: Path) -> None:
    source = described(tree)
    (tree / "run.sh").write_text("#!/bin/sh\nexit 2\n")
    with pytest.raises(WorkError, match="not the same suite"):
        copy_suite(tree, source, tmp_path / "copy", out=tree / "dist", environment=ENVIRONMENT)


def test_a_tree_is_copied_with_links_modes_and_other_times(tree: Path, tmp_path: Path) -> None:
    (tree / "src").mkdir()
    (tree / "src" / "a.c").write_text("int a;\n")
    copy_tree(tree, tmp_path / "copy", reverse=True, modified=1_000_000_000)
    copy = tmp_path / "copy"
    assert (copy / "link").readlink() == Path("run.sh")
    assert (copy / "run.sh").stat().st_mode & 0o777 == 0o755
    assert sorted(listing(copy)) == sorted(listing(tree))
    times = [path.lstat().st_mtime for path in copy.rglob("*") if not path.is_dir()]
    assert max(times) < 1_000_001_000
    assert len(set(times)) > 1
