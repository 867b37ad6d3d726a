"""Archives in archives: every file is reached once, to a bounded depth and size."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterproof.errors import HostileArchiveError, TreeError, UnsupportedTreeError
from counterproof.trees import nested, safety
from counterproof.trees.content import Shelf
from counterproof.trees.gzipped import plain_pieces
from counterproof.trees.nested import MAX_NESTING, ArchivedFile, Opened, Passed, Unread, walk_nested
from trees import pack_tar, pack_tar_gz, pack_tar_zst, pack_zip, tar_info, tar_of, zip_info, zip_of

PACKERS = {"zip": pack_zip, "tar": pack_tar, "tar.gz": pack_tar_gz, "tar.zst": pack_tar_zst}
Pack = Callable[[dict[str, bytes], str], bytes]
BIG = bytes(range(256)) * 3000


def walked(path: Path) -> Iterator[ArchivedFile | Passed | Unread]:
    """Give all but archives that are looked into."""
    for each in walk_nested(path):
        if not isinstance(each, Opened):
            yield each


def squeezed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def files(path: Path) -> dict[str, bytes]:
    """What is reached, by name."""
    found = {}
    for each in walked(path):
        assert isinstance(each, ArchivedFile), each
        name = ": ".join(each.names)
        assert name not in found
        with each.content() as source:
            found[name] = source.read(0, source.size)
        assert each.head == found[name][: nested.HEAD]
    return found


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("outer", PACKERS)
@pytest.mark.parametrize("inner", PACKERS)
def test_files_of_archives_in_archives_are_reached(tmp_path: Path, outer: str, inner: str) -> None:
    packed = PACKERS[inner]({"bin/x": BIG, "empty": b""}, "b")
    members = {"first": b"1", "inner": packed, "last": b"2"}
    path = written(tmp_path / "outer", PACKERS[outer](members, "a"))
    assert files(path) == {
        "a/first": b"1",
        "a/inner: b/bin/x": BIG,
        "a/inner: b/empty": b"",
        "a/last": b"2",
    }


@pytest.mark.parametrize(("name", "compress"), [("x.gz", squeezed), ("x.zst", zstandard.compress)])
def test_a_compressed_file_is_the_one_file_in_it(
    tmp_path: Path, name: str, compress: Callable[[bytes], bytes]
) -> None:
    data = compress(BIG)
    assert files(written(tmp_path / name, data)) == {"x": BIG}
    assert files(written(tmp_path / "odd", data)) == {"odd": BIG}
    assert files(written(tmp_path / "a.zip", pack_zip({f"bin/{name}": data}, "p"))) == {
        f"p/bin/{name}: x": BIG
    }
    twice = compress(compress(pack_tar({"bin/x": BIG}, "p")))
    assert files(written(tmp_path / f"a.tar{name[1:]}", twice)) == {"a.tar: p/bin/x": BIG}


def test_directories_and_links_are_passed(tmp_path: Path) -> None:
    link, folder, hard = (tarfile.TarInfo(name) for name in ("p/link", "p", "p/other"))
    link.type, link.linkname = tarfile.SYMTYPE, "x"
    folder.type = tarfile.DIRTYPE
    hard.type, hard.linkname = tarfile.LNKTYPE, "p/x"
    inner = tar_of((folder, b""), (tar_info("p/x", 1), b"1"), (link, b""), (hard, b""))
    path = written(tmp_path / "a.zip", pack_zip({"in.tar": inner}, "q"))
    passed = [each for each in walked(path) if isinstance(each, Passed)]
    assert [(each.names, each.entry.kind.value) for each in passed] == [
        (("q/in.tar", "p"), "directory"),
        (("q/in.tar", "p/link"), "symlink"),
        (("q/in.tar", "p/other"), "hard link"),
    ]


def test_a_tar_without_a_magic_is_told_by_its_check_sum(tmp_path: Path) -> None:
    info = tarfile.TarInfo("bin/x")
    info.size = len(BIG)
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[257:265] = bytes(8)
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
    old = bytes(header) + BIG + bytes(-len(BIG) % 512) + bytes(1024)
    assert files(written(tmp_path / "old.tar.gz", squeezed(old))) == {"bin/x": BIG}


def test_members_that_nobody_reads_are_skipped(tmp_path: Path) -> None:
    members = {"a": BIG, "inner.zip": pack_zip({"b": BIG}), "c": BIG}
    for pack in PACKERS.values():
        path = written(tmp_path / "outer", pack(members, "p"))
        names = [each.names[-1] for each in walked(path)]
        assert names == ["p/a", "bitcoin-31.0/b", "p/c"]


def test_what_is_large_passes_through_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterproof.trees.content.HELD", 1000)
    assert files(written(tmp_path / "a.tar", pack_tar({"x": BIG}, "p"))) == {"p/x": BIG}
    with Shelf().hold([b"ab", b"c" * 1000, b"d"]) as source:
        assert source.read(1, 1002) == b"b" + b"c" * 1000 + b"d"


@given(st.lists(st.lists(st.binary(max_size=9), max_size=9), max_size=4))
def test_what_is_held_is_what_came(contents: list[list[bytes]]) -> None:
    """Whatever was in that memory before."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("counterproof.trees.content.CHUNK", 7)
        shelf = Shelf()
        for pieces in contents:
            with shelf.hold(pieces) as source:
                assert source.read(0, source.size) == b"".join(pieces)
                seen = source.view(0, source.size)
            assert bytes(seen) == b"".join(pieces)


