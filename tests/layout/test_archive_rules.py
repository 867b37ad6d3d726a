"""Rules of packing: the smallest archive that breaks each, and archives that break none."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from counterproof.judging import check
from counterproof.profiles.library import load_profile
from counterproof.rulebook import archives
from countersign.findings import Finding, Severity, Verdict
from trees import (
    LINUX,
    PREFIX,
    WINDOWS,
    elf,
    mode_of,
    pack_tar,
    pack_tar_gz,
    pack_tar_zst,
    pack_zip,
    pe,
    required_files,
    tar_info,
    tar_of,
    zip_info,
    zip_of,
)

PROFILE = load_profile("multiprocess")
GENERIC = load_profile("generic")
GOOD = {"README.md": b"read me\n", **required_files(PROFILE, LINUX, elf())}
NAME = f"{PREFIX}-x86_64-linux-gnu"


def findings(verdict: Verdict) -> list[Finding]:
    return [finding for file in verdict.files for finding in file.findings]


def ids(verdict: Verdict) -> list[str]:
    return [finding.rule for finding in findings(verdict)]


TarMember = tuple[tarfile.TarInfo, bytes]
ZipMember = tuple[zipfile.ZipInfo, bytes]


def tar_members() -> list[TarMember]:
    return [
        (tar_info(f"{PREFIX}/{name}", len(content), mode_of(name)), content)
        for name, content in GOOD.items()
    ]


def zip_members() -> list[ZipMember]:
    return [
        (zip_info(f"{PREFIX}/{name}", 0o100000 | mode_of(name)), content)
        for name, content in GOOD.items()
    ]


def tar_with(change: Callable[[list[TarMember]], object]) -> bytes:
    members = tar_members()
    change(members)
    return tar_of(*members)


def zip_with(change: Callable[[list[ZipMember]], object]) -> bytes:
    members = zip_members()
    change(members)
    return zip_of(*members)


def pax_tar(headers: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, content in tar_members():
            info.pax_headers = headers
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def streamed_zip() -> bytes:
    """Write a zip as into a pipe: sizes follow the contents."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    file = Pipe()
    with zipfile.ZipFile(file, "w") as archive:
        for info, content in zip_members():
            archive.writestr(info, content)
    return file.getvalue()


class Broken(NamedTuple):
    rule: str
    ending: str
    data: Callable[[], bytes]
    message: str


BROKEN = {
    "no directory": Broken(
        "L34",
        ".tar",
        lambda: pack_tar(GOOD, "."),
        f"the members stand in no directory of their own, expected one directory {PREFIX}/",
    ),
    "a directory of another version": Broken(
        "L34",
        ".tar",
        lambda: pack_tar(GOOD, "bitcoin-31.0.0"),
        f"the members stand in bitcoin-31.0.0/, expected one directory {PREFIX}/",
    ),
    "a working directory": Broken(
        "L34", ".zip", lambda: pack_zip(GOOD, "stage"), "the members stand in stage/"
    ),
    "not sorted": Broken(
        "L35",
        ".tar",
        lambda: tar_with(lambda members: members.reverse()),
        f"{PREFIX}/libexec/bitcoin-node follows {PREFIX}/libexec/bitcoin-wallet",
    ),
    "sorted in a locale": Broken(
        "L35",
        ".zip",
        lambda: zip_with(lambda members: members.append(members.pop(0))),
        f"{PREFIX}/README.md follows {PREFIX}/libexec/bitcoin-wallet",
    ),
    "two times": Broken(
        "L36",
        ".tar",
        lambda: tar_with(lambda members: setattr(members[1][0], "mtime", 86400)),
        "2 different times, from 1970-01-01 00:00:00 to 1970-01-02 00:00:00",
    ),
    "two times in a zip": Broken(
        "L36",
        ".zip",
        lambda: zip_with(
            lambda members: setattr(members[1][0], "date_time", (2026, 1, 1, 0, 0, 0))
        ),
        "2 different times, from 1980-01-01 00:00:00 to 2026-01-01 00:00:00",
    ),
    "a time beyond all calendars": Broken(
        "L36",
        ".tar",
        lambda: tar_with(lambda members: setattr(members[1][0], "mtime", 2**60)),
        "to second 1152921504606846976",
    ),
    "owners by name": Broken(
        "L37",
        ".tar",
        lambda: tar_with(lambda members: setattr(members[0][0], "uname", "satoshi")),
        "the archive records owners by name (satoshi 1 times)",
    ),
    "times in pax records": Broken(
        "L37",
        ".tar",
        lambda: pax_tar({"atime": "1.5", "SCHILY.xattr.user.x": "y"}),
        "pax records (SCHILY.xattr.user.x 4 times, atime 4 times)",
    ),
    "the time of compression": Broken(
        "L37",
        ".tar.gz",
        lambda: gzip.compress(pack_tar(GOOD), mtime=86400),
        "the time 1970-01-02 00:00:00 for gzip",
    ),
    "the name before compression": Broken(
        "L37",
        ".tar.gz",
        lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"stage.tar\0" + pack_tar_gz(GOOD)[10:],
        "a file name for gzip",
    ),
    "extra fields": Broken(
        "L38",
        ".zip",
        lambda: zip_with(
            lambda members: setattr(
                members[0][0], "extra", struct.pack("<HHBI", 0x5455, 5, 1, 86400)
            )
        ),
        "the zip records Unix times 1 times",
    ),
    "an unknown field": Broken(
        "L38",
        ".zip",
        lambda: zip_with(lambda members: setattr(members[0][0], "extra", b"\x34\x12\x00\x00")),
        "field 0x1234 1 times",
    ),
    "data descriptors": Broken("L38", ".zip", streamed_zip, "a data descriptor 4 times"),
    "an archive of another version": Broken(
        "L32",
        ".tar",
        lambda: pack_tar({**required_files(PROFILE, LINUX, elf(version="v30.2"))}),
        "its name says 31.0, its programs say v30.2",
    ),
    "a component is too long": Broken(
        "L28",
        ".tar",
        lambda: pack_tar({**GOOD, "share/rpcauth/" + "\u00e9" * 128: b"x"}),
        "the name has 256 bytes, expected 255 at most",
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_one_fault_breaks_one_rule(tmp_path: Path, broken: Broken) -> None:
    path = tmp_path / f"{NAME}{broken.ending}"
    path.write_bytes(broken.data())
    verdict = check(path, PROFILE, LINUX)
    assert ids(verdict) == [broken.rule]
    assert broken.message in findings(verdict)[0].message
    assert verdict.accepted is (findings(verdict)[0].severity is Severity.WARNING)


@pytest.mark.parametrize(
    ("ending", "pack"),
    [(".tar", pack_tar), (".tar.gz", pack_tar_gz), (".tar.zst", pack_tar_zst), (".zip", pack_zip)],
)
@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        (NAME, PREFIX),
        (f"{NAME}-unsigned", PREFIX),
        ("bitcoin-31.0rc1", "bitcoin-31.0rc1"),
        ("bitcoin-58a7869f860f-win64", "bitcoin-58a7869f860f"),
        ("bitcoin-core-31.0-win64", "bitcoin-core-31.0"),
        ("release", "mine-2"),
        ("sha-256-tools", "sha-256-tools"),
    ],
)
def test_archives_that_are_packed_well(
    tmp_path: Path, ending: str, pack: Callable[..., bytes], name: str, prefix: str
) -> None:
    path = tmp_path / f"{name}{ending}"
    path.write_bytes(pack({"README.md": b"x", "lib/a.py": b"x"}, prefix))
    assert ids(check(path, GENERIC, LINUX)) == []


