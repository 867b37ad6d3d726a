"""What cannot be rewritten is said, whatever it is, and nothing is left behind."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import random
import resource
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from countermark.errors import WorkError
from countermark.rewriting import rewrite_archive
from counterproof.errors import (
    HostileArchiveError,
    LayoutError,
    TreeError,
    UnsupportedTreeError,
    WindowError,
)
from counterproof.trees.safety import MAX_MEMBERS
from countersign.errors import SigningError
from macho import Macho
from rewriting import MACHO, keep, rewritten, same, sign
from trees import (
    elf,
    pack_tar,
    pack_tar_gz,
    pack_tar_zst,
    pack_zip,
    tar_info,
    tar_of,
    zip_info,
    zip_of,
)

Pack = Callable[[dict[str, bytes]], bytes]
PACKERS: list[Pack] = [pack_tar, pack_tar_gz, pack_tar_zst, pack_zip]
FILES = {
    "bin/program": MACHO,
    "bin/linux": elf(),
    "README.md": b"read me\n" * 20,
    "lib/empty": b"",
    "lib/other": MACHO,
}


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("pack", PACKERS)
def test_images_are_offered_in_the_order_of_the_archive(tmp_path: Path, pack: Pack) -> None:
    offered: list[tuple[str, bytes]] = []

    def look(name: str, content: BinaryIO) -> None:
        assert content.tell() == 0
        assert os.fstat(content.fileno()).st_nlink == 0
        offered.append((name, content.read()))

    data = pack(FILES)
    _, names = rewritten(written(tmp_path / "a", data), look)
    assert names == ()
    assert offered == [("bitcoin-31.0/bin/program", MACHO), ("bitcoin-31.0/lib/other", MACHO)]


@pytest.mark.parametrize("pack", PACKERS)
def test_the_offered_file_may_be_changed_and_given_back(tmp_path: Path, pack: Pack) -> None:
    def longer(name: str, content: BinaryIO) -> BinaryIO:
        content.seek(0, os.SEEK_END)
        content.write(b"more")
        return content

    out, names = rewritten(written(tmp_path / "a", pack(FILES)), longer)
    assert len(names) == 2
    changed = {**FILES, "bin/program": MACHO + b"more", "lib/other": MACHO + b"more"}
    assert out == rewritten(written(tmp_path / "b", pack(changed)), same)[0]


@pytest.mark.parametrize("pack", PACKERS)
def test_the_same_replacements_give_the_same_bytes(tmp_path: Path, pack: Pack) -> None:
    path = written(tmp_path / "a", pack(FILES))
    assert rewritten(path, sign) == rewritten(path, sign)


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize("error", [SigningError("no"), OSError("no"), KeyboardInterrupt()])
def test_what_the_replacer_raises_passes_through(
    tmp_path: Path, pack: Pack, error: BaseException
) -> None:
    def fail(name: str, content: BinaryIO) -> BinaryIO:
        raise error

    with pytest.raises(type(error)) as caught:
        rewritten(written(tmp_path / "a", pack(FILES)), fail)
    assert caught.value is error


class Shrinking(io.BytesIO):
    """A file that is cut once its size was asked for."""

    def seek(self, position: int, whence: int = 0, /) -> int:
        size = super().seek(position, whence)
        if whence == os.SEEK_END:
            self.truncate(10)
        return size


@pytest.mark.parametrize("pack", PACKERS)
def test_a_new_content_that_is_cut_is_an_error(tmp_path: Path, pack: Pack) -> None:
    with pytest.raises(WorkError, match="cut while it was read"):
        rewritten(written(tmp_path / "a", pack(FILES)), lambda name, content: Shrinking(b"x" * 99))


@pytest.mark.parametrize("pack", PACKERS)
def test_every_truncation_is_an_error(tmp_path: Path, pack: Pack) -> None:
    data, path = pack(FILES), tmp_path / "a"
    end = len(data.rstrip(b"\0")) if pack is pack_tar else len(data)
    step = max(1, end // 300)
    for length in (*range(0, end, step), end - 1):
        with pytest.raises(LayoutError) as caught:
            rewritten(written(path, data[:length]), sign)
        assert caught.value.hint


@pytest.mark.parametrize("pack", PACKERS)
def test_no_changed_byte_raises_anything_unforeseen(tmp_path: Path, pack: Pack) -> None:
    data, path = pack(FILES), tmp_path / "a"
    chosen = random.Random(3)
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(chosen.choice((1, 1, 3))):
            changed[chosen.randrange(len(data))] = chosen.randrange(256)
        with contextlib.suppress(LayoutError, WorkError, SigningError):
            rewritten(written(path, bytes(changed)), sign)


HOSTILE = ["/etc/passwd", "../x", "p/../../x", "p\\x", "p/a\nb"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused(tmp_path: Path, name: str) -> None:
    for data in (tar_of((tar_info(name), b"")), zip_of((zip_info(name), b""))):
        with pytest.raises(HostileArchiveError) as caught:
            rewritten(written(tmp_path / "a", data))
        assert caught.value.member == name


def test_duplicates_and_links_out_are_refused(tmp_path: Path) -> None:
    link = tar_info("p/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    twice = tar_of((tar_info("p/x"), b""), (tar_info("./p/x"), b""))
    for data, problem in (
        (twice, "occurs twice"),
        (gzip.compress(twice), "occurs twice"),
        (tar_of((link, b"")), "links out"),
        (zip_of((zip_info("p/l", 0o120777), b"../../x")), "links out"),
        (zip_of((zip_info("p/x"), b""), (zip_info("./p/x"), b"")), "occurs twice"),
    ):
        with pytest.raises(HostileArchiveError, match=problem):
            rewritten(written(tmp_path / "a", data))


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"text", MACHO, b"BZh9"):
        with pytest.raises(UnsupportedTreeError):
            rewritten(written(tmp_path / "a", data))
    with pytest.raises(TreeError, match="No such file"):
        rewrite_archive(tmp_path / "absent", io.BytesIO(), keep, temporary=tmp_path)
    with pytest.raises(UnsupportedTreeError):
        rewrite_archive(tmp_path, io.BytesIO(), keep, temporary=tmp_path)


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    header = tar_info("p/x").tobuf(tarfile.GNU_FORMAT)
    data = gzip.compress(header * (MAX_MEMBERS + 1) + bytes(1024), 1)
    with pytest.raises(HostileArchiveError, match="more than 50000 members"):
        rewritten(written(tmp_path / "a", data))


def test_a_window_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    data = b"\x28\xb5\x2f\xfd\0\x90" + bytes((1, 0, 0))
    with pytest.raises(WindowError):
        rewritten(written(tmp_path / "a", data))


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("buffering", [0, -1])
@pytest.mark.parametrize("pack", PACKERS)
def test_a_target_without_room_is_a_work_error(tmp_path: Path, pack: Pack, buffering: int) -> None:
    noise = random.Random(4).randbytes(60_000)
    path = written(tmp_path / "a", pack({"noise": noise, "bin/program": MACHO}))
    with (
        (tmp_path / "target").open("wb", buffering=buffering) as target,
        room_for(50_000),
        pytest.raises(WorkError, match="a cannot be rewritten: File too large") as caught,
    ):
        rewrite_archive(path, target, sign, temporary=tmp_path)
    assert "free space" in caught.value.hint


@pytest.mark.parametrize("pack", PACKERS)
def test_no_room_for_temporary_files_is_a_work_error(tmp_path: Path, pack: Pack) -> None:
    image = MACHO + bytes(200_000)
    path = written(tmp_path / "a", pack({"bin/program": image}))
    with room_for(50_000), pytest.raises(WorkError, match="File too large"):
        rewritten(path, sign)
    with pytest.raises(WorkError, match="No such file"):
        rewrite_archive(path, io.BytesIO(), sign, temporary=tmp_path / "absent")


@pytest.mark.parametrize("pack", PACKERS)
def test_memory_does_not_grow_with_the_members(tmp_path: Path, pack: Pack) -> None:
    size = 48 << 20
    path = written(tmp_path / "a", pack({"zeros": bytes(size), "bin/program": MACHO + bytes(size)}))
    with (tmp_path / "target").open("wb") as target:
        tracemalloc.start()
        try:
            names = rewrite_archive(path, target, lambda name, old: old, temporary=tmp_path)
            assert tracemalloc.get_traced_memory()[1] < 12 << 20
        finally:
            tracemalloc.stop()
    assert len(names) == 1


def test_a_universal_file_cut_in_its_table_is_no_image(tmp_path: Path) -> None:
    data = Macho().build()[:20]
    out, names = rewritten(written(tmp_path / "a", pack_tar({"cut": data})), sign)
    assert names == ()
    assert out == pack_tar({"cut": data})
