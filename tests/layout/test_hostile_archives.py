from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import zstandard

from counterproof.errors import HostileArchiveError, TreeError, UnreadMemberError
from counterproof.trees.entry import Member
from counterproof.trees.format import ArchiveFormat
from counterproof.trees.safety import Budget
from counterproof.trees.tarball import walk_tar
from counterproof.trees.tree import walk
from counterproof.trees.zipball import walk_zip
from trees import tar_info, tar_of, zip_info, zip_of


def refused(tmp_path: Path, data: bytes) -> HostileArchiveError:
    path = tmp_path / "archive"
    path.write_bytes(data)
    with pytest.raises(HostileArchiveError) as caught:
        list(walk(path))
    assert caught.value.hint.startswith("Do not unpack it")
    assert "\n" not in str(caught.value)
    return caught.value


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tar_info(name)
    info.type, info.linkname = kind, target
    return info, b""


NAMES = [
    ("/etc/passwd", "absolute"),
    ("C:/Windows/x", "absolute"),
    ("../x", "climbs"),
    ("p/../../x", "climbs"),
    ("p\\x", "backslash"),
    ("p/a\nb", "cannot be shown"),
    ("p/\x1b[2J", "cannot be shown"),
    ("p/\u202egnp.exe", "cannot be shown"),
    ("p/" + "x" * 5000, "more than 4096"),
    ("p/" * 33 + "x", "more than 32 directories"),
]


@pytest.mark.parametrize(("name", "problem"), NAMES, ids=[problem for _, problem in NAMES])
def test_a_hostile_name_in_a_tar_is_refused_by_name(
    tmp_path: Path, name: str, problem: str
) -> None:
    error = refused(tmp_path, tar_of((tar_info(name), b"")))
    assert problem in str(error)
    assert error.member == name


@pytest.mark.parametrize(("name", "problem"), NAMES, ids=[problem for _, problem in NAMES])
def test_a_hostile_name_in_a_zip_is_refused_by_name(
    tmp_path: Path, name: str, problem: str
) -> None:
    error = refused(tmp_path, zip_of((zip_info(name), b"")))
    assert problem in str(error)
    assert error.member == name


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "C:\\x"])
def test_a_link_out_of_the_archive_is_refused(tmp_path: Path, target: str) -> None:
    in_tar = refused(tmp_path, tar_of(special("p/link", tarfile.SYMTYPE, target)))
    in_zip = refused(tmp_path, zip_of((zip_info("p/link", stat.S_IFLNK | 0o777), target.encode())))
    for error in (in_tar, in_zip):
        assert "links out of the archive" in str(error)
        assert error.member == "p/link"


def test_a_hard_link_out_of_the_archive_is_refused(tmp_path: Path) -> None:
    data = tar_of(special("p/link", tarfile.LNKTYPE, "/etc/passwd"))
    assert "absolute" in str(refused(tmp_path, data))


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z"])
def test_a_device_or_a_pipe_is_refused(tmp_path: Path, kind: bytes) -> None:
    error = refused(tmp_path, tar_of(special("p/device", kind)))
    assert "neither a file nor a directory nor a link" in str(error)
    assert error.member == "p/device"


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR])
def test_a_zip_member_of_another_kind_than_its_name_is_refused(tmp_path: Path, kind: int) -> None:
    error = refused(tmp_path, zip_of((zip_info("p/x", kind | 0o755), b"")))
    assert "neither a file nor a directory nor a link" in str(error)


def test_a_name_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    twice = tar_of((tar_info("p/x"), b""), (tar_info("./p/x"), b""))
    assert "occurs twice" in str(refused(tmp_path, twice))
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zip_of((zip_info("p/x"), b"1"), (zip_info("p/x"), b"2"))
    assert "occurs twice" in str(refused(tmp_path, data))


