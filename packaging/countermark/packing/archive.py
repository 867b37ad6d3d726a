"""From a stage to an archive whose bytes depend on nothing but the files in it.

The recipe is that of Bitcoin Core's releases: members sorted by the bytes of their names, owner 0,
no names of owners, one time for all, modes from a rule and not from a umask, compressed by
``gzip -9n`` or ``zip -X``. Where these programs are missing, Python's own compressors write the
same members; the record says which one it was, for its bytes differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from countermark.errors import WorkError
from countermark.files import publish, sha256_of
from countermark.packing.members import list_members
from countermark.packing.press import Press
from countermark.packing.tarball import pack_tar
from countermark.packing.zipball import pack_zip
from countermark.process import Runner

__all__ = ["Artifact", "pack"]


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


def pack(
    root: Path,
    archive: Path,
    *,
    epoch: int,
    temporary: Path,
    environment: Mapping[str, str],
    runner: Runner,
    log: Path,
    accept: Callable[[Path], None],
) -> Artifact:
    """Pack the tree at ``root``, under its own name, into ``archive``: ``.tar.gz`` or ``.zip``.

    ``epoch`` is every member's time, in seconds since 1970. The archive appears under its name
    when it is whole and ``accept``, which is given the unfinished file, has not raised anything.
    Raises :class:`WorkError` when it cannot be written.
    """
    press = Press(temporary=temporary, environment=environment, runner=runner, log=log)
    try:
        members = tuple(list_members(root))
        writer = pack_zip if archive.suffix == ".zip" else pack_tar
        unfinished, content, compressor = writer(members, archive.name, epoch, press)
        accept(unfinished)
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
