"""A zip is rewritten to the bit, but for the members that are replaced."""

from __future__ import annotations

import io
import shutil
import stat
import struct
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.errors import RewriteError
from counterproof.errors import HostileArchiveError, TreeError, UnsupportedTreeError
from countersign.signer import sign_bytes
from rewriting import MACHO, giving, keep, rewritten, same, sign
from trees import zip_info, zip_of

needs_zip = pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP's zip is missing")
needs_unzip = pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is missing")


class Pipe(io.RawIOBase):
    """A file that cannot seek, so that zipfile writes data descriptors."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += bytes(data)
        return len(data)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def described(*members: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    """Pack members with data descriptors."""
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for info, content in members:
            archive.writestr(info, content)
    return pipe.data


def opened(data: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(data))


letters = st.text("ab-é日", min_size=1, max_size=5)
paths = st.lists(letters, min_size=1, max_size=3).map("/".join)
contents = st.one_of(st.binary(max_size=1500), st.sampled_from([MACHO]))
comments = st.binary(max_size=20).filter(lambda text: b"PK" not in text)  # an end in the end
KINDS = [stat.S_IFREG | 0o755, stat.S_IFREG, stat.S_IFDIR | 0o755, stat.S_IFLNK | 0o777, 0]


class Zip:
    """A zip that is shown by its members' names."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __repr__(self) -> str:
        return str(opened(self.data).infolist())


@st.composite
def zips(draw: st.DrawFn) -> Zip:
    file = draw(st.sampled_from([io.BytesIO, Pipe]))()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = draw(comments)
        for number in range(draw(st.integers(0, 5))):
            mode = draw(st.sampled_from(KINDS))
            folder = stat.S_ISDIR(mode)
            info = zip_info(f"{number}/{draw(paths)}{'/' if folder else ''}", mode)
            info.compress_type = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
            info.date_time = (draw(st.integers(1980, 2107)), 1, 2, 3, 4, 6)
            info.comment = draw(st.binary(max_size=9))
            info.extra = draw(st.sampled_from([b"", b"UT\x05\0\1\0\0\0\0", b"ux\0\0"]))
            info.internal_attr = draw(st.integers(0, 1))
            content = draw(letters).encode() if stat.S_ISLNK(mode) else draw(contents)
            archive.writestr(info, b"" if folder else content)
    return Zip(file.getvalue() if isinstance(file, io.BytesIO) else file.data)


@settings(deadline=None)
@given(zips())
def test_what_python_wrote_comes_back_to_the_bit(made: Zip) -> None:
    with tempfile.TemporaryDirectory() as directory:
        assert rewritten(written(Path(directory, "a.zip"), made.data)) == (made.data, ())


def shown(info: zipfile.ZipInfo) -> tuple[object, ...]:
    """All that replacing a member keeps."""
    return (
        *(info.filename, info.date_time, info.compress_type, info.comment, info.extra),
        *(info.create_system, info.create_version, info.extract_version, info.flag_bits & ~8),
        *(info.internal_attr, info.external_attr, info.volume, info.reserved),
    )


