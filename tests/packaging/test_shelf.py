"""An archive is kept only when it is known to be what packing again would give."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from countermark.errors import WorkError
from countermark.packing import shelf as shelf_module
from countermark.packing.archive import Artifact
from countermark.packing.members import list_members
from countermark.packing.press import Press
from countermark.packing.shelf import Shelf
from countermark.process import Runner

EPOCH = 1_700_000_000
NAME = "demo-1.0-x86_64-linux-gnu.tar.gz"


class Works:
    """A tree, a place to publish its archive, and a shelf."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.tree = directory / "demo-1.0"
        (self.tree / "bin").mkdir(parents=True)
        (self.tree / "bin/demo").write_bytes(b"program" * 999)
        (self.tree / "bin/demo").chmod(0o755)
        (self.tree / "notes.txt").write_bytes(b"notes")
        (self.tree / "link").symlink_to("notes.txt")
        self.archive = directory / "out" / NAME
        self.archive.parent.mkdir()
        self.shelf = Shelf(directory / "shelf")
        self.temporary = directory / "unfinished"
        self.temporary.mkdir()
        self.programs = directory / "programs"
        self.programs.mkdir()
        self.accepted = 0
        self.epoch = EPOCH
        self.demands = "profile"

    @property
    def put_aside(self) -> Path:
        return self.shelf.directory / self.archive.name

    @property
    def record(self) -> Path:
        return self.shelf.directory / f"{self.archive.name}.json"

    def pack(self, accept: Callable[[Path], None] = lambda _: None) -> Artifact:
        """What a run does: take down what is published, and pack."""
        self.shelf.take_down([self.archive])
        return self.press(accept)

    def press(self, accept: Callable[[Path], None] = lambda _: None) -> Artifact:
        def counted(unfinished: Path) -> None:
            self.accepted += 1
            accept(unfinished)

        return self.shelf.pack(
            list_members(self.tree, self.tree.name),
            self.archive,
            epoch=self.epoch,
            press=Press(
                temporary=self.temporary,
                environment={"PATH": str(self.programs)},
                runner=Runner(),
                log=self.directory / "log.txt",
            ),
            accept=counted,
            demands=self.demands,
        )


@pytest.fixture(params=[NAME, NAME.replace(".gz", ".zst"), "demo-1.0-win64.zip"])
def works(tmp_path: Path, request: pytest.FixtureRequest) -> Works:
    made = Works(tmp_path)
    made.archive = made.archive.with_name(request.param)
    if made.archive.suffix == ".zip":
        (made.tree / "link").unlink()
    return made


def test_nothing_changed_keeps_the_archive(works: Works) -> None:
    first = works.pack()
    content = works.archive.read_bytes()
    second = works.pack()
    assert (first.kept, second.kept, works.accepted) == (False, True, 1)
    assert works.archive.read_bytes() == content
    assert (second.size, second.sha256) == (first.size, first.sha256)
    assert (second.content_sha256, second.compressor) == (first.content_sha256, first.compressor)
    assert not works.put_aside.exists()
    assert works.pack().kept


def test_new_times_of_the_same_files_keep_it(works: Works) -> None:
    works.pack()
    shutil.copytree(works.tree, works.tree.with_name("copy"), symlinks=True)
    shutil.rmtree(works.tree)
    works.tree.with_name("copy").rename(works.tree)
    os.utime(works.tree / "notes.txt", (1, 1))
    assert works.pack().kept


def change_content(works: Works) -> None:
    """Neither size nor time tell."""
    path = works.tree / "bin/demo"
    before = path.stat()
    path.write_bytes(b"PROGRAM" * 999)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def change_mode(works: Works) -> None:
    (works.tree / "bin/demo").chmod(0o644)


def add_file(works: Works) -> None:
    (works.tree / "empty").touch()


def add_directory(works: Works) -> None:
    (works.tree / "empty").mkdir()


def remove_file(works: Works) -> None:
    (works.tree / "notes.txt").unlink()


def rename_file(works: Works) -> None:
    (works.tree / "notes.txt").rename(works.tree / "other.txt")


def change_epoch(works: Works) -> None:
    works.epoch += 2


