"""Signing inside archives through the real command line."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Ended, run_countermark
from countersign.signer import sign_bytes
from macho import Macho
from trees import elf, pack_tar, pack_tar_gz, pack_tar_zst, pack_zip, tar_info, tar_of

UNSIGNED = Macho().build()
CMS = b"\xfa\xde\x0b\x01\0\0\0\x0ccms!"
CERTIFIED = Macho().sealed(flags=0x10000, blobs=((0x10000, CMS),)).build()
FILES = {"bin/node": UNSIGNED, "libexec/tool": UNSIGNED, "bin/linux": elf(), "README": b"text"}
Pack = Callable[[dict[str, bytes], str], bytes]
PACKS = [pack_tar, pack_tar_gz, pack_tar_zst, pack_zip]


def countermark(*arguments: object, cwd: Path) -> Ended:
    return run_countermark(*arguments, cwd=cwd, environment=dict(os.environ))


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def members(archive: Path) -> dict[str, bytes]:
    """Read an archive by other means than ours."""
    data = archive.read_bytes()
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return {name: packed.read(name) for name in packed.namelist()}
    if data[:4] == b"\x28\xb5\x2f\xfd":
        zstandard = pytest.importorskip("zstandard")
        data = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
    with tarfile.open(fileobj=io.BytesIO(data)) as packed_tar:
        found = {}
        for info in packed_tar:
            content = packed_tar.extractfile(info) if info.isreg() else None
            found[info.name] = content.read() if content else b""
        return found


@pytest.mark.parametrize("pack", PACKS)
def test_images_are_signed_and_everything_else_stays(tmp_path: Path, pack: Pack) -> None:
    archive = write(tmp_path / "no-suffix", pack(FILES, "top"))
    archive.chmod(0o640)
    before = members(archive)
    done = countermark("sign", archive, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert f"{archive}: top/bin/node" in done.out
    after = members(archive)
    assert list(after) == list(before)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"top/bin/node", "top/libexec/tool"}
    assert after["top/bin/node"] == sign_bytes(UNSIGNED, "node")
    assert stat.S_IMODE(archive.stat().st_mode) == 0o640
    assert countermark("verify", archive, cwd=tmp_path).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["no-suffix"]


@pytest.mark.parametrize("pack", PACKS)
def test_signing_again_leaves_the_archive_alone(tmp_path: Path, pack: Pack) -> None:
    archive = write(tmp_path / "archive", pack(FILES, "top"))
    assert countermark("sign", archive, cwd=tmp_path).code == 0
    before, content = archive.stat(), archive.read_bytes()
    done = countermark("sign", archive, cwd=tmp_path)
    assert done.code == 0
    assert done.out.count("unchanged ") == 2
    assert (archive.stat().st_ino, archive.read_bytes()) == (before.st_ino, content)


@pytest.mark.parametrize("pack", PACKS)
def test_removing_gives_the_members_back(tmp_path: Path, pack: Pack) -> None:
    archive = write(tmp_path / "archive", pack(FILES, "top"))
    before = members(archive)
    signed, removed = tmp_path / "signed", tmp_path / "removed"
    assert countermark("sign", archive, "-o", signed, cwd=tmp_path).code == 0
    assert members(archive) == before
    assert countermark("unsign", signed, "-o", removed, cwd=tmp_path).code == 0
    assert members(removed) == before


def test_the_result_depends_on_nothing_but_the_archive(tmp_path: Path) -> None:
    results: set[bytes] = set()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        archive = write(tmp_path / folder / "archive", pack_tar_gz(FILES, "top"))
        os.utime(archive, (len(results) + 1, 10**9))
        assert countermark("sign", archive, cwd=tmp_path / folder).code == 0
        results.add(archive.read_bytes())
    assert len(results) == 1


def test_hard_links_in_a_tar_share_the_signature(tmp_path: Path) -> None:
    first = tar_info("bin/a", len(UNSIGNED))
    link = tar_info("bin/b", 0)
    link.type, link.linkname = tarfile.LNKTYPE, "bin/a"
    archive = write(tmp_path / "a.tar", tar_of((first, UNSIGNED), (link, b"")))
    done = countermark("sign", archive, cwd=tmp_path)
    assert (done.code, done.out.count("signed ")) == (0, 1)
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "-xf", str(archive), "-C", str(out)], check=True)
    assert (out / "bin/a").samefile(out / "bin/b")
    assert (out / "bin/b").read_bytes() == sign_bytes(UNSIGNED, "a")


@pytest.mark.parametrize("pack", PACKS)
def test_a_bad_member_leaves_the_whole_archive_and_is_named(tmp_path: Path, pack: Pack) -> None:
    files = {**FILES, "bin/bad": Macho(room=0).build(), "bin/certified": CERTIFIED}
    archive, good = write(tmp_path / "archive", pack(files, "top")), write(tmp_path / "x", UNSIGNED)
    before = archive.read_bytes()
    done = countermark("sign", archive, good, cwd=tmp_path)
    assert done.code == 1
    assert f"{archive}: top/bin/bad: " in done.err
    assert f"{archive}: top/bin/certified: " in done.err
    assert "left as it was" in done.err
    assert archive.read_bytes() == before
    assert good.read_bytes() == sign_bytes(UNSIGNED, "x")
    assert {path.name for path in tmp_path.iterdir()} == {"archive", "x"}


def test_what_is_kept_does_not_hinder(tmp_path: Path) -> None:
    archive = write(tmp_path / "a.tar", pack_tar({**FILES, "bin/certified": CERTIFIED}, "top"))
    assert countermark("sign", archive, "--existing", "keep", cwd=tmp_path).code == 0
    assert members(archive)["top/bin/certified"] == CERTIFIED
    assert members(archive)["top/bin/node"] == sign_bytes(UNSIGNED, "node")


@pytest.mark.parametrize(
    ("content", "code", "word"),
    [
        (pack_tar({"README": b"text"}), 3, "no Mach-O"),
        (pack_tar_gz(FILES)[:700], 3, "damaged"),
        (tar_of((tar_info("../../escape", len(UNSIGNED)), UNSIGNED)), 3, ".."),
        (b"\xfd7zXZ\0" + bytes(600), 3, "xz"),
    ],
    ids=["nothing in it", "cut", "hostile", "unsupported"],
)
def test_an_archive_that_cannot_be_signed_is_named_and_left(
    tmp_path: Path, content: bytes, code: int, word: str
) -> None:
    archive = write(tmp_path / "archive", content)
    done = countermark("sign", archive, cwd=tmp_path)
    assert done.code == code
    assert str(archive) in done.err
    assert word in done.err
    assert archive.read_bytes() == content
    assert countermark("verify", archive, cwd=tmp_path).code == 3


def test_one_identifier_is_not_for_an_archive(tmp_path: Path) -> None:
    archive = write(tmp_path / "archive", pack_tar(FILES))
    assert countermark("sign", archive, "--identifier", "a", cwd=tmp_path).code == 2


def test_members_stand_in_the_document(tmp_path: Path) -> None:
    archive = write(tmp_path / "archive", pack_zip(FILES, "top"))
    done = countermark("sign", archive, "--format", "json", cwd=tmp_path)
    entries = json.loads(done.out)["files"]
    assert {entry["member"] for entry in entries} == {"top/bin/node", "top/libexec/tool"}
    assert all(entry["path"] == str(archive) and entry["signed"] for entry in entries)
