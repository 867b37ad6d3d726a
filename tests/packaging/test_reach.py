"""Looking at what a user's paths hold."""

from __future__ import annotations

import gzip
import lzma
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from countermark.errors import WorkError
from countermark.reach import Found, visit
from countermark.surroundings import Names, Surroundings, Watch
from counterproof.trees.entry import Entry
from counterproof.trees.nested import walk_nested
from countersign.findings import FileVerdict
from countersign.signer import sign_bytes
from countersign.source import Source
from countersign.verifier import verify_image, verify_source
from macho import OBJECT, Macho, fat
from trees import elf, pack_tar, pack_tar_gz, pack_tar_zst, pack_zip, tar_info, tar_of

IMAGE = Macho().build()
OBJECT_FILE = Macho(filetype=OBJECT).build()
XZ = "xz is not supported yet; decompress it first with xz -dk"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for name in ("bin/a", "bin/b"):
        (tmp_path / name).write_bytes(IMAGE)
    (tmp_path / "bin/readme").write_bytes(b"text")
    (tmp_path / "release.tar").write_bytes(pack_tar({"bin/c": IMAGE, "readme": b"text"}, "release"))
    return tmp_path


class Recorder(Surroundings):
    """Keeps a list of what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[object, ...]] = []

    def pass_directory(self, root: Path) -> None:
        self.seen.append(("directory", root.name))

    def pass_file(self, path: Path, head: bytes) -> None:
        self.seen.append(("file", path.name, head))

    def pass_entry(self, path: Path, names: Names, entry: Entry) -> None:
        self.seen.append(("entry", path.name, names, entry.link_target))

    def pass_image(self, path: Path, names: Names, entry: Entry, source: Source) -> None:
        self.seen.append(("image", path.name, names, source.read(0, source.size)))

    def pass_member(self, path: Path, names: Names, entry: Entry, pieces: Iterable[bytes]) -> None:
        self.seen.append(("member", path.name, names, b"".join(pieces)))

    def pass_archive(self, path: Path, names: Names, entry: Entry, watch: Watch) -> None:
        self.seen.append(("archive", path.name, names))

    def pass_head(self, path: Path, names: Names, head: bytes) -> None:
        self.seen.append(("head", path.name, names, head))

    def pass_unread(self, path: Path, names: Names, reason: str) -> None:
        self.seen.append(("unread", path.name, names, reason))


def size_of(found: Found) -> tuple[str, str | None, int]:
    return found.path.name, found.member, found.source.size


def names_in(path: Path) -> list[str]:
    """What is looked at; everything must be what it is."""
    visited = visit([path], lambda found: (found.member, found.source.read(0, found.source.size)))
    assert visited.problems == ()
    assert {content for _, content in visited.results} == {IMAGE}
    return [str(member) for member, _ in visited.results]


def test_files_directories_and_archives_are_reached_in_their_order(folder: Path) -> None:
    visited = visit([folder / "release.tar", folder / "bin", folder / "bin/b"], size_of)
    assert visited.results == (
        ("release.tar", "release/bin/c", len(IMAGE)),
        ("a", None, len(IMAGE)),
        ("b", None, len(IMAGE)),
        ("b", None, len(IMAGE)),
    )
    assert visited.problems == ()


def test_archives_in_a_directory_are_looked_into(folder: Path) -> None:
    visited = visit([folder], size_of)
    assert [(name, member) for name, member, _ in visited.results] == [
        ("a", None),
        ("b", None),
        ("release.tar", "release/bin/c"),
    ]


def test_archives_in_archives_are_looked_into(tmp_path: Path) -> None:
    inner = pack_tar_gz({"bin/x": IMAGE, "notes": b"text"}, "inner")
    middle = pack_zip({"inner.tar.gz": inner, "bin/y": IMAGE}, "middle")
    path = tmp_path / "outer.tar.zst"
    path.write_bytes(pack_tar_zst({"middle.whl": middle, "z.gz": gzip.compress(IMAGE)}, "outer"))
    assert names_in(path) == [
        "outer/middle.whl: middle/inner.tar.gz: inner/bin/x",
        "outer/middle.whl: middle/bin/y",
        "outer/z.gz: z",
    ]


def test_links_are_not_followed_and_names_of_one_file_count_once(folder: Path) -> None:
    os.link(folder / "bin/a", folder / "bin/other name")
    (folder / "bin/link").symlink_to("a")
    (folder / "loop").symlink_to(".")
    visited = visit([folder / "bin"], size_of)
    assert [name for name, *_ in visited.results] == ["a", "b"]
    assert [name for name, *_ in visit([folder / "bin/link"], size_of).results] == ["link"]


def test_what_holds_no_code_is_passed_over_in_archives_too(tmp_path: Path) -> None:
    library = fat([("arm64", b"!<arch>\n" + bytes(100))])
    files = {"a.o": OBJECT_FILE, "b.a": library, "c": elf(), "d": IMAGE}
    files["e"] = fat([("arm64", OBJECT_FILE)])
    (tmp_path / "a.zip").write_bytes(pack_zip(files, "p"))
    assert names_in(tmp_path / "a.zip") == ["p/d"]
    (tmp_path / "b.zip").write_bytes(pack_zip({"a.o": OBJECT_FILE}, "p"))
    (problem,) = visit([tmp_path / "b.zip"], size_of).problems
    assert "no Mach-O" in str(problem)


@pytest.mark.parametrize("pages", [1, 8], ids=["in the head", "behind it"])
def test_code_behind_an_object_file_is_found_in_archives_too(tmp_path: Path, pages: int) -> None:
    behind = fat([("arm64", Macho(filetype=OBJECT, text_pages=pages).build()), ("arm64", IMAGE)])
    objects = fat([("arm64", Macho(filetype=OBJECT, text_pages=8).build())] * 2)
    (tmp_path / "a.tar").write_bytes(pack_tar({"objects": objects, "mixed": behind}, "p"))
    visited = visit([tmp_path / "a.tar"], size_of)
    assert visited.results == (("a.tar", "p/mixed", len(behind)),)
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


def test_a_damaged_archive_inside_does_not_stop_the_others(tmp_path: Path) -> None:
    cut = pack_tar({"bin/x": IMAGE, "bin/lost": IMAGE})[: len(IMAGE) + 2000]
    outer = {"cut.tar": cut, "bin/y": IMAGE}
    (tmp_path / "outer.zip").write_bytes(pack_zip(outer, "p"))
    (tmp_path / "cut.tar").write_bytes(cut)
    for path, wanted in (
        (tmp_path / "outer.zip", ["p/cut.tar: bitcoin-31.0/bin/x", "p/bin/y"]),
        (tmp_path, ["bitcoin-31.0/bin/x", "p/cut.tar: bitcoin-31.0/bin/x", "p/bin/y"]),
    ):
        visited = visit([path], size_of)
        assert [member for _, member, _ in visited.results] == wanted
        assert len(visited.problems) == len(wanted) - 1
        assert all("cut.tar" in str(problem) for problem in visited.problems)


def test_an_archive_of_an_unknown_kind_is_told_and_not_a_problem(folder: Path) -> None:
    packed = lzma.compress(b"x")
    (folder / "bin/x.tar.xz").write_bytes(packed)
    (folder / "outer.zip").write_bytes(pack_zip({"y.xz": packed, "bin/y": IMAGE}, "p"))
    around = Recorder()
    assert visit([folder], size_of, around).problems == ()
    assert [each for each in around.seen if each[0] == "unread"] == [
        ("unread", "x.tar.xz", (), XZ),
        ("unread", "outer.zip", ("p/y.xz",), XZ),
    ]
    (problem,) = visit([folder / "bin/x.tar.xz"], size_of).problems
    assert XZ in str(problem)


def test_all_that_is_no_image_is_passed_on(folder: Path) -> None:
    members = {"bin/a": IMAGE, "bin/._a": b"x", "bin/note": b"x", "a.app/note": b"text"}
    link = tarfile.TarInfo("p/link")
    link.type, link.linkname = tarfile.SYMTYPE, "bin/a"
    packed = tar_of(
        *((tar_info(f"p/{name}", len(data)), data) for name, data in members.items()), (link, b"")
    )
    (folder / "outer.zip").write_bytes(pack_zip({"in.tar": packed}, "q"))
    (folder / "release.tar").unlink()
    around = Recorder()
    visit([folder], size_of, around)
    assert around.seen == [
        ("file", "readme", b"text"),
        ("archive", "outer.zip", ("q/in.tar",)),
        ("image", "outer.zip", ("q/in.tar", "p/bin/a"), IMAGE),
        ("head", "outer.zip", ("q/in.tar", "p/bin/._a"), b"x"),
        ("member", "outer.zip", ("q/in.tar", "p/bin/._a"), b"x"),
        ("head", "outer.zip", ("q/in.tar", "p/bin/note"), b"x"),
        ("member", "outer.zip", ("q/in.tar", "p/bin/note"), b"x"),
        ("head", "outer.zip", ("q/in.tar", "p/a.app/note"), b"text"),
        ("member", "outer.zip", ("q/in.tar", "p/a.app/note"), b"text"),
        ("entry", "outer.zip", ("q/in.tar", "p/link"), "bin/a"),
        ("directory", folder.name),
    ]


@pytest.mark.parametrize("pack", [pack_tar, pack_tar_gz, pack_zip])
def test_a_large_member_is_looked_at_as_it_passes_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[dict[str, bytes], str], bytes]
) -> None:
    monkeypatch.setattr("countermark.reach.LARGE", 1)
    large = sign_bytes(Macho(linkedit_size=99_000).build(), "large")
    other = Macho(linkedit_size=99_000).sealed(hash_types=(4,)).build()
    inner = pack({"bin/a": large, "bin/b": other, "c": large}, "p")
    (tmp_path / "outer").write_bytes(pack({"inner": inner}, "q"))
    kinds = []

    def look(found: Found) -> FileVerdict:
        kinds.append(type(found.source).__name__)
        return verify_source(found.source, path="")

    results = visit([tmp_path / "outer"], look).results
    assert list(results) == [verify_image(data, path="") for data in (large, other, large)]
    assert kinds == ["PassedSource", "PassedSource", "PiecesSource", "PiecesSource"]


def test_an_archive_of_odd_images_is_gone_through_twice_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("countermark.reach.LARGE", 1)
    odd = Macho(linkedit_size=99_000).sealed(hash_types=(4,)).build()
    archive = tmp_path / "outer"
    walks = 0

    def walk(path: Path) -> Iterator[object]:
        nonlocal walks
        walks += 1
        return walk_nested(path)

    monkeypatch.setattr("counterproof.trees.nested.walk_nested", walk)
    archive.write_bytes(pack_tar({str(number): odd for number in range(5)}, "q"))
    results = visit([archive], lambda found: verify_source(found.source, path="")).results
    assert list(results) == [verify_image(odd, path="")] * 5
    assert walks == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_a_problem(folder: Path) -> None:
    (folder / "bin/a").chmod(0)
    visited = visit([folder / "bin"], size_of)
    assert len(visited.results) == len(visited.problems) == 1