def test_an_archive_of_a_bundle_needs_no_directory(tmp_path: Path) -> None:
    path = tmp_path / "bitcoin-31.0-arm64-apple-darwin.zip"
    path.write_bytes(pack_zip({"Contents/PkgInfo": b"APPL????"}, "Bitcoin-Qt.app"))
    assert ids(check(path, GENERIC, LINUX)) == []


def test_directories_are_sorted_like_files(tmp_path: Path) -> None:
    """``find | sort`` puts a directory before its files, and ``a-b`` between the two."""
    directory = tar_info("p-1/a", mode=0o755)
    directory.type = tarfile.DIRTYPE
    members: Iterable[TarMember] = (
        (directory, b""),
        (tar_info("p-1/a-b", 1), b"x"),
        (tar_info("p-1/a/x", 1), b"x"),
    )
    (tmp_path / "a.tar").write_bytes(tar_of(*members))
    assert ids(check(tmp_path / "a.tar", GENERIC, LINUX)) == []


def test_long_names_and_the_commit_of_git_are_no_traces(tmp_path: Path) -> None:
    file = io.BytesIO()
    with tarfile.open(
        fileobj=file, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "58a7869f860f"}
    ) as archive:
        archive.addfile(tar_info(f"p-1/{'d' * 90}/{'f' * 110}"))
    (tmp_path / "a.tar").write_bytes(file.getvalue())
    assert ids(check(tmp_path / "a.tar", GENERIC, LINUX)) == []


def test_a_directory_may_have_any_times_and_any_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").write_bytes(b"x")
    for number, name in enumerate("ab"):
        (tmp_path / name).chmod(0o644)
        (tmp_path / name).touch()
        import os

        os.utime(tmp_path / name, (number, number))
    assert ids(check(tmp_path, GENERIC, LINUX)) == []


def test_a_zip_for_windows_should_have_modes(tmp_path: Path) -> None:
    members = []
    for name, content in required_files(PROFILE, WINDOWS, pe()).items():
        info = zip_info(f"{PREFIX}/{name}", 0)
        info.create_system = 0
        members.append((info, content))
    path = tmp_path / f"{PREFIX}-win64.zip"
    path.write_bytes(zip_of(*members))
    verdict = check(path, PROFILE, WINDOWS)
    assert ids(verdict) == ["L38"]
    assert "no Unix modes" in findings(verdict)[0].message
    assert verdict.accepted


def test_the_table_is_numbered_and_every_rule_is_broken_here() -> None:
    assert [rule.id for rule in archives.RULES] == [f"L{number}" for number in range(34, 39)]
    elsewhere = {"L28", "L32"}
    assert {one.rule for one in BROKEN.values()} - elsewhere == {rule.id for rule in archives.RULES}
