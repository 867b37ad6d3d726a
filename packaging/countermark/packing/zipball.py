"""``.zip``, byte for byte as Info-ZIP's ``zip -X`` writes it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Final

from countermark.errors import WorkError
from countermark.packing.members import Member, normal_mode
from countermark.packing.press import ZLIB, Press

__all__ = ["pack_zip"]

_OLDEST_ZIP_TIME: Final = 315532800
"""1980-01-01, in seconds since 1970: a zip file knows no earlier time."""
_LEVEL: Final = 9
_CHUNK: Final = 1 << 20


def pack_zip(
    members: tuple[Member, ...], target: Path, epoch: int, press: Press
) -> tuple[None, str]:
    """Pack ``members``, in their order, into a zip file.

    Returns no digest of a tar, and what compressed it.
    """
    for member in members:
        if member.link:
            raise WorkError(
                f"{member.name} is a symbolic link, which a zip archive does not keep",
                hint="Install a copy instead.",
            )
    epoch = max(epoch, _OLDEST_ZIP_TIME)
    program = press.find("zip")
    if program is None or not all(map(_plain, members)):
        _write_zip(target, members, epoch)
        return None, ZLIB
    _run_zip(program[0], members, target, epoch, press)
    return None, program[1]


def _plain(member: Member) -> bool:
    """Tell whether ``zip -X`` keeps the name: it does not say which letters it uses, so others
    than ASCII's would be read as different ones, and it takes a name a line."""
    return member.name.isascii() and member.name.isprintable()


def _run_zip(
    program: Path, members: tuple[Member, ...], target: Path, epoch: int, press: Press
) -> None:
    """Let zip pack a copy: it takes times and modes from the files, and those are not ours."""
    with tempfile.TemporaryDirectory(dir=press.temporary) as copy:
        _copy(members, Path(copy), epoch)
        press.run(
            *(str(program), "-X", "-q", "-nw", str(target), "-@"),
            directory=Path(copy),
            text="".join(f"{member.name}\n" for member in members),
        )


def _copy(members: tuple[Member, ...], directory: Path, epoch: int) -> None:
    for member in members:
        place = directory / member.name
        place.parent.mkdir(parents=True, exist_ok=True)
        if member.directory:
            place.mkdir(exist_ok=True)
        else:
            shutil.copyfile(member.path, place)
    for member in reversed(members):  # what is in a directory first, for it changes its time
        place = directory / member.name
        place.chmod(normal_mode(member.status.st_mode))
        os.utime(place, (epoch, epoch))


def _write_zip(path: Path, members: tuple[Member, ...], epoch: int) -> None:
    stamp = time.gmtime(epoch + epoch % 2)[:6]  # a zip counts in steps of two seconds
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            info = _zip_info(member, stamp)
            if member.directory:
                archive.writestr(info, b"")
                continue
            with member.path.open("rb") as content, archive.open(info, "w") as stream:
                shutil.copyfileobj(content, stream, _CHUNK)


def _zip_info(member: Member, stamp: tuple[int, ...]) -> zipfile.ZipInfo:
    mode = stat.S_IFMT(member.status.st_mode) | normal_mode(member.status.st_mode)
    year, month, day, hour, minute, second = stamp
    info = zipfile.ZipInfo(
        member.name + "/" * member.directory, (year, month, day, hour, minute, second)
    )
    info.create_system = 3
    info.external_attr = mode << 16 | 0x10 * member.directory
    info.compress_type = zipfile.ZIP_STORED if member.directory else zipfile.ZIP_DEFLATED
    info._compresslevel = _LEVEL  # type: ignore[attr-defined]  # no other way says it for a stream
    info.file_size = 0 if member.directory else member.status.st_size
    return info
