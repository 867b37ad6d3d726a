"""Directory trees: files, links and pipes by their paths, and the archives that hold them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

__all__ = ["PIPE", "Link", "Pipe", "Tree", "first", "moved", "tar", "unpack"]


IMAGE: Final = bytes.fromhex("cffaedfe")
"""How a 64-bit Mach-O begins."""


class Link(NamedTuple):
    """A symbolic link."""

    target: str


class Pipe(NamedTuple):
    """A named pipe."""


PIPE: Final = Pipe()

Tree: TypeAlias = Mapping[str, bytes | Link | Pipe]
"""Contents, links and pipes by path; directories follow from them."""


def moved(tree: Tree, folder: str) -> dict[str, bytes | Link | Pipe]:
    """Put a tree into a folder."""
    return {f"{folder}/{path}": content for path, content in tree.items()}


def tar(tree: Tree) -> bytes:
    """Pack a tree, whose images may be executed, with nothing that depends on time or place."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in tree.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, Link):
                member.type, member.linkname = tarfile.SYMTYPE, content.target
                archive.addfile(member)
            elif isinstance(content, Pipe):
                member.type = tarfile.FIFOTYPE
                archive.addfile(member)
            else:
                member.size = len(content)
                member.mode = 0o755 if content.startswith(IMAGE) else 0o644
                archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def first(archive: Path) -> str:
    """Name what the first member of an archive lies in, or is."""
    with tarfile.open(archive) as packed:
        return packed.getnames()[0].partition("/")[0]


def unpack(archive: Path, directory: Path) -> Path:
    """Unpack one of the kit's own archives; give what its first member lies in, or is."""
    with tarfile.open(archive) as packed:
        packed.extractall(directory, filter="fully_trusted")
    return directory / first(archive)
