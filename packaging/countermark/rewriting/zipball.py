"""Rewriting a zip: what stays is copied as it is stored, and only offsets change around it."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import BinaryIO, Final
from zipfile import ZIP_STORED

from countermark.errors import RewriteError
from countermark.rewriting.directory import DAMAGE, ZIP64, Extent, locate, read_directory
from countermark.rewriting.records import LIMIT, LocalHeader, Sums
from countermark.rewriting.replacement import Content, Replacer
from countermark.rewriting.target import Target
from counterproof.trees.content import split
from counterproof.trees.entry import Kind
from counterproof.trees.safety import Budget, telling_damage
from counterproof.trees.zipball import ZipMember, open_zip, read_zip

__all__ = ["rewrite_zip"]

_LEVEL: Final = 9


def rewrite_zip(source: Path, target: Target, replacer: Replacer) -> tuple[str, ...]:
    """Copy a zip, its members in the order of the file, and give the names of the replaced ones."""
    with telling_damage(str(source), DAMAGE):
        file = source.open("rb")
    with file, open_zip(file, str(source)) as archive:
        members = tuple(read_zip(archive, Budget(str(source))))
        directory = read_directory(file, archive, source)
        records = [record.raw for record in directory.records]
        replaced: list[str] = []
        for extent in tuple(locate(file, directory, source)):
            member, offset = members[extent.index], target.position
            sums = _write_member(file, extent, member, target, replacer)
            if sums is None:
                records[extent.index] = extent.record.moved(offset)
            else:
                records[extent.index] = extent.record.for_content(sums, offset)
                replaced.append(member.entry.path.as_posix())
            if target.position >= LIMIT:
                raise RewriteError(source, ZIP64)
    offset = target.position
    for record in records:
        target.write(record)
    target.write(directory.end.moved(offset))
    return tuple(replaced)


def _write_member(
    file: BinaryIO, extent: Extent, member: ZipMember, target: Target, replacer: Replacer
) -> Sums | None:
    """Write one member; give what the directory is to say of its content if that is a new one."""
    if member.entry.kind is Kind.FILE:
        name = member.entry.path.as_posix()
        with replacer.examine(name, member.entry.size, member.chunks()) as content:
            if content.replaced:
                return _write_content(extent.local, content, target, replacer.source)
            for _ in content.chunks:
                pass  # to compare the check sum
    with telling_damage(str(replacer.source), DAMAGE):
        file.seek(extent.start)
        for chunk in split(file.read, extent.end - extent.start):
            target.write(chunk)
    return None


def _write_content(local: LocalHeader, content: Content, target: Target, source: Path) -> Sums:
    """Write a new content, stored or compressed as the old one was, behind the old header."""
    start, check = target.position, 0
    target.write(local.raw)
    begin = target.position
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    for chunk in content.chunks:
        check = zlib.crc32(chunk, check)
        target.write(chunk if local.method == ZIP_STORED else stream.compress(chunk))
    if local.method != ZIP_STORED:
        target.write(stream.flush())
    sums = Sums(check, target.position - begin, content.size)
    if max(sums.compressed, sums.size) >= LIMIT:
        raise RewriteError(source, ZIP64)
    target.overwrite(start, local.for_content(sums))
    return sums
