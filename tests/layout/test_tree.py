from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.errors import TreeError, UnsupportedTreeError
from counterproof.trees import content, tree
from counterproof.trees.entry import Entry, Kind
from counterproof.trees.format import starts_archive
from counterproof.trees.tree import split_prefix, walk
from countersign.errors import ChangedError
from trees import (
    Files,
    pack_tar,
    pack_tar_gz,
    pack_tar_zst,
    pack_zip,
    tar_info,
    tar_of,
    write_stage,
    zip_of,
)

FILES = {"bin/bitcoin": b"\x7fELF", "README.md": b"read me\n", "share/empty": b""}
PACKERS = [pack_tar, pack_tar_gz, pack_tar_zst, pack_zip]


def contents(path: Path) -> dict[str, bytes]:
    return {
        str(member.entry.path): member.content.read(0, member.content.size)
        for member in walk(path)
        if member.entry.kind is Kind.FILE
    }


def entries(path: Path) -> dict[str, Entry]:
    return {str(member.entry.path): member.entry for member in walk(path)}


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_directory_shows_every_file_with_its_content(tmp_path: Path) -> None:
    assert contents(write_stage(tmp_path, FILES)) == FILES


@pytest.mark.parametrize("pack", PACKERS)
def test_an_archive_shows_every_file_with_its_content(
    tmp_path: Path, pack: Callable[[Files], bytes]
) -> None:
    path = written(tmp_path / "archive", pack(FILES))
    assert contents(path) == {f"bitcoin-31.0/{name}": data for name, data in FILES.items()}


@pytest.mark.parametrize("pack", PACKERS)
def test_an_archive_shows_modes_and_sizes(tmp_path: Path, pack: Callable[[Files], bytes]) -> None:
    found = entries(written(tmp_path / "archive", pack(FILES)))
    assert found["bitcoin-31.0/bin/bitcoin"].mode == 0o755
    assert found["bitcoin-31.0/README.md"].mode == 0o644
    assert found["bitcoin-31.0/README.md"].size == 8


def test_large_members_pass_through_a_file_and_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "HELD", 10)
    monkeypatch.setattr(content, "CHUNK", 7)
    files = {"small": b"x" * 10, "large": bytes(range(256)) * 5}
    assert contents(written(tmp_path / "a", pack_tar_gz(files, "p"))) == {
        f"p/{name}": data for name, data in files.items()
    }


def test_a_file_that_is_cut_short_while_it_is_read_kills_nobody(tmp_path: Path) -> None:
    write_stage(tmp_path, {"large": bytes(1 << 20)})
    members = walk(tmp_path)
    member = next(members)
    os.truncate(tmp_path / "large", 4096)
    assert member.content.read(0, 4096) == bytes(4096)
    with pytest.raises(ChangedError):
        member.content.read(0, member.content.size)


def remove(top: Path) -> None:
    (top / "a").unlink()


def replace(top: Path) -> None:
    (top / "a").write_bytes(b"other")
    (top / "a").replace(top / "b")
    (top / "a").write_bytes(b"x")


@pytest.mark.parametrize(
    ("change", "problem"),
    [(remove, "No such file"), (replace, "was changed while it was being read")],
)
def test_a_file_that_vanishes_or_is_replaced_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
    problem: str,
) -> None:
    look = tree._look

    def look_and_change(top: Path, path: PurePosixPath) -> tuple[Entry, os.stat_result]:
        seen = look(top, path)
        change(top)
        return seen

    monkeypatch.setattr(tree, "_look", look_and_change)
    with pytest.raises(TreeError, match=f"'a': .*{problem}"):
        list(walk(write_stage(tmp_path, {"a": b"x"})))


def test_a_directory_of_too_many_entries_is_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_stage(tmp_path, FILES)
    monkeypatch.setattr(tree, "MAX_MEMBERS", 2)
    with pytest.raises(TreeError, match="more than 2 entries"):
        next(walk(tmp_path))


def test_links_are_shown_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("folder")
    found = entries(tmp_path)
    assert found["link"].kind is Kind.SYMLINK
    assert found["link"].link_target == "folder"
    assert "link/file" not in found


def test_a_pipe_is_shown_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert entries(tmp_path)["pipe"].kind is Kind.OTHER


