"""The source archive: what git has at the suite's commit, or the files that were built.

Bitcoin Core's is what ``git archive`` makes; git brings the tar and its compression along, so its
bytes depend on git's version, and those of the tar inside on the commit alone.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from countermark.configuration import Configuration
from countermark.errors import WorkError
from countermark.packing.archive import Artifact, finish, pack_members
from countermark.packing.members import Member, member_at
from countermark.packing.press import Press
from countermark.source import list_source

__all__ = ["pack_source"]

_CHUNK: Final = 1 << 20


def pack_source(configuration: Configuration, archive: Path, press: Press) -> Artifact:
    """Pack the suite into ``archive``, below ``NAME-VERSION``.

    A suite that differs from its commit, or has none, is packed by our own recipe: what it holds
    is what was built. Raises :class:`WorkError`.
    """
    source = configuration.source
    git = press.find("git") if source.commit and not source.dirty else None
    if git is None or source.commit is None:
        files = list_source(
            configuration.suite, out=configuration.out, environment=configuration.environment
        )
        return pack_members(
            _members(files, configuration.suite, configuration.label),
            archive,
            epoch=configuration.source_date_epoch,
            press=press,
            accept=_anything,
        )
    program, compressor = git
    unfinished = press.temporary / archive.name
    press.run(
        *(str(program), "-c", "tar.umask=0002", "archive", "--format=tar.gz"),
        *(f"--prefix={configuration.label}/", f"--output={unfinished}", source.commit),
        directory=configuration.suite,
    )
    try:
        return finish(unfinished, archive, _content_digest(unfinished), compressor, _anything)
    except OSError as error:
        raise WorkError(f"{archive.name} cannot be written: {error.strerror or error}") from error


def _anything(_unfinished: Path) -> None:
    """Accept it: a suite is whatever its authors wrote."""


def _members(files: Iterable[Path], suite: Path, label: str) -> Iterator[Member]:
    """Name the files, and the directories that lead to them, as they are in the archive."""
    places = {PurePosixPath(path.relative_to(suite)) for path in files}
    places |= {parent for place in tuple(places) for parent in place.parents}
    for place in places:
        name = label if place == PurePosixPath(".") else f"{label}/{place}"
        yield member_at(suite / place, name)


def _content_digest(archive: Path) -> str:
    digest = hashlib.sha256()
    with gzip.open(archive) as tar:
        while chunk := tar.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