def test_a_member_below_a_link_or_a_file_is_refused(tmp_path: Path) -> None:
    below_link = tar_of(special("p/bin", tarfile.SYMTYPE, "share"), (tar_info("p/bin/x"), b""))
    below_file = tar_of((tar_info("p/bin/x"), b""), (tar_info("p/bin"), b""))
    assert "below p/bin, which is a symlink" in str(refused(tmp_path, below_link))
    assert "below p/bin, which is a file" in str(refused(tmp_path, below_file))


def test_a_sparse_member_is_refused(tmp_path: Path) -> None:
    info = tar_info("p/x")
    info.type = tarfile.GNUTYPE_SPARSE
    assert "it is sparse" in str(refused(tmp_path, tar_of((info, b""))))


@pytest.mark.parametrize("more", [b"", b"PK trailing"], ids=["at the end", "data behind it"])
def test_a_zip_whose_directory_hides_a_member_is_refused(tmp_path: Path, more: bytes) -> None:
    data = bytearray(zip_of((zip_info("p/a"), b"a"), (zip_info("p/hidden"), b"hidden")))
    comment_size = data.index(b"PK\x01\x02") + 32
    data[comment_size : comment_size + 2] = b"\xff\x00"  # the second entry is its comment
    assert "lists 1 member and says 2" in str(refused(tmp_path, bytes(data) + more))


def test_a_zip_member_without_a_name_is_refused(tmp_path: Path) -> None:
    data = zip_of((zip_info("p/a"), b"a"), (zip_info("x"), b"b"))
    for magic, size_at, name_at in ((b"PK\3\4", 26, 30), (b"PK\1\2", 28, 46)):
        at = data.rindex(magic)
        name = at + name_at
        data = data[: at + size_at] + b"\0\0" + data[at + size_at + 2 : name] + data[name + 1 :]
    end = data.rindex(b"PK\5\6") + 12
    size, offset = struct.unpack_from("<2L", data, end)
    data = data[:end] + struct.pack("<2L", size - 1, offset - 1) + data[end + 8 :]
    assert "it has no name" in str(refused(tmp_path, data))


def test_a_zip_that_counts_its_members_nowhere_is_refused(tmp_path: Path) -> None:
    data = bytearray(zip_of((zip_info("p/a"), b"a")))
    data[-12:-10] = b"\xff\xff"  # as if ZIP64 had the count
    assert "lists 1 member and says 65535" in str(refused(tmp_path, bytes(data)))


def test_a_zip64_counts_its_members_in_its_own_end(tmp_path: Path) -> None:
    plain = zip_of((zip_info("p/a"), b"a"))
    at = plain.rindex(b"PK\x05\x06")
    size, offset = struct.unpack_from("<2L", plain, at + 12)
    for count in (1, 2):
        end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
        locator = struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
        end = b"PK\5\6" + b"\0\0\0\0" + b"\xff" * 12 + b"\0\0"
        path = tmp_path / str(count)
        path.write_bytes(plain[:at] + end64 + locator + end)
        if count == 1:
            assert [str(each.entry.path) for each in walk(path)] == ["p/a"]
        else:
            with pytest.raises(HostileArchiveError, match="lists 1 member and says 2"):
                list(walk(path))