@settings(deadline=None)
@given(zips(), st.binary(max_size=3000))
def test_only_the_content_of_replaced_members_changes(made: Zip, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        out, names = rewritten(written(Path(directory, "a.zip"), made.data), giving(content))
    with opened(made.data) as old, opened(out) as new:
        assert new.testzip() is None
        assert new.comment == old.comment
        for before, after in zip(old.infolist(), new.infolist(), strict=True):
            was = old.read(before)
            assert (before.filename in names) == (was == MACHO)
            assert new.read(after) == (content if was == MACHO else was)
            assert shown(after) == shown(before)
            assert after.flag_bits == before.flag_bits & (~8 if was == MACHO else ~0)


def info_zip(tmp_path: Path, *options: str, text: str = "") -> Path:
    top = tmp_path / "tree"
    (top / "bin").mkdir(parents=True)
    (top / "bin" / "program").write_bytes(MACHO)
    (top / "bin" / "link").symlink_to("program")
    (top / "übung").write_bytes(b"not ASCII " * 50)
    (top / "empty").write_bytes(b"")
    subprocess.run(
        ("zip", "-q", "-r", *options, "a.zip", "tree"),
        cwd=tmp_path,
        input=text,
        text=True,
        check=True,
    )
    return tmp_path / "a.zip"


OPTIONS = [
    ["-X"],
    [],
    ["-y"],
    ["-0"],
    ["-9", "-D"],
    ["-fd"],
    ["-fd", "-X"],
    ["-z"],
    ["-UN=e"],
]


@needs_zip
@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_what_info_zip_wrote_comes_back_to_the_bit(tmp_path: Path, options: list[str]) -> None:
    path = info_zip(tmp_path, *options, text="a comment\n")
    assert rewritten(path) == (path.read_bytes(), ())


@needs_zip
@needs_unzip
@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_info_zip_unpacks_what_was_replaced(tmp_path: Path, options: list[str]) -> None:
    out, names = rewritten(info_zip(tmp_path, *options, text="a comment\n"), sign)
    assert "tree/bin/program" in names
    written(tmp_path / "new.zip", out)
    subprocess.run(("unzip", "-q", "new.zip", "-d", "out"), cwd=tmp_path, check=True)
    signed = sign_bytes(MACHO, "program")
    assert (tmp_path / "out/tree/bin/program").read_bytes() == signed
    assert (tmp_path / "out/tree/übung").read_bytes() == b"not ASCII " * 50


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("make", [zip_of, described])
def test_a_new_content_is_stored_as_the_old_one_was(
    tmp_path: Path, make: Callable[..., bytes], method: int
) -> None:
    info = zip_info("p/x", stat.S_IFREG | 0o755)
    info.compress_type = method
    content = b"".join(zlib.crc32(bytes([n % 7, n // 50])).to_bytes(4, "big") for n in range(9000))
    path = written(tmp_path / "a.zip", make((info, MACHO), (zip_info("p/y"), b"text")))
    out, names = rewritten(path, giving(content))
    assert names == ("p/x",)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(content) + packer.flush()
    expected = content if method == zipfile.ZIP_STORED else packed
    assert out[30 + 3 :].startswith(expected)
    version, flags, kind, _, _, crc, compressed, size = struct.unpack_from("<5H3L", out, 4)
    assert (version, flags, kind) == (20, 0, method)
    assert (crc, compressed, size) == (zlib.crc32(content), len(expected), len(content))
    assert opened(out).read("p/y") == b"text"


@pytest.mark.parametrize("make", [zip_of, described])
def test_the_same_content_in_a_new_file_gives_a_sound_archive(
    tmp_path: Path, make: Callable[..., bytes]
) -> None:
    path = written(tmp_path / "a.zip", make((zip_info("p/x"), MACHO), (zip_info("p/y"), MACHO)))
    out, names = rewritten(path, same)
    assert names == ("p/x", "p/y")
    again, _ = rewritten(written(tmp_path / "b.zip", out))
    assert again == out


def test_members_are_written_in_the_order_of_the_file_and_listed_in_their_own(
    tmp_path: Path,
) -> None:
    data = zip_of((zip_info("p/1"), MACHO), (zip_info("p/2"), MACHO), (zip_info("p/3"), b"3"))
    at = data.index(b"PK\1\2")
    records = [data[at + 49 * n : at + 49 * (n + 1)] for n in range(3)]
    turned = data[:at] + b"".join(reversed(records)) + data[at + 49 * 3 :]
    path = written(tmp_path / "a.zip", turned)
    assert rewritten(path) == (turned, ())
    out, names = rewritten(path, sign)
    assert names == ("p/1", "p/2")
    with opened(out) as archive:
        assert archive.namelist() == ["p/3", "p/2", "p/1"]
        assert archive.testzip() is None


def refused(tmp_path: Path, data: bytes, problem: str) -> None:
    for replace in (keep, sign):
        with pytest.raises(RewriteError, match=problem) as caught:
            rewritten(written(tmp_path / "a.zip", data), replace)
        assert caught.value.hint


SIMPLE = zip_of((zip_info("p/x"), MACHO), (zip_info("p/y"), b"text" * 100))
DESCRIBED = described((zip_info("p/x"), MACHO), (zip_info("p/y"), b"text" * 100))


def put(data: bytes, at: int, layout: str, value: int) -> bytes:
    out = bytearray(data)
    struct.pack_into(layout, out, at, value)
    return bytes(out)


def end_at(data: bytes) -> int:
    return data.rindex(b"PK\5\6")


def inserted(data: bytes, at: int, more: bytes, *, instead: int = 0) -> bytes:
    """Put bytes between two members, instead of so many, and mend all offsets."""
    change = len(more) - instead
    end = end_at(data)
    (start,) = struct.unpack_from("<L", data, end + 16)
    records = bytearray(data[start:end])
    place = 0
    while place < len(records):
        (offset,) = struct.unpack_from("<L", records, place + 42)
        if offset >= at:
            struct.pack_into("<L", records, place + 42, offset + change)
        lengths: Sequence[int] = struct.unpack_from("<3H", records, place + 28)
        place += 46 + sum(lengths)
    tail = put(data[end:], 16, "<L", start + change)
    return data[:at] + more + data[at + instead : start] + bytes(records) + tail


def test_zip64_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w") as archive,
        archive.open("p/x", "w", force_zip64=True) as stream,
    ):
        stream.write(MACHO)
    refused(tmp_path, file.getvalue(), "Zip64")
    end = end_at(SIMPLE)
    (start,) = struct.unpack_from("<L", SIMPLE, end + 16)
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 2, 2, end - start, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    refused(tmp_path, SIMPLE[:end] + record + locator + SIMPLE[end:], "Zip64")


@needs_zip
def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedTreeError, match="it is encrypted"):
        rewritten(info_zip(tmp_path, "-P", "secret"))


@pytest.mark.parametrize(("at", "layout"), [(4, "<H"), (6, "<H"), (8, "<H")])
def test_one_of_several_parts_is_refused(tmp_path: Path, at: int, layout: str) -> None:
    refused(tmp_path, put(SIMPLE, end_at(SIMPLE) + at, layout, 1), "one of several parts")
    record = SIMPLE.index(b"PK\1\2")
    refused(tmp_path, put(SIMPLE, record + 34, "<H", 1), "one of several parts")


def test_another_number_of_members_is_refused(tmp_path: Path) -> None:
    end = end_at(SIMPLE)
    data = put(put(SIMPLE, end + 8, "<H", 3), end + 10, "<H", 3)
    with pytest.raises(HostileArchiveError, match="lists 2 members and says 3"):
        rewritten(written(tmp_path / "a.zip", data), sign)


def test_data_that_belongs_to_no_member_is_refused(tmp_path: Path) -> None:
    second = SIMPLE.rindex(b"PK\3\4")
    refused(tmp_path, b"PK\3\4" + SIMPLE, "data in front of it")
    refused(tmp_path, inserted(SIMPLE, 0, b"PK\3\4"), "data in front of its first member")
    refused(tmp_path, inserted(SIMPLE, second, b"gap"), "member 'p/x': there is data behind it")
    refused(tmp_path, inserted(SIMPLE, SIMPLE.index(b"PK\1\2"), b"."), "'p/y': there is data")
    refused(tmp_path, SIMPLE + b"\n", "data behind its end")
    second = DESCRIBED.rindex(b"PK\3\4")
    refused(tmp_path, inserted(DESCRIBED, second, b"gap"), "'p/x': its data descriptor is wrong")


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    record = SIMPLE.index(b"PK\1\2")
    (size,) = struct.unpack_from("<L", SIMPLE, record + 20)
    data = put(put(SIMPLE, record + 20, "<L", size + 1), 18, "<L", size + 1)
    refused(tmp_path, data, "'p/x': it overlaps")


@pytest.mark.parametrize(
    ("at", "layout", "value"),
    [(6, "<H", 1), (6, "<H", 8), (8, "<H", 0), (14, "<L", 1), (18, "<L", 1), (22, "<L", 1)],
    ids=["encrypted", "descriptor", "method", "crc", "compressed", "size"],
)
def test_headers_that_say_different_things_are_refused(
    tmp_path: Path, at: int, layout: str, value: int
) -> None:
    refused(tmp_path, put(SIMPLE, at, layout, value), "'p/x': its two headers say different")


def test_a_name_that_differs_in_the_local_header_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, put(SIMPLE, 30, "<B", ord("q")), "'p/x': its two headers say different")


def test_a_data_descriptor_may_do_without_its_magic(tmp_path: Path) -> None:
    data = inserted(DESCRIBED, DESCRIBED.index(b"PK\7\x08"), b"", instead=4)
    path = written(tmp_path / "a.zip", data)
    assert rewritten(path) == (data, ())
    with opened(rewritten(path, sign)[0]) as archive:
        assert archive.testzip() is None
        assert archive.read("p/x") == sign_bytes(MACHO, "x")


def test_a_data_descriptor_that_says_something_else_is_refused(tmp_path: Path) -> None:
    at = DESCRIBED.index(b"PK\7\x08")
    for place in range(at, at + 16):
        changed = put(DESCRIBED, place, "<B", DESCRIBED[place] ^ 1)
        refused(tmp_path, changed, "'p/x': its data descriptor is wrong")


def test_the_check_sum_of_what_is_kept_is_compared(tmp_path: Path) -> None:
    data = bytearray(zip_of((zip_info("p/x"), b"text" * 100), (zip_info("p/y"), MACHO)))
    at = data.index(b"PK\1\2")
    for place in (14, at + 16):
        data[place] ^= 1
    with pytest.raises(TreeError, match="damaged"):
        rewritten(written(tmp_path / "a.zip", bytes(data)))
