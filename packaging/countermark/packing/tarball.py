"""``.tar.gz``, byte for byte as GNU tar and ``gzip -9n`` write it, and ``.tar.zst``."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Literal

from countermark.packing.compression import GzipPacker, Packer, Write, ZstdPacker
from countermark.packing.members import Member, normal_mode
from countermark.packing.press import ZLIB, Press, zstd_library

__all__ = ["pack_tar", "tar_digest"]

_CHUNK: Final = 1 << 20


def pack_tar(
    members: tuple[Member, ...], target: Path, epoch: int, press: Press
) -> tuple[str, str]:
    """Pack ``members``, in their order, into a compressed tar.

    Returns the SHA-256 of the tar inside, and what compressed it.
    """
    with target.open("wb") as stream, _compressing(stream, target.suffix, press) as opened:
        write, compressor = opened
        tar = _Hashed(write)
        _write_tar(tar, members, epoch)
    return tar.digest.hexdigest(), compressor


def tar_digest(members: tuple[Member, ...], epoch: int) -> str:
    """Return the SHA-256 of the tar that ``members``, in their order, would be packed into."""
    tar = _Hashed(len)
    _write_tar(tar, members, epoch)
    return tar.digest.hexdigest()


class _Hashed:
    """A stream that hashes what passes through it, so that a tar need not be on the disk."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._position = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self._write(data)
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position


@contextmanager
def _compressing(stream: IO[bytes], suffix: str, press: Press) -> Iterator[tuple[Write, str]]:
    """Give what takes the plain bytes, and what to call it in the manifest."""
    gzip = press.find("gzip") if suffix == ".gz" else None
    if gzip is not None:
        program, compressor = gzip
        with press.filter(stream, str(program), "-9", "-n") as pipe:
            yield pipe.write, compressor
        return
    packer: Packer = GzipPacker(stream.write) if suffix == ".gz" else ZstdPacker(stream.write)
    yield packer.write, ZLIB if suffix == ".gz" else zstd_library()
    packer.finish()


def _write_tar(stream: _Hashed, members: tuple[Member, ...], epoch: int) -> None:
    with tarfile.TarFile(
        fileobj=stream,  # type: ignore[arg-type]  # all that it needs for writing
        mode="w",
        format=tarfile.GNU_FORMAT,
        copybufsize=_CHUNK,
    ) as tar:
        for member in members:
            info = _tar_info(member, epoch)
            if info.isreg():
                with member.path.open("rb") as content:
                    tar.addfile(info, content)
            else:
                tar.addfile(info)
            tar.members.clear()  # type: ignore[attr-defined]  # or it would keep every one


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
