"""``.zip``, byte for byte as Info-ZIP's ``zip -X`` writes it."""

from __future__ import annotations

import os
import stat
import time
import zipfile
from pathlib import Path
from typing import Final

from countermark.errors import WorkError
from countermark.packing.members import Member, normal_mode
from countermark.packing.press import LIBRARY, Press

__all__ = ["pack_zip"]

_OLDEST_ZIP_TIME: Final = 315532800
"""1980-01-01, in seconds since 1970: a zip file knows no earlier time."""


def pack_zip(
    members: tuple[Member, ...], name: str, epoch: int, press: Press
) -> tuple[Path, None, str]:
    """Pack ``members`` into a ``.zip``, unfinished until it is given its name.

    ``zip`` takes times and modes from the files, so these are set first. Returns the archive's
    path, no digest of a tar, and what compressed it.
    """
    for member in members:
        if member.link:
            raise WorkError(
                f"{member.name} is a symbolic link, which a Windows archive cannot keep",
                hint="Install a copy instead.",
            )
    unfinished = press.temporary / name
    epoch = max(epoch, _OLDEST_ZIP_TIME)
    for member in members:
        os.utime(member.path, (epoch, epoch), follow_symlinks=False)
        member.path.chmod(normal_mode(member.status.st_mode))
    program = press.find("zip")
    if program is None or not all(map(_plain, members)):
        _write_zip(unfinished, members, epoch)
        return unfinished, None, LIBRARY
    names = "".join(f"{member.name}\n" for member in members)
    press.run(
        *(str(program[0]), "-X", "-q", "-nw", str(unfinished), "-@"),
        directory=members[0].path.parent,
        text=names,
    )
    return unfinished, None, program[1]


def _plain(member: Member) -> bool:
    """Tell whether ``zip -X`` keeps the name: it does not say which letters it uses, so others
    than ASCII's would be read as different ones, and it takes a name a line."""
    return member.name.isascii() and member.name.isprintable()


def _write_zip(path: Path, members: tuple[Member, ...], epoch: int) -> None:
    stamp = time.gmtime(epoch + epoch % 2)[:6]  # a zip counts in steps of two seconds
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            mode = member.path.stat().st_mode
            folder = stat.S_ISDIR(mode)
            info = zipfile.ZipInfo(member.name + ("/" if folder else ""), stamp)
            info.create_system = 3
            info.external_attr = mode << 16 | (0x10 if folder else 0)
            info.compress_type = zipfile.ZIP_STORED if folder else zipfile.ZIP_DEFLATED
            content = b"" if folder else member.path.read_bytes()
            archive.writestr(info, content, compresslevel=9)