def test_links_and_owners_of_a_tar_are_shown(tmp_path: Path) -> None:
    soft, hard, owned = tar_info("p/soft"), tar_info("p/hard"), tar_info("p/file")
    soft.type, soft.linkname = tarfile.SYMTYPE, "file"
    hard.type, hard.linkname = tarfile.LNKTYPE, "p/file"
    owned.uid, owned.gid, owned.mtime = 1000, 100, 1_700_000_000
    found = entries(written(tmp_path / "a.tar", tar_of((owned, b""), (soft, b""), (hard, b""))))
    assert found["p/soft"].link_target == "file"
    assert found["p/hard"].kind is Kind.HARD_LINK
    assert found["p/file"].owner == (1000, 100)
    assert found["p/file"].mtime == 1_700_000_000


def test_an_archive_without_members_is_an_empty_tree(tmp_path: Path) -> None:
    assert entries(written(tmp_path / "empty.zip", zip_of())) == {}
    assert entries(written(tmp_path / "empty.tar.gz", pack_tar_gz({}))) == {}


def entry(path: str, kind: Kind = Kind.FILE) -> Entry:
    return Entry(path=PurePosixPath(path), kind=kind, mode=0o644)


@pytest.mark.parametrize(
    ("paths", "prefix", "stripped"),
    [
        (["p-1/bin/x", "p-1/README.md"], "p-1", ["bin/x", "README.md"]),
        (["./p-1/bin/x", "p-1/y"], "p-1", ["bin/x", "y"]),
        (["bin/x"], None, ["bin/x"]),
        (["p-1/x", "y"], None, ["p-1/x", "y"]),
        (["p-1"], None, ["p-1"]),
        ([], None, []),
    ],
)
def test_the_one_leading_directory_is_a_prefix(
    paths: list[str], prefix: str | None, stripped: list[str]
) -> None:
    found, placed = split_prefix([entry(path) for path in paths])
    assert found == prefix
    assert [str(item.path) for item in placed] == stripped


def test_the_prefix_itself_becomes_the_top() -> None:
    members = [entry("p-1", Kind.DIRECTORY), entry("p-1/x")]
    assert [str(item.path) for item in split_prefix(members)[1]] == [".", "x"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"BZh9", "bzip2 is not supported yet"),
        (b"\xfd7zXZ\x00", "xz is not supported yet"),
        (b"\x7fELF", "neither a directory nor an archive"),
        (b"", "neither a directory nor an archive"),
    ],
)
def test_another_kind_of_file_is_named(tmp_path: Path, data: bytes, problem: str) -> None:
    with pytest.raises(UnsupportedTreeError, match=problem) as caught:
        list(walk(written(tmp_path / "release.tar.gz", data)))
    assert ".tar.zst" in caught.value.hint


def old_tar(data: bytes) -> bytes:
    """The same as tar wrote it before POSIX: no magic, no names of owners, another sum."""
    blocks = bytearray(data)
    at = 0
    while blocks[at]:
        size = int(blocks[at + 124 : at + 135] or b"0", 8)
        blocks[at + 257 : at + 512] = bytes(255)
        blocks[at + 148 : at + 156] = b" " * 8
        blocks[at + 148 : at + 156] = b"%06o\0 " % sum(blocks[at : at + 512])
        at += 512 + -(-size // 512) * 512
    return bytes(blocks)


def test_a_tar_of_before_posix_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "old.tar", old_tar(pack_tar(FILES)))
    assert path.read_bytes().find(b"ustar") < 0
    assert contents(path) == {f"bitcoin-31.0/{name}": data for name, data in FILES.items()}


@given(st.binary(max_size=600))
def test_no_other_bytes_are_taken_for_an_old_tar(data: bytes) -> None:
    assert not starts_archive(b"#" + data)


@given(st.integers(0, 147) | st.integers(156, 511), st.integers(1, 255))
def test_a_damaged_header_is_not_taken_for_an_old_tar(at: int, change: int) -> None:
    header = bytearray(old_tar(pack_tar(FILES))[:512])
    assert starts_archive(bytes(header))
    header[at] ^= change
    assert not starts_archive(bytes(header))


def test_a_path_that_is_not_there_is_a_tree_error(tmp_path: Path) -> None:
    with pytest.raises(TreeError, match="No such file"):
        list(walk(tmp_path / "absent"))


def test_a_pipe_in_place_of_an_archive_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnsupportedTreeError):
        list(walk(tmp_path / "pipe"))


def test_a_file_name_that_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a\nb").write_bytes(b"")
    with pytest.raises(TreeError, match=r"'a\\nb'.*cannot be shown"):
        list(walk(tmp_path))
