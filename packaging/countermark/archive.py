"""From a stage to an archive whose bytes depend on nothing but the files in it.

The recipe is that of Bitcoin Core's releases: members sorted by the bytes of their names, owner 0,
no names of owners, one time for all, modes from a rule and not from a umask, compressed by
``gzip -9n`` or ``zip -X``. Where these programs are missing, Python's own compressors write the
same members; the record says which one it was, for its bytes differ.
"""

from __future__ import annotations

import os
import stat
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal

from countermark.errors import WorkError
from countermark.files import publish, sha256_of
from countermark.process import Command, Runner
from countermark.tools import find_program, version_of

__all__ = ["Artifact", "pack"]

_GZIP_HEADER: Final = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3))
"""RFC 1952, as ``gzip -9n`` writes it: no name, no time, best compression, Unix."""
_OLDEST_ZIP_TIME: Final = 315532800
"""1980-01-01, in seconds since 1970: a zip file knows no earlier time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A published file."""

    path: Path
    size: int
    sha256: str
    content_sha256: str | None
    """SHA-256 of the tar inside; None for a zip file."""
    compressor: str
    """The program or library, with its version, that wrote the bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    name: str
    path: Path
    status: os.stat_result


def pack(
    root: Path,
    archive: Path,
    *,
    epoch: int,
    temporary: Path,
    environment: Mapping[str, str],
    runner: Runner,
    log: Path,
) -> Artifact:
    """Pack the tree at ``root``, under its own name, into ``archive``: ``.tar.gz`` or ``.zip``.

    ``epoch`` is every member's time, in seconds since 1970. The archive appears under its name
    when it is whole. Raises :class:`WorkError` when it cannot be written.
    """
    press = _Press(temporary=temporary, environment=environment, runner=runner, log=log)
    try:
        members = tuple(_members(root))
        writer = _pack_zip if archive.suffix == ".zip" else _pack_tar
        unfinished, content, compressor = writer(members, archive.name, epoch, press)
        publish(unfinished, archive)
        return Artifact(
            path=archive,
            size=archive.stat().st_size,
            sha256=sha256_of(archive),
            content_sha256=content,
            compressor=compressor,
        )
    except OSError as error:
        raise WorkError(
            f"{archive.name} cannot be written: {error.strerror or error}",
            hint="Check the free space and the permissions, then run it again.",
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Press:
    """Where and with what an archive is compressed."""

    temporary: Path
    environment: Mapping[str, str]
    runner: Runner
    log: Path

    def find(self, name: str) -> tuple[Path, str] | None:
        program = find_program(name, self.environment)
        return (program, f"{name} {version_of(program, self.environment)}") if program else None

    def run(self, *argv: str, what: str, directory: Path | None = None, text: str = "") -> None:
        self.runner.run(
            Command(argv=argv, environment=self.environment, directory=directory, text=text),
            what=what,
            log=self.log,
        )


def _members(root: Path) -> Iterator[_Member]:
    """Yield everything in the tree, itself first, sorted by the bytes of the path."""
    paths = [root]
    for folder, folders, files in os.walk(root):
        paths += (Path(folder, name) for name in (*folders, *files))
    named = ((path.relative_to(root.parent).as_posix(), path) for path in paths)
    for name, path in sorted(named, key=lambda pair: os.fsencode(pair[0])):
        status = path.lstat()
        if stat.S_IFMT(status.st_mode) not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            raise WorkError(f"{name} is neither a file, a directory nor a link")
        yield _Member(name=name, path=path, status=status)


def normal_mode(mode: int) -> int:
    """Return the permission bits that ``tar --mode=u+rw,go+r-w,a+X`` gives."""
    bits = (stat.S_IMODE(mode) | 0o644) & ~0o022
    return bits | 0o111 if stat.S_ISDIR(mode) or bits & 0o111 else bits


def _pack_tar(
    members: tuple[_Member, ...], name: str, epoch: int, press: _Press
) -> tuple[Path, str, str]:
    tar = press.temporary / name.removesuffix(".gz")
    with tar.open("wb") as stream:
        _write_tar(stream, members, epoch)
    content = sha256_of(tar)
    gzip = press.find("gzip")
    if gzip is None:
        compressor = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
        _gzip_by_library(tar)
    else:
        program, compressor = gzip
        press.run(str(program), "-9", "-n", "-f", str(tar), what="compressing")
    return tar.with_name(f"{tar.name}.gz"), content, compressor


def _write_tar(stream: IO[bytes], members: tuple[_Member, ...], epoch: int) -> None:
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


def _tar_info(member: _Member, epoch: int) -> tarfile.TarInfo:
    """Describe a member; a file with two names is packed as two files."""
    info = _Header(member.name)
    info.mtime = epoch
    info.mode = normal_mode(member.status.st_mode)
    if stat.S_ISDIR(member.status.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(member.status.st_mode):
        info.type = tarfile.SYMTYPE
        info.linkname = os.readlink(member.path)  # noqa: PTH115  # Path would take ./ and / off
    else:
        info.size = member.status.st_size
    return info


def _gzip_by_library(tar: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    check, size = 0, 0
    with tar.open("rb") as source, tar.with_name(f"{tar.name}.gz").open("wb") as target:
        target.write(_GZIP_HEADER)
        while chunk := source.read(1 << 20):
            check, size = zlib.crc32(chunk, check), size + len(chunk)
            target.write(packer.compress(chunk))
        target.write(packer.flush())
        target.write(check.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"))
    tar.unlink()


def _pack_zip(
    members: tuple[_Member, ...], name: str, epoch: int, press: _Press
) -> tuple[Path, None, str]:
    unfinished = press.temporary / name
    epoch = max(epoch, _OLDEST_ZIP_TIME)
    for member in members:
        os.utime(member.path, (epoch, epoch), follow_symlinks=False)
        if not stat.S_ISLNK(member.status.st_mode):
            member.path.chmod(normal_mode(member.status.st_mode))
    program = press.find("zip")
    if program is None:
        _write_zip(unfinished, members, epoch)
        return unfinished, None, f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
    for member in members:
        if "\n" in member.name:
            raise WorkError(f"{member.name!r}: zip takes no name of two lines")
    names = "".join(f"{member.name}\n" for member in members)
    press.run(
        *(str(program[0]), "-X", "-q", "-nw", str(unfinished), "-@"),
        what="compressing",
        directory=members[0].path.parent,
        text=names,
    )
    return unfinished, None, program[1]


def _write_zip(path: Path, members: tuple[_Member, ...], epoch: int) -> None:
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