def in_each_other(depth: int, pack: Pack) -> bytes:
    data = b"image"
    for _ in range(depth):
        data = pack({"x": data}, "p")
    return data


@pytest.mark.parametrize("pack", PACKERS.values())
def test_the_depth_is_bounded(tmp_path: Path, pack: Pack) -> None:
    deepest = written(tmp_path / "a", in_each_other(MAX_NESTING, pack))
    assert files(deepest) == {": ".join(["p/x"] * MAX_NESTING): b"image"}
    (unread,) = walked(written(tmp_path / "b", in_each_other(MAX_NESTING + 1, pack)))
    assert isinstance(unread, Unread)
    assert unread.names == ("p/x",) * MAX_NESTING
    assert isinstance(unread.error, HostileArchiveError)
    assert f"more than {MAX_NESTING} archives" in str(unread.error)


def test_all_that_archives_expand_to_is_bounded_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zeros = pack_zip({"zeros": bytes(1_000_000)})
    members = {f"{number}.zip": zeros for number in range(4)}
    path = written(tmp_path / "bomb.tar.gz", pack_tar_gz(members, "p"))
    assert len(files(path)) == 4
    real = safety.Budget

    def budget(source: str) -> safety.Budget:
        return real(source, bytes=3_500_000)

    monkeypatch.setattr(nested, "Budget", budget)
    with pytest.raises(HostileArchiveError, match=r"bomb\.tar\.gz: expands to more"):
        files(path)


