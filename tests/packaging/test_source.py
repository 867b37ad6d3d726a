"""What a source tree says of itself: by git, or by its content."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from countermark.errors import ConfigurationError, WorkError
from countermark.source import Source, describe_source
from suites import ENVIRONMENT, EPOCH, commit, git, suite


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return suite(tmp_path / "tree")


def describe(tree: Path, out: Path | None = None) -> Source:
    return describe_source(tree, out=out or tree / "dist", environment=ENVIRONMENT)


def test_a_repository_is_described_by_its_commit(tree: Path) -> None:
    head = commit(tree)
    source = describe(tree)
    assert source == Source(digest=source.digest, commit=head, epoch=EPOCH)
    assert source.version == head[:12]


@pytest.mark.parametrize(("tag", "version"), [("v31.0", "31.0"), ("31.0rc1", "31.0rc1")])
def test_a_tag_at_the_commit_is_the_version(tree: Path, tag: str, version: str) -> None:
    commit(tree, tag=tag)
    assert describe(tree).tag == tag
    assert describe(tree).version == version


def test_a_tag_of_an_earlier_commit_is_no_version(tree: Path) -> None:
    commit(tree, tag="v31.0")
    (tree / "more").touch()
    head = commit(tree)
    assert describe(tree).tag is None
    assert describe(tree).version == head[:12]


def test_a_changed_file_makes_the_version_dirty(tree: Path) -> None:
    commit(tree, tag="v31.0")
    suite(tree, "# changed")
    assert describe(tree).dirty
    assert describe(tree).version == "31.0-dirty"


def test_an_untracked_file_makes_nothing_dirty(tree: Path) -> None:
    commit(tree)
    (tree / "notes").touch()
    assert not describe(tree).dirty


def test_a_change_beside_the_suite_is_none_of_its_business(tmp_path: Path) -> None:
    tree = suite(tmp_path / "repository" / "suite")
    other = tree.parent / "README"
    other.touch()
    commit(tree.parent)
    other.write_text("changed", encoding="utf-8")
    assert describe(tree).commit is not None
    assert not describe(tree).dirty


def test_the_time_is_the_authors(tree: Path) -> None:
    commit(tree, time=1_600_000_000)
    assert describe(tree).epoch == 1_600_000_000


def test_a_tree_in_somebody_elses_repository_is_described_by_content(tmp_path: Path) -> None:
    (tmp_path / "README").touch()
    commit(tmp_path)
    source = describe(suite(tmp_path / "unpacked"))
    assert source.commit is None
    assert source.digest is not None
    assert source.version is None


def test_a_repository_without_a_commit_is_described_by_content(tree: Path) -> None:
    git(tree, "init", "--quiet")
    git(tree, "add", "--all")
    assert describe(tree).commit is None


def test_without_git_a_tree_is_described_by_content(tree: Path) -> None:
    commit(tree)
    source = describe_source(tree, out=tree / "dist", environment={"PATH": ""})
    assert source.commit is None
    assert source.digest is not None


def test_the_digest_does_not_depend_on_the_order_of_creation(tmp_path: Path) -> None:
    names = [f"folder{n}/{name}" for n in range(3) for name in "abc"]
    for top, order in (("one", names), ("two", names[::-1])):
        tree = suite(tmp_path / top)
        for name in order:
            (tree / name).parent.mkdir(exist_ok=True)
            (tree / name).write_text(name, encoding="utf-8")
    assert describe(tmp_path / "one") == describe(tmp_path / "two")


def test_the_output_is_no_part_of_the_tree(tree: Path) -> None:
    before = describe(tree)
    (tree / "dist").mkdir()
    (tree / "dist" / "archive.tar.gz").write_bytes(b"x")
    assert describe(tree) == before
    assert describe(tree, out=tree / "elsewhere") != before


def test_other_output_directories_are_no_part_of_the_tree(tree: Path) -> None:
    before = describe(tree)
    (tree / "dist2" / ".countermark").mkdir(parents=True)
    (tree / "dist2" / "archive.tar.gz").write_bytes(b"x")
    assert describe(tree) == before
    commit(tree)
    assert describe(tree).digest == before.digest


def test_the_digest_is_the_same_with_and_without_git(tree: Path) -> None:
    for name in ("a/z", "a.txt", "b"):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(name, encoding="utf-8")
    before = describe(tree)
    commit(tree)
    assert describe(tree).digest == before.digest


def test_an_untracked_file_changes_the_digest_and_an_ignored_one_does_not(tree: Path) -> None:
    (tree / ".gitignore").write_text("*.o\n", encoding="utf-8")
    commit(tree)
    before = describe(tree)
    (tree / "main.o").touch()
    assert describe(tree) == before
    (tree / "main.c").touch()
    assert describe(tree).digest != before.digest


def test_a_deleted_file_is_dirty_and_changes_the_digest(tree: Path) -> None:
    (tree / "a").touch()
    commit(tree)
    before = describe(tree)
    (tree / "a").unlink()
    assert describe(tree).dirty
    assert describe(tree).digest != before.digest


def test_what_git_refuses_is_told_in_its_own_words(tree: Path) -> None:
    commit(tree)
    (tree / ".git" / "config").write_text("nonsense [\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="bad config"):
        describe(tree)


def test_a_signature_shown_by_default_does_not_get_in_the_way(tree: Path) -> None:
    head = commit(tree)
    git(tree, "config", "log.showSignature", "true")
    assert describe(tree).commit == head
    assert describe(tree).epoch == EPOCH


def write_byte(tree: Path) -> None:
    (tree / "a").write_bytes(b"y")


def rename(tree: Path) -> None:
    (tree / "a").rename(tree / "b")


def add_empty(tree: Path) -> None:
    (tree / "c").touch()


def lead_link_elsewhere(tree: Path) -> None:
    (tree / "link").unlink()
    (tree / "link").symlink_to("b")


def lead_folder_link_elsewhere(tree: Path) -> None:
    (tree / "folder-link").unlink()
    (tree / "folder-link").symlink_to("other")


def put_link_for_file(tree: Path) -> None:
    (tree / "a").unlink()
    (tree / "a").symlink_to("x")


def move_between_folders(tree: Path) -> None:
    (tree / "folder" / "inner").rename(tree / "other" / "inner")


@pytest.mark.parametrize(
    "change",
    [
        write_byte,
        rename,
        add_empty,
        lead_link_elsewhere,
        lead_folder_link_elsewhere,
        put_link_for_file,
        move_between_folders,
    ],
)
def test_every_change_shows_in_the_digest(tree: Path, change: Callable[[Path], None]) -> None:
    (tree / "a").write_bytes(b"x")
    (tree / "link").symlink_to("a")
    for folder in ("folder", "other"):
        (tree / folder).mkdir()
    (tree / "folder" / "inner").touch()
    (tree / "folder-link").symlink_to("folder")
    before = describe(tree)
    change(tree)
    assert describe(tree) != before


def test_a_name_that_is_not_utf8_is_no_trouble(tree: Path) -> None:
    before = describe(tree)
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff")).touch()
    assert describe(tree) != before


def test_a_pipe_does_not_hold_up_the_reading(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert describe(tree).digest is not None


def test_a_file_that_cannot_be_read_is_a_work_error() -> None:
    """These files refuse to be read even by root."""
    if not Path("/proc/self/attr").is_dir():
        pytest.skip("there is no /proc with files that refuse to be read")
    with pytest.raises(WorkError, match="cannot be described"):
        describe(Path("/proc/self/attr"))
