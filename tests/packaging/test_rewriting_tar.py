"""A tar is rewritten to the bit, but for the members that are replaced."""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.errors import RewriteError
from countermark.packing.archive import pack
from countermark.packing.press import Press
from countermark.process import Runner
from counterproof.errors import HostileArchiveError
from countersign.signer import sign_bytes
from macho import Macho, fat
from rewriting import MACHO, giving, keep, rewritten, same, sign
from trees import elf, tar_info, tar_of

EPOCH = 1_700_000_000
FORMATS: Sequence[Literal[0, 1, 2]] = (
    tarfile.USTAR_FORMAT,
    tarfile.GNU_FORMAT,
    tarfile.PAX_FORMAT,
)
UNIVERSAL = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", MACHO)])

needs_tar = pytest.mark.skipif(shutil.which("tar") is None, reason="the program tar is missing")


def gnu_tar() -> bool:
    done = subprocess.run(("tar", "--version"), capture_output=True, text=True, check=False)
    return "GNU tar" in done.stdout


needs_gnu = pytest.mark.skipif(
    shutil.which("tar") is None or not gnu_tar(), reason="GNU tar is missing"
)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def member(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, target: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tar_info(name, len(content))
    info.type, info.linkname = kind, target
    return info, content


def with_records(data: bytes) -> bytes:
    """The tar ``data`` with the end that GNU tar gives it."""
    used = len(data.rstrip(b"\0"))
    used += -used % 512
    while not used or tar_ends_before(data, used):
        used += 512
    return data[:used].ljust(used + 1024 + -(used + 1024) % 10240, b"\0")


def tar_ends_before(data: bytes, used: int) -> bool:
    """Tell whether the last member's content, which may end in zeros, goes on at ``used``."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        last = archive.getmembers()[-1:]
    return any(each.isreg() and used < each.offset_data + each.size for each in last)


letters = st.text("ab-é日", min_size=1, max_size=5)
paths = st.lists(letters, min_size=1, max_size=3).map("/".join)
long_paths = st.tuples(paths, st.integers(60, 130)).map(lambda pair: f"{pair[0]}/{'n' * pair[1]}")
contents = st.one_of(st.binary(max_size=1500), st.sampled_from([MACHO, UNIVERSAL, elf()]))


@st.composite
def infos(draw: st.DrawFn, form: int) -> tuple[tarfile.TarInfo, bytes]:
    ustar = form == tarfile.USTAR_FORMAT
    name = draw(paths if ustar else st.one_of(paths, long_paths))
    kind = draw(st.sampled_from([tarfile.REGTYPE] * 3 + [tarfile.DIRTYPE, tarfile.SYMTYPE]))
    info, content = member(name, draw(contents) if kind == tarfile.REGTYPE else b"", kind)
    info.linkname = draw(letters) if kind == tarfile.SYMTYPE else ""
    info.mode = draw(st.integers(0, 0o7777))
    info.uid = draw(st.integers(0, 0o7777777 if ustar else 1 << 40))
    info.uname = draw(st.sampled_from(["", "root", "müller"]))
    times = st.integers(0, 1 << 32)
    info.mtime = draw(st.one_of(times, times.map(lambda time: time + 0.5)))
    if form == tarfile.PAX_FORMAT:
        info.pax_headers = draw(st.dictionaries(st.just("comment"), letters))
    return info, content


class Tar:
    """A tar that is shown by its members' headers."""

    def __init__(self, data: bytes, members: Sequence[tarfile.TarInfo]) -> None:
        self.data = data
        self.members = members

    def __repr__(self) -> str:
        return "\n".join(str(info.get_info()) for info in self.members)


@st.composite
def tars(draw: st.DrawFn) -> Tar:
    form = draw(st.sampled_from(FORMATS))
    file = io.BytesIO()
    records = draw(st.dictionaries(st.just("comment"), letters)) if form == 2 else None
    members = draw(st.lists(infos(form), min_size=1, max_size=5))
    with tarfile.open(fileobj=file, mode="w", format=form, pax_headers=records) as archive:
        for number, (info, content) in enumerate(members):
            info.name = f"{number}/{info.name}"
            archive.addfile(info, io.BytesIO(content))
    return Tar(file.getvalue(), [info for info, _ in members])


@settings(deadline=None)
@given(tars())
def test_what_python_wrote_comes_back_to_the_bit(tar: Tar) -> None:
    data = tar.data
    with tempfile.TemporaryDirectory() as directory:
        path = written(Path(directory, "a.tar"), data)
        assert rewritten(path) == (data, ())
        assert rewritten(path, same)[0] == data


@settings(deadline=None, max_examples=30)
@given(tars(), st.integers(0, 3000))
def test_only_the_content_of_replaced_members_changes(tar: Tar, size: int) -> None:
    data = tar.data
    content = bytes(range(1, 251)) * 12
    with tempfile.TemporaryDirectory() as directory:
        out, names = rewritten(written(Path(directory, "a.tar"), data), giving(content[:size]))
    with (
        tarfile.open(fileobj=io.BytesIO(data)) as old,
        tarfile.open(fileobj=io.BytesIO(out)) as new,
    ):
        for before, after in zip(old, new, strict=True):
            expected = dict(before.get_info())
            if before.name in names:
                expected["size"] = size
            assert dict(after.get_info()) | {"chksum": 0} == expected | {"chksum": 0}
            assert after.pax_headers == before.pax_headers
            if before.isreg():
                found, wanted = new.extractfile(after), old.extractfile(before)
                assert found
                assert wanted
                was = wanted.read()
                assert (before.name in names) == (was in (MACHO, UNIVERSAL))
                assert found.read() == (content[:size] if before.name in names else was)
    assert len(out) % 10240 == 0


@needs_gnu
@pytest.mark.parametrize("form", ["ustar", "gnu", "oldgnu", "posix", "v7"])
@pytest.mark.parametrize("options", [[], ["-b1"], ["--numeric-owner", "--owner=0"], ["-b64"]])
def test_what_gnu_tar_wrote_comes_back_to_its_end(
    tmp_path: Path, form: str, options: list[str]
) -> None:
    top = tmp_path / "tree"
    (top / "bin").mkdir(parents=True)
    (top / "bin" / "program").write_bytes(MACHO)
    (top / "bin" / "other").hardlink_to(top / "bin" / "program")
    (top / "bin" / "link").symlink_to("program")
    (top / "übung").write_bytes(b"not ASCII")
    if form not in ("ustar", "v7"):
        folder = top / ("folder" * 20)
        folder.mkdir()
        (folder / ("name" * 30)).write_bytes(b"x" * 700)
        (top / "far").symlink_to("far/" * 40)
    # v7 has no magic, so it is told only by being compressed
    tar = subprocess.run(
        ("tar", "-c", f"--format={form}", *options, "-C", tmp_path, "tree"),
        capture_output=True,
        check=True,
    ).stdout
    path = written(tmp_path / "a.tar.gz", gzip.compress(tar))
    for replace in (keep, same):
        assert gzip.decompress(rewritten(path, replace)[0]) == with_records(tar)


def test_padding_that_is_not_zero_is_kept_behind_what_is_kept(tmp_path: Path) -> None:
    data = bytearray(tar_of(member("p/x", b"x" * 10), member("p/y", b"y" * 20)))
    data[512 + 500] = data[1536 + 500] = 0xAA
    assert rewritten(written(tmp_path / "a.tar", bytes(data)))[0] == data


def with_fields(data: bytes, size: bytes, checksum: str = "%06o\0 ") -> bytes:
    """Write the first header's size as given, and its check sum in the given form."""
    header = bytearray(data[:512])
    header[124:136] = size.ljust(12, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = (checksum % sum(header)).encode()
    return bytes(header) + data[512:]


@pytest.mark.parametrize("checksum", ["%07o\0", "%06o\0 ", "%06o \0", "%6o\0 "])
@pytest.mark.parametrize("size", ["%011o\0", "%011o ", "%12o", "%11o ", "%o", "%010o \0"])
def test_numbers_keep_their_form(tmp_path: Path, size: str, checksum: str) -> None:
    tar = tar_of(member("p/x", MACHO))
    data = with_fields(tar, (size % len(MACHO)).encode(), checksum)
    path = written(tmp_path / "a.tar", data)
    assert rewritten(path, same)[0] == data
    content = MACHO * 9
    expected = with_fields(tar_of(member("p/x", content)), (size % len(content)).encode(), checksum)
    assert rewritten(path, giving(content))[0] == expected


def test_a_size_in_base_256_is_refused_where_it_would_change(tmp_path: Path) -> None:
    size = b"\x80" + len(MACHO).to_bytes(11, "big")
    data = with_fields(tar_of(member("p/x", MACHO)), size)
    path = written(tmp_path / "a.tar", data)
    assert rewritten(path)[0] == data
    with pytest.raises(RewriteError, match="member 'p/x': its size is written in base 256"):
        rewritten(path, sign)


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_size_in_a_pax_record_is_refused_where_it_would_change(
    tmp_path: Path, everywhere: bool
) -> None:
    info, content = member("p/x", MACHO)
    records = {"size": str(len(MACHO))}
    if not everywhere:
        info.pax_headers = records
    file = io.BytesIO()
    with tarfile.open(
        fileobj=file, mode="w", format=2, pax_headers=records if everywhere else None
    ) as archive:
        archive.addfile(info, io.BytesIO(content))
    path = written(tmp_path / "a.tar", file.getvalue())
    assert rewritten(path)[0] == file.getvalue()
    with pytest.raises(RewriteError, match="its size is written in a pax record") as caught:
        rewritten(path, sign)
    assert "Unpack it" in caught.value.hint


def test_a_size_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    class Huge(io.BytesIO):
        def seek(self, position: int, whence: int = 0, /) -> int:
            return super().seek(position, whence) + (whence and 1 << 36)

    path = written(tmp_path / "a.tar", tar_of(member("p/x", MACHO)))
    with pytest.raises(RewriteError, match="its new size of 68719476736 bytes does not fit"):
        rewritten(path, lambda name, content: Huge())


@needs_gnu
def test_hard_links_lead_to_the_replaced_file(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "bitcoin").write_bytes(MACHO)
    (tree / "other").hardlink_to(tree / "bitcoin")
    subprocess.run(("tar", "-cf", "a.tar", "--sort=name", "tree"), cwd=tmp_path, check=True)
    out, names = rewritten(tmp_path / "a.tar", sign)
    assert names == ("tree/bitcoin",)
    (tmp_path / "out").mkdir()
    subprocess.run(("tar", "-x", "-C", tmp_path / "out"), input=out, check=True)
    first, second = tmp_path / "out/tree/bitcoin", tmp_path / "out/tree/other"
    assert first.read_bytes() == second.read_bytes() == sign_bytes(MACHO, "bitcoin")
    assert first.stat().st_ino == second.stat().st_ino


def stage(top: Path, make: Callable[[str], bytes]) -> Path:
    root = top / "bitcoin-1.0"
    for name in ("bin/bitcoin", "libexec/bitcoin-node", f"libexec/{'long' * 30}"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make(path.name))
        path.chmod(0o755)
    (root / "README.md").write_bytes(b"read me\n")
    (root / "link").symlink_to("bin/bitcoin")
    return root


@pytest.mark.parametrize("variables", [{"PATH": os.environ["PATH"]}, {"PATH": ""}])
def test_signing_an_archive_is_packing_what_was_signed(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    def packed(name: str, make: Callable[[str], bytes]) -> Path:
        (tmp_path / name).mkdir()
        artifact = pack(
            stage(tmp_path / name, make),
            tmp_path / name / "a.tar.gz",
            epoch=EPOCH,
            press=Press(
                temporary=tmp_path,
                environment=variables,
                runner=Runner(),
                log=tmp_path / "log.txt",
            ),
            accept=lambda _: None,
        )
        return artifact.path

    unsigned = packed("unsigned", lambda _: MACHO)
    signed = packed("signed", lambda name: sign_bytes(MACHO, name)).read_bytes()
    out, names = rewritten(unsigned, sign)
    assert len(names) == 3
    assert gzip.decompress(out) == gzip.decompress(signed)
    assert out[:10] == signed[:10]
    if not variables["PATH"]:
        assert out == signed


def test_a_gzip_has_neither_name_nor_time_and_is_one(tmp_path: Path) -> None:
    tar = tar_of(member("p/x", MACHO))
    path = tmp_path / "named.tar.gz"
    with gzip.GzipFile(path, "wb", mtime=EPOCH) as file:
        file.write(tar[:700])
    with path.open("ab") as file:
        file.write(gzip.compress(tar[700:], 1))
    out, _ = rewritten(path)
    assert out[:10] == bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3))
    assert gzip.decompress(out) == tar
    assert out == rewritten(written(tmp_path / "other.tar.gz", gzip.compress(tar)))[0]


def test_a_zstd_is_one_frame_with_a_check_sum(tmp_path: Path) -> None:
    tar = tar_of(member("p/x", MACHO), member("p/y", b"text" * 1000))
    frames = zstandard.compress(tar[:700], 1) + zstandard.compress(tar[700:], 3)
    out, _ = rewritten(written(tmp_path / "a.tar.zst", frames))
    parameters = zstandard.get_frame_parameters(out)
    assert parameters.has_checksum
    assert parameters.content_size == zstandard.CONTENTSIZE_UNKNOWN
    assert parameters.window_size <= 8 << 20
    stream = zstandard.ZstdDecompressor().decompressobj()
    assert stream.decompress(out) == tar
    assert stream.eof
    assert not stream.unused_data
    assert out == rewritten(written(tmp_path / "other", zstandard.compress(tar)))[0]


@needs_gnu
@pytest.mark.skipif(shutil.which("zstd") is None, reason="the program zstd is missing")
def test_gnu_tar_unpacks_a_rewritten_zstd(tmp_path: Path) -> None:
    tar = tar_of(member("p/x", MACHO))
    out, _ = rewritten(written(tmp_path / "a.tar.zst", zstandard.compress(tar)), sign)
    subprocess.run(("tar", "--zstd", "-x", "-C", tmp_path), input=out, check=True)
    assert (tmp_path / "p" / "x").read_bytes() == sign_bytes(MACHO, "x")


def test_an_archive_without_members_ends_as_gnu_tar_ends_it(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tar.gz", gzip.compress(bytes(1024)))
    assert gzip.decompress(rewritten(path)[0]) == bytes(10240)


@needs_gnu
@pytest.mark.parametrize("form", ["gnu", "posix"])
def test_a_sparse_member_is_refused(tmp_path: Path, form: str) -> None:
    with (tmp_path / "x").open("wb") as file:
        file.write(MACHO)
        file.seek(10 << 20)
        file.write(b"end")
    subprocess.run(("tar", "-cSf", "a.tar", f"--format={form}", "x"), cwd=tmp_path, check=True)
    with pytest.raises(HostileArchiveError, match="it is sparse"):
        rewritten(tmp_path / "a.tar", sign)


def random_tar() -> bytes:
    chosen = random.Random(1)
    return tar_of(
        member("p", kind=tarfile.DIRTYPE),
        member("p/text", chosen.randbytes(700)),
        member(f"p/{'n' * 120}", MACHO),
        member("p/link", kind=tarfile.SYMTYPE, target="text"),
        member("p/last", chosen.randbytes(10)),
    )


def as_it_is(data: bytes) -> bytes:
    return data


def in_gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


KINDS: dict[str, Callable[[bytes], bytes]] = {
    "tar": as_it_is,
    "tar.gz": in_gzip,
    "tar.zst": zstandard.compress,
}


@pytest.mark.parametrize("kind", KINDS)
def test_contents_stream_through(tmp_path: Path, kind: str) -> None:
    """More than a chunk of each member, and none of a whole number of chunks or blocks."""
    big = random.Random(2).randbytes(1000) * 2500 + b"1"
    image = MACHO + big
    path = written(tmp_path / "a", KINDS[kind](tar_of(member("p/x", big), member("p/y", image))))
    seen: list[BinaryIO] = []

    def twice(name: str, content: BinaryIO) -> BinaryIO:
        assert content.tell() == 0
        assert os.pread(content.fileno(), len(image) + 1, 0) == image
        seen.append(content)
        return io.BytesIO(image * 2)

    out, names = rewritten(path, twice)
    assert names == ("p/y",)
    assert all(content.closed for content in seen)
    (path.parent / "new").write_bytes(out)
    plain = rewritten(path.parent / "new")[0]
    assert plain == out
