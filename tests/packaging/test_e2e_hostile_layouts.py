"""Archives that should not be unpacked, as a user meets them: a line that names the member."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Run
from trees import PREFIX, elf, pack_tar, pack_tar_gz, pack_zip, tar_info, tar_of, zip_info, zip_of

FILES = {"bin/bitcoin": elf()}


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    info = tar_info(name)
    info.type, info.linkname = kind, target
    return tar_of((tar_info(f"{PREFIX}/README.md"), b""), (info, b""))


def with_wrong_sum() -> bytes:
    data = bytearray(pack_tar(FILES))
    data[148] ^= 1
    return bytes(data)


HOSTILE = {
    "absolute": (lambda: member("/etc/passwd"), "'/etc/passwd': its path is absolute"),
    "climbing": (lambda: member("p/../../x"), "its path climbs with '..'"),
    "a link out": (lambda: member("p/x", tarfile.SYMTYPE, "../../etc"), "it links out"),
    "a hard link out": (lambda: member("p/x", tarfile.LNKTYPE, "/etc/passwd"), "absolute"),
    "twice": (lambda: member(f"{PREFIX}/README.md"), "its name occurs twice"),
    "a line break": (lambda: member("p/a\nb"), r"'p/a\nb': its name has characters"),
    "sparse": (lambda: member("p/x", tarfile.GNUTYPE_SPARSE), "it is sparse"),
    "a device": (lambda: member("p/x", tarfile.BLKTYPE), "neither a file"),
    "a wrong sum": (with_wrong_sum, "the archive is damaged"),
    "cut short": (lambda: pack_tar_gz(FILES)[:-20], "the archive is damaged"),
    "more behind it": (lambda: pack_tar_gz(FILES) + b"more", "the archive is damaged"),
    "a drive in a zip": (lambda: zip_of((zip_info("C:/x"), b"")), "its path is absolute"),
    "a zip cut short": (lambda: pack_zip(FILES)[:-30], "the archive is damaged"),
    "xz": (lambda: lzma.compress(pack_tar(FILES)), "decompress it first with xz -dk"),
    "bzip2": (lambda: bz2.compress(pack_tar(FILES)), "decompress it first with bzip2 -dk"),
}


@pytest.mark.parametrize(("data", "problem"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_or_damaged_archive_is_refused_by_name(
    tmp_path: Path, run: Run, data: Callable[[], bytes], problem: str
) -> None:
    (tmp_path / "archive").write_bytes(data())
    said = ("--profile", "generic", "--host", "x86_64-linux-gnu")
    ended = run("layout", "check", "archive", *said, cwd=tmp_path)
    assert ended.code == 3
    assert ended.out == ""
    assert problem in ended.err
    assert "hint: " in ended.err


def test_a_tar_in_several_gzip_members_is_one(tmp_path: Path, run: Run) -> None:
    tar = pack_tar({"README.md": b"read me\n"})
    (tmp_path / "a.tar.gz").write_bytes(
        gzip.compress(tar[:700], mtime=0) + gzip.compress(tar[700:], mtime=0)
    )
    said = ("--profile", "generic", "--host", "x86_64-linux-gnu")
    ended = run("layout", "check", "a.tar.gz", *said, cwd=tmp_path)
    assert ended.code == 0, ended.err
