"""Directory trees: files and links by their paths, and the archives that hold them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

__all__ = ["Link", "Tree", "moved", "tar"]


IMAGE: Final = bytes.fromhex("cffaedfe")
"""How a 64-bit Mach-O begins."""


class Link(NamedTuple):
    """A symbolic link."""

    target: str


Tree: TypeAlias = Mapping[str, bytes | Link]
"""Contents and links by path; directories follow from them."""


def moved(tree: Tree, folder: str) -> dict[str, bytes | Link]:
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
            else:
                member.size = len(content)
                member.mode = 0o755 if content.startswith(IMAGE) else 0o644
                archive.addfile(member, io.BytesIO(content))
    return out.getvalue()
