"""``.tar.gz``, byte for byte as GNU tar and ``gzip -9n`` write it."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import IO, Literal

from countermark.files import sha256_of
from countermark.packing.compression import GzipPacker
from countermark.packing.members import Member, normal_mode
from countermark.packing.press import LIBRARY, Press

__all__ = ["pack_tar"]


def pack_tar(
    members: tuple[Member, ...], name: str, epoch: int, press: Press
) -> tuple[Path, str, str]:
    """Pack ``members`` into a ``.tar.gz``, unfinished until it is given its name.

    Returns its path, the SHA-256 of the tar inside, and what compressed it.
    """
    tar = press.temporary / name.removesuffix(".gz")
    with tar.open("wb") as stream:
        _write_tar(stream, members, epoch)
    content = sha256_of(tar)
    gzip = press.find("gzip")
    if gzip is None:
        compressor = LIBRARY
        _gzip_by_library(tar)
    else:
        program, compressor = gzip
        press.run(str(program), "-9", "-n", "-f", str(tar))
    return tar.with_name(f"{tar.name}.gz"), content, compressor


def _write_tar(stream: IO[bytes], members: tuple[Member, ...], epoch: int) -> None:
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for member in members:
            info = _tar_info(member, epoch)
            if info.isreg():
                with member.path.open("rb") as content:
                    tar.addfile(info, content)
            else:
                tar.addfile(info)


class _Header(tarfile.TarInfo):
    """A header as GNU tar writes it: Python gives those in front of a long name the mode 0."""

    def tobuf(
        self,
        format: Literal[0, 1, 2] | None = tarfile.GNU_FORMAT,
        encoding: str | None = "utf-8",
        errors: str = "surrogateescape",
    ) -> bytes:
        """Return the header, with those in front of it that hold a long name or target."""
        blocks = bytearray(super().tobuf(format, encoding, errors))
        at = 0
        while blocks[at : at + 13] == b"././@LongLink":
            size = int(blocks[at + 124 : at + 135], 8)
            blocks[at + 100 : at + 107] = b"0000644"
            blocks[at + 148 : at + 156] = b" " * 8
            blocks[at + 148 : at + 155] = b"%06o\0" % sum(blocks[at : at + 512])
            at += 512 + -(-size // 512) * 512
        return bytes(blocks)


def _tar_info(member: Member, epoch: int) -> tarfile.TarInfo:
    """Describe a member; a file with two names is packed as two files."""
    info = _Header(member.name)
    info.mtime = epoch
    info.mode = normal_mode(member.status.st_mode)
    if member.directory:
        info.type = tarfile.DIRTYPE
    elif member.link:
        info.type = tarfile.SYMTYPE
        info.linkname = os.readlink(member.path)  # noqa: PTH115  # Path would take ./ and / off
    else:
        info.size = member.status.st_size
    return info


def _gzip_by_library(tar: Path) -> None:
    with tar.open("rb") as source, tar.with_name(f"{tar.name}.gz").open("wb") as target:
        packer = GzipPacker(target.write)
        while chunk := source.read(1 << 20):
            packer.write(chunk)
        packer.finish()
    tar.unlink()
