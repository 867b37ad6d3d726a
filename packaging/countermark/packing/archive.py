"""From a tree to an archive whose bytes depend on nothing but the files in it.

The recipe is that of Bitcoin Core's releases: members sorted by the bytes of their names, owner 0,
no names of owners, one time for all, modes from a rule and not from a umask, compressed by
``gzip -9n`` or ``zip -X``. Where these programs are missing, Python's own compressors write the
same members; the record says which one it was, for its bytes differ. Everything is streamed: the
memory that is used does not depend on the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from countermark.errors import WorkError
from countermark.files import publish, sha256_of
from countermark.packing.members import Member, list_members
from countermark.packing.press import Press
from countermark.packing.tarball import pack_tar
from countermark.packing.zipball import pack_zip

__all__ = ["Accept", "Artifact", "finish", "pack", "pack_members"]

Accept: TypeAlias = Callable[[Path], None]
"""Looks at an unfinished archive and raises what is against it."""


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
    kept: bool = False
    """True when it was packed by an earlier run, and nothing that it follows from has changed."""


def pack(root: Path, archive: Path, *, epoch: int, press: Press, accept: Accept) -> Artifact:
    """Pack the tree at ``root``, under its own name, into ``archive``; see :func:`pack_members`."""
    return pack_members(
        list_members(root, root.name), archive, epoch=epoch, press=press, accept=accept
    )


def pack_members(
    members: Iterable[Member], archive: Path, *, epoch: int, press: Press, accept: Accept
) -> Artifact:
    """Pack ``members`` into ``archive``: ``.tar.gz``, ``.tar.zst`` or ``.zip``, as its name says.

    They are sorted here. ``epoch`` is every member's time, in seconds since 1970. The archive
    appears under its name when it is whole and ``accept``, which is given the unfinished file, has
    not raised anything. Raises :class:`WorkError` when it cannot be written.
    """
    writer = pack_zip if archive.suffix == ".zip" else pack_tar
    unfinished = press.temporary / archive.name
    try:
        ordered = tuple(sorted(members, key=lambda member: member.key))
        content, compressor = writer(ordered, unfinished, epoch, press)
        return finish(unfinished, archive, content, compressor, accept)
    except OSError as error:
        raise WorkError(
            f"{archive.name} cannot be written: {error.strerror or error}",
            hint="Check the free space and the permissions, then run it again.",
        ) from error


def finish(
    unfinished: Path, archive: Path, content: str | None, compressor: str, accept: Accept
) -> Artifact:
    """Give an archive that ``accept`` has nothing against its name. Raises :class:`OSError`."""
    accept(unfinished)
    publish(unfinished, archive)
    return Artifact(
        path=archive,
        size=archive.stat().st_size,
        sha256=sha256_of(archive),
        content_sha256=content,
        compressor=compressor,
    )
