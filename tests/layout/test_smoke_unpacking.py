"""Archives are unpacked where they belong, whatever they hold."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from counterproof.errors import TreeError
from counterproof.smoke.scratch import scratch
from counterproof.smoke.unpacking import unpack
from trees import pack_zip, tar_info, tar_of


def archive(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tar_info(name)
    info.type, info.linkname = kind, target
    return info


def test_modes_are_kept_but_for_set_id_bits(tmp_path: Path) -> None:
    closed = tar_info("p-1/bin", mode=0o500)
    closed.type = tarfile.DIRTYPE
    content = tar_of(
        (closed, b""),
        (tar_info("p-1/bin/a", 1, 0o4755), b"a"),
        (tar_info("p-1/b", 1, 0o600), b"b"),
    )
    top = tmp_path / "top"
    unpack(archive(tmp_path / "a.tar", content), top)
    modes = [(top / name).stat().st_mode & 0o7777 for name in ("p-1/bin", "p-1/bin/a", "p-1/b")]
    assert modes == [0o700, 0o755, 0o600]


def test_links_are_made_inside(tmp_path: Path) -> None:
    content = tar_of(
        (link("p/bin/sym", "a", tarfile.SYMTYPE), b""),
        (tar_info("p/bin/a", 1), b"a"),
        (link("p/bin/hard", "p/bin/a", tarfile.LNKTYPE), b""),
    )
    unpack(archive(tmp_path / "a.tar", content), tmp_path / "top")
    assert (tmp_path / "top/p/bin/sym").readlink() == Path("a")
    assert (tmp_path / "top/p/bin/hard").stat().st_nlink == 2


def test_a_zip_without_modes_gives_programs(tmp_path: Path) -> None:
    unpack(archive(tmp_path / "a.zip", pack_zip({"bin/a.exe": b"a"}, "p")), tmp_path / "top")
    assert (tmp_path / "top/p/bin/a.exe").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    "members",
    [
        [(tar_info("../out", 1), b"x")],
        [(tar_info("a", 1), b"x"), (tar_info("a", 1), b"y")],
        [(tar_info("a", 1), b"x"), (tar_info("a/b", 1), b"y")],
        [(link("a", "/etc", tarfile.SYMTYPE), b""), (tar_info("a/out", 1), b"x")],
        [(link("a", "../..", tarfile.SYMTYPE), b""), (tar_info("a/out", 1), b"x")],
        [(link("a", "../victim", tarfile.LNKTYPE), b"")],
        [(link("a", "absent", tarfile.LNKTYPE), b"")],
    ],
    ids=["climbs", "twice", "below a file", "absolute link", "link out", "hard out", "hard"],
)
def test_nothing_is_written_elsewhere(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("whole")
    top = tmp_path / "top"
    top.mkdir()
    with pytest.raises(TreeError):
        unpack(archive(tmp_path / "a.tar", tar_of(*members)), top)
    assert victim.read_text() == "whole"
    assert victim.stat().st_nlink == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "top", "victim"]


def test_a_scratch_directory_is_short_private_and_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with scratch() as place:
        assert len(str(place.fresh() / "regtest/node.sock")) < 104
        assert place.top.stat().st_mode & 0o077 == 0
        assert Path(place.environment["HOME"]).is_relative_to(place.top)
        assert "DISPLAY" not in place.environment
    assert not place.top.exists()