def test_an_encrypted_or_oddly_compressed_zip_is_not_supported(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    info = zip_info("p/x")
    info.compress_type = zipfile.ZIP_BZIP2
    path.write_bytes(zip_of((info, b"x" * 100)))
    with pytest.raises(UnreadMemberError, match="'p/x': it is encrypted, or not compressed"):
        list(walk(path))


def zeros_in_zip(count: int) -> bytes:
    return zip_of((zip_info("p/zeros"), bytes(count)))


def zeros_in_tar(count: int) -> bytes:
    return tar_of((tar_info("p/zeros", count), bytes(count)))


def zeros_in_tar_gz(count: int) -> bytes:
    return gzip.compress(zeros_in_tar(count))


def zeros_in_tar_zst(count: int) -> bytes:
    return zstandard.compress(zeros_in_tar(count))


Walk = Callable[[Path, Budget], Iterator[Member]]
walk_plain = partial(walk_tar, form=ArchiveFormat.TAR)


@pytest.mark.parametrize(
    ("walk_it", "make"),
    [
        (walk_zip, zeros_in_zip),
        (walk_plain, zeros_in_tar),
        (partial(walk_tar, form=ArchiveFormat.TAR_GZ), zeros_in_tar_gz),
        (partial(walk_tar, form=ArchiveFormat.TAR_ZST), zeros_in_tar_zst),
    ],
    ids=["zip", "tar", "tar.gz", "tar.zst"],
)
def test_an_archive_that_expands_beyond_bounds_is_refused(
    tmp_path: Path, walk_it: Walk, make: Callable[[int], bytes]
) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(make(3_000_000))
    with pytest.raises(HostileArchiveError, match="expands to more"):
        list(walk_it(path, Budget(str(path), bytes=2_000_000)))
    assert len(list(walk_it(path, Budget(str(path), bytes=4_000_000)))) == 1


def test_zeros_behind_the_end_of_a_tar_count_too(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(tar_of((tar_info("p/x"), b"")) + bytes(3_000_000))
    with pytest.raises(HostileArchiveError, match="expands to more"):
        list(walk_plain(path, Budget(str(path), bytes=2_000_000)))


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "many"
    path.write_bytes(tar_of(*((tar_info(f"p/{number}"), b"") for number in range(11))))
    with pytest.raises(HostileArchiveError, match="more than 10 members"):
        list(walk_plain(path, Budget(str(path), members=10)))


def test_directories_that_are_only_implied_are_counted_too(tmp_path: Path) -> None:
    deep = "/".join("d" * 30)
    members = ((tar_info(f"p/{number}/{deep}/x"), b"") for number in range(1700))
    assert "more than 50000 directories" in str(refused(tmp_path, tar_of(*members)))


def test_a_zip_may_not_say_it_is_smaller_than_it_is(tmp_path: Path) -> None:
    data = bytearray(zeros_in_zip(100_000))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    (tmp_path / "liar.zip").write_bytes(data)
    with pytest.raises(TreeError, match="damaged"):
        list(walk(tmp_path / "liar.zip"))


@pytest.mark.parametrize("size", [2**40, 2**62, -512, -1])
def test_a_size_in_a_tar_header_is_never_believed(tmp_path: Path, size: int) -> None:
    header = bytearray(tar_info("p/x").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = size.to_bytes(12, "big", signed=True)
    header[124] |= 0x80
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
    (tmp_path / "a.tar").write_bytes(bytes(header) + bytes(2048))
    with pytest.raises(TreeError):
        list(walk(tmp_path / "a.tar"))


def test_a_huge_pax_header_is_not_read(tmp_path: Path) -> None:
    info = tar_info("p/x", size=1 << 30)
    info.type = tarfile.XHDTYPE
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
    with pytest.raises(TreeError, match="a header of 1073741824 bytes"):
        list(walk(tmp_path / "a.tar"))


def test_a_long_chain_of_long_names_is_damage_and_no_recursion_error(tmp_path: Path) -> None:
    link = tar_info("././@LongLink", size=10)
    link.type = tarfile.GNUTYPE_LONGNAME
    chain = io.BytesIO()
    for _ in range(3000):
        chain.write(link.tobuf(tarfile.GNU_FORMAT) + b"p/longname".ljust(512, b"\0"))
    (tmp_path / "a.tar").write_bytes(chain.getvalue() + bytes(1024))
    with pytest.raises(TreeError, match="damaged"):
        list(walk(tmp_path / "a.tar"))


def test_an_infinite_time_in_a_pax_header_is_no_overflow(tmp_path: Path) -> None:
    info = tar_info("p/x")
    info.pax_headers = {"mtime": "inf"}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    (tmp_path / "a.tar").write_bytes(file.getvalue())
    with pytest.raises(TreeError, match="damaged"):
        list(walk(tmp_path / "a.tar"))
