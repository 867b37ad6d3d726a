"""The source archive: what git has at the suite's commit, or the files that were built.

Bitcoin Core's is what ``git archive`` makes; git brings the tar and its compression along, so its
bytes depend on git's version, and those of the tar inside on the commit alone.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final, TypeAlias

from countermark.configuration import Configuration
from countermark.errors import WorkError
from countermark.files import sha256_of
from countermark.packing.archive import Artifact, finish
from countermark.packing.members import Member, member_at
from countermark.packing.press import Press
from countermark.packing.shelf import Shelf
from countermark.process import answer
from countermark.source import list_source

__all__ = ["pack_source"]

_CHUNK: Final = 1 << 20

Program: TypeAlias = tuple[Path, str]
"""Where git is, and what it is called in the manifest."""


def pack_source(
    configuration: Configuration, archive: Path, press: Press, shelf: Shelf
) -> Artifact:
    """Pack the suite into ``archive``, below ``NAME-VERSION``, or bring it back from ``shelf``.

    A suite that differs from its commit, or has none, is packed by our own recipe: what it holds
    is what was built. Raises :class:`WorkError`.
    """
    source = configuration.source
    git = press.find("git") if source.commit and not source.dirty else None
    if git is None:
        files = list_source(
            configuration.suite, out=configuration.out, environment=configuration.environment
        )
        return shelf.pack(
            _members(files, configuration.suite, configuration.label),
            archive,
            epoch=configuration.source_date_epoch,
            press=press,
            accept=_anything,
            demands="",
        )
    return shelf.keep(
        archive,
        lambda: _of_commit(configuration, git, press),
        lambda: _export(configuration, archive, git, press),
        temporary=press.temporary,
    )


def _of_commit(configuration: Configuration, git: Program, press: Press) -> tuple[str, ...]:
    """Tell what git's archive follows from: the tar inside, git, and its ways to compress."""
    plain = press.temporary / f"{configuration.label}.tar"
    _run_git(configuration, git[0], press, "--format=tar", f"--output={plain}")
    try:
        content = sha256_of(plain)
    finally:
        plain.unlink(missing_ok=True)
    asked = (str(git[0]), "-C", str(configuration.suite), "config", "--get-regexp", r"^tar\.")
    return content, git[1], sha256_of(git[0]), answer(asked, press.environment)


def _export(configuration: Configuration, archive: Path, git: Program, press: Press) -> Artifact:
    unfinished = press.temporary / archive.name
    _run_git(configuration, git[0], press, "--format=tar.gz", f"--output={unfinished}")
    try:
        return finish(unfinished, archive, _content_digest(unfinished), git[1], _anything)
    except OSError as error:
        raise WorkError(f"{archive.name} cannot be written: {error.strerror or error}") from error


def _run_git(configuration: Configuration, program: Path, press: Press, *options: str) -> None:
    press.run(
        *(str(program), "-c", "tar.umask=0002", "archive", *options),
        *(f"--prefix={configuration.label}/", str(configuration.source.commit)),
        directory=configuration.suite,
    )


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