@pytest.mark.parametrize("pack", PACKERS.values())
def test_all_members_are_counted_together(
    tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = pack({str(number): b"" for number in range(10)}, "q")
    path = written(tmp_path / "many", pack({"a": inner, "b": inner}, "p"))
    assert len(files(path)) == 20
    real = safety.Budget
    monkeypatch.setattr(nested, "Budget", lambda source: real(source, members=21))
    with pytest.raises(HostileArchiveError, match="members"):
        files(path)


GOOD = pack_zip({"x": BIG}, "good")
DAMAGED = bytearray(GOOD)
DAMAGED[60] ^= 0xFF


@pytest.mark.parametrize(
    ("name", "bad", "kind"),
    [
        ("cut.tar", pack_tar({"x": BIG})[:5000], TreeError),
        ("cut.tar.gz", pack_tar_gz({"x": BIG})[:900], TreeError),
        ("cut.tar.zst", pack_tar_zst({"x": BIG})[:300], TreeError),
        ("cut.zip", GOOD[:-30], TreeError),
        ("cut.gz", squeezed(BIG)[:-9], TreeError),
        ("hostile.tar", tar_of((tar_info("../x", 1), b"x")), HostileArchiveError),
        ("twice.tar", tar_of((tar_info("x"), b""), (tar_info("x"), b"")), HostileArchiveError),
        ("x.tar.xz", lzma.compress(b"x"), UnsupportedTreeError),
        ("x.tar.bz2", bz2.compress(b"x"), UnsupportedTreeError),
    ],
)
@pytest.mark.parametrize("pack", [pack_tar, pack_tar_gz, pack_zip])
def test_an_inner_archive_that_cannot_be_read_does_not_hide_the_rest(
    tmp_path: Path, pack: Pack, name: str, bad: bytes, kind: type[TreeError]
) -> None:
    path = written(tmp_path / "outer", pack({"a": b"1", name: bad, "z": b"2"}, "p"))
    reached, unread = [], []
    for each in walked(path):
        assert not isinstance(each, Passed)
        if isinstance(each, Unread):
            unread.append(each)
            continue
        try:
            with each.content() as source:
                reached.append((each.names, source.size))
        except TreeError as error:
            unread.append(Unread(each.names, error))
            break
    assert (("p/a",), 1) in reached
    assert unread[0].names[0] == f"p/{name}"
    assert isinstance(unread[0].error, kind)
    assert f"outer: p/{name}" in str(unread[0].error)


@pytest.mark.parametrize("pack", [pack_tar_gz, pack_tar_zst])
def test_an_outer_archive_that_cannot_be_read_ends_the_walk(tmp_path: Path, pack: Pack) -> None:
    whole = pack({"inner.tar": pack_tar({"x": BIG, "y": BIG})}, "p")
    path = written(tmp_path / "outer", whole[: len(whole) // 2])
    with pytest.raises(TreeError) as caught:
        files(path)
    assert caught.value.path == str(path)


def test_a_file_that_is_no_archive_has_no_files(tmp_path: Path) -> None:
    assert files(written(tmp_path / "text", b"text")) == {}
    assert files(written(tmp_path / "empty", b"")) == {}
    with pytest.raises(UnsupportedTreeError):
        files(written(tmp_path / "a.tar.xz", lzma.compress(b"x")))
    with pytest.raises(TreeError):
        files(tmp_path / "absent")


WHOLE = pack_tar_gz(
    {"a.zip": pack_zip({"b.tar": pack_tar({"c": b"x" * 700}), "d.gz": squeezed(b"d")})}
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.booleans())
def test_no_damage_makes_it_raise_anything_else(
    tmp_path: Path, at: int, value: int, cut: bool
) -> None:
    plain = bytearray(gzip.decompress(WHOLE))
    at = at * len(plain) // len(WHOLE)
    plain[at] = value
    data = bytes(plain[:at] if cut else plain)
    for damaged in (data, squeezed(data)):
        path = written(tmp_path / "damaged", damaged)
        try:
            for each in walked(path):
                if isinstance(each, ArchivedFile):
                    with each.content() as source:
                        source.read(0, source.size)
        except TreeError:
            pass


def test_a_zip_that_holds_itself_ends(tmp_path: Path) -> None:
    """As a quine would: every level is the whole file again."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(zip_info("r.zip"), in_each_other(9, pack_zip))
    (unread,) = walked(written(tmp_path / "r.zip", inner.getvalue()))
    assert isinstance(unread, Unread)
    assert len(unread.names) == MAX_NESTING
    assert zip_of()


@pytest.mark.parametrize("pack", [pack_tar, pack_tar_gz, pack_zip])
@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("a.zip", pack_zip({"x": BIG}, "b")),
        ("a.tar.gz", pack_tar_gz({"x": BIG}, "b") + b"\0" * 5000),
        ("a.tar.gz", pack_tar_gz({"x": BIG}, "b")[:-5000]),
        ("a.zip", b"PK\x03\x04" + BIG),
        ("a.xz", lzma.compress(BIG)),
        ("a.gz", squeezed(b"")),
    ],
    ids=range(6),
)
def test_all_bytes_of_an_inner_archive_can_be_watched(
    tmp_path: Path, pack: Pack, name: str, inner: bytes
) -> None:
    path = written(tmp_path / "outer", pack({name: inner, "last": b"2"}, "a"))
    seen = bytearray()
    files = []
    for each in walk_nested(path):
        if isinstance(each, Opened) and each.names == (f"a/{name}",):
            each.stream.watch(seen.extend)
        elif isinstance(each, ArchivedFile):
            files.append(each.names[-1])
    assert bytes(seen) == inner
    assert files[-1] == "a/last"


@given(
    st.lists(st.binary(max_size=3000), min_size=1, max_size=3),
    st.integers(1, 400),
    st.integers(0, 9),
)
def test_gzip_is_read_as_the_standard_library_reads_it(
    contents: list[bytes], size: int, zeros: int
) -> None:
    data = b"".join(map(squeezed, contents)) + bytes(zeros)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert b"".join(plain_pieces(pieces)) == gzip.decompress(data) == b"".join(contents)


def test_a_piece_of_what_gzip_gives_is_bounded() -> None:
    data = squeezed(bytes(10_000_000))
    pieces = list(plain_pieces([data]))
    assert sum(map(len, pieces)) == 10_000_000
    assert max(map(len, pieces)) <= 1 << 18


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EOFError),
        (squeezed(BIG)[:-1], EOFError),
        (squeezed(BIG)[:30], EOFError),
        (squeezed(BIG)[:-5] + b"\1" + squeezed(BIG)[-4:], zlib.error),
        (squeezed(b"x") + b"more", zlib.error),
        (b"\x1f\x8b\x08\xff" + bytes(20), zlib.error),
    ],
    ids=["empty", "one byte", "nearly all", "wrong sum", "more behind", "wrong flags"],
)
def test_damaged_gzip_is_told(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        list(plain_pieces([data]))