def change_demands(works: Works) -> None:
    works.demands = "stricter"


CHANGES = [
    change_content,
    change_mode,
    add_file,
    add_directory,
    remove_file,
    rename_file,
    change_epoch,
    change_demands,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_whatever_it_follows_from_packs_it_anew(
    works: Works, change: Callable[[Works], None]
) -> None:
    works.pack()
    change(works)
    assert not works.pack().kept
    assert works.accepted == 2
    assert works.pack().kept


def test_another_target_of_a_link_packs_it_anew(tmp_path: Path) -> None:
    works = Works(tmp_path)
    works.pack()
    (works.tree / "link").unlink()
    (works.tree / "link").symlink_to("bin/demo")
    assert not works.pack().kept


def test_another_edition_of_countermark_packs_it_anew(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    works.pack()
    monkeypatch.setattr(shelf_module, "edition", lambda: "another")
    assert not works.pack().kept


def test_another_compressor_of_the_same_version_packs_it_anew(tmp_path: Path) -> None:
    works = Works(tmp_path)
    gzip = works.programs / "gzip"
    script = "#!/bin/sh\ncase $1 in --version) echo gzip 1.0 ;; *) /bin/cat ;; esac\n"
    gzip.write_text(script)
    gzip.chmod(0o755)
    assert works.pack().compressor == "gzip 1.0"
    assert works.pack().kept
    gzip.write_text(script + "# mended\n")
    assert not works.pack().kept
    gzip.unlink()
    assert not works.pack().kept


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def link_elsewhere(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


HARMS = [damage, cut_short, link_elsewhere, Path.unlink]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_an_archive_that_was_changed_is_packed_anew(
    works: Works, harm: Callable[[Path], None]
) -> None:
    works.pack()
    content = works.archive.read_bytes()
    harm(works.archive)
    assert not works.pack().kept
    assert works.archive.read_bytes() == content
    assert not works.archive.is_symlink()


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_an_archive_that_was_changed_on_the_shelf_is_packed_anew(
    works: Works, harm: Callable[[Path], None]
) -> None:
    works.pack()
    content = works.archive.read_bytes()
    works.shelf.take_down([works.archive])
    assert not works.archive.exists()
    harm(works.put_aside)
    assert not works.press().kept
    assert works.archive.read_bytes() == content
    assert not works.archive.is_symlink()


@pytest.mark.parametrize(
    "text", ["", "{}", "[", '{"made_from": 1}', "\udcff", "[" * 100_000], ids=repr
)
def test_a_record_that_says_nothing_keeps_nothing(works: Works, text: str) -> None:
    works.pack()
    works.record.write_bytes(text.encode(errors="surrogateescape"))
    assert not works.pack().kept
    assert works.pack().kept


def test_a_record_of_another_archive_keeps_nothing(works: Works) -> None:
    works.pack()
    record = works.record.read_bytes()
    change_content(works)
    works.pack()
    works.record.write_bytes(record)
    assert not works.pack().kept


def test_an_archive_without_a_record_does_not_stay(works: Works) -> None:
    works.pack()
    works.record.unlink()
    works.shelf.take_down([works.archive])
    assert not works.archive.exists()
    assert not works.put_aside.exists()


def test_what_was_not_accepted_is_never_kept(works: Works) -> None:
    def refuse(_: Path) -> None:
        raise WorkError("no")

    works.pack()
    change_content(works)
    for _ in range(2):
        with pytest.raises(WorkError):
            works.pack(refuse)
        assert not works.archive.exists()
        assert not works.put_aside.exists()


def test_a_tree_that_changes_while_it_is_packed_is_packed_again(works: Works) -> None:
    works.pack(lambda _: change_content(works))
    assert not works.pack().kept


def test_nothing_stays_on_the_shelf_under_names_that_are_not_used(works: Works) -> None:
    works.pack()
    works.shelf.take_down([works.archive])
    works.shelf.take_down([works.archive.with_name("demo-1.1.tar.gz")])
    assert not list(works.shelf.directory.iterdir())


def test_a_shelf_elsewhere_is_left_alone(works: Works, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    works.shelf.directory.symlink_to(elsewhere)
    assert not works.pack().kept
    assert works.pack().kept
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
