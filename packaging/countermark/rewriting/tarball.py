"""Rewriting a tar: headers and padding are copied as they stand, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tarfile import BLOCKSIZE, RECORDSIZE
from typing import Final

from countermark.errors import RewriteError
from countermark.packing.compression import GzipPacker, Packer, PlainPacker, Write, ZstdPacker
from countermark.rewriting.header import resize, size_problem
from countermark.rewriting.replacement import Content, Replacer
from countermark.rewriting.target import Target
from counterproof.trees.entry import Kind
from counterproof.trees.format import ArchiveFormat
from counterproof.trees.safety import Budget
from counterproof.trees.tarball import TarMember, open_tar, read_tar

__all__ = ["rewrite_tar"]

_PACKERS: Final[Mapping[ArchiveFormat, Callable[[Write], Packer]]] = {
    ArchiveFormat.TAR: PlainPacker,
    ArchiveFormat.TAR_GZ: GzipPacker,
    ArchiveFormat.TAR_ZST: ZstdPacker,
}


def rewrite_tar(
    source: Path, form: ArchiveFormat, target: Target, replacer: Replacer
) -> tuple[str, ...]:
    """Copy a tar, compressed as ``form`` says, and give the names of the replaced members."""
    packer = _PACKERS[form](target.write)
    replaced: list[str] = []
    position = 0
    with open_tar(source, form) as stream:
        for member in read_tar(stream, Budget(str(source))):
            for data in _rewritten(member, replacer, replaced):
                packer.write(data)
                position += len(data)
    end = 2 * BLOCKSIZE
    packer.write(bytes(end + -(position + end) % RECORDSIZE))
    packer.finish()
    return tuple(replaced)


def _rewritten(member: TarMember, replacer: Replacer, replaced: list[str]) -> Iterator[bytes]:
    """Give all blocks of a member; if it is another now, its name is added to ``replaced``."""
    if member.entry.kind is not Kind.FILE:
        yield member.headers
        return
    name = member.entry.path.as_posix()
    with replacer.examine(name, member.entry.size, member.chunks()) as content:
        yield _headers(member, content, replacer.source)
        yield from content.chunks
        if content.replaced:
            replaced.append(name)
            yield bytes(-content.size % BLOCKSIZE)
        else:
            yield member.padding()


def _headers(member: TarMember, content: Content, source: Path) -> bytes:
    if not content.replaced:
        return member.headers
    others, own = member.headers[:-BLOCKSIZE], member.headers[-BLOCKSIZE:]
    problem = size_problem(own, content.size)
    if "size" in member.pax:
        problem = "its size is written in a pax record"
    if problem:
        raise RewriteError(source, problem, member=member.entry.path.as_posix())
    return others + resize(own, content.size)
