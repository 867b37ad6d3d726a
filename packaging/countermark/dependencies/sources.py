"""Putting a copy of a dependency's source where it is built."""

from __future__ import annotations

import bz2
import lzma
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from countermark.dependencies.dependency import Dependency
from countermark.errors import ConfigurationError, WorkError
from countermark.files import sha256_of

__all__ = ["copy_source", "refuse_missing"]

_MOST_MEMBERS: Final = 500_000
"""Files in one archive; Boost's has 80,000."""
_MOST_BYTES: Final = 8 << 30
"""Bytes that an archive may expand to."""
_PIECE: Final = 1 << 20
_BZIP2: Final = b"BZh"
_XZ: Final = b"\xfd7zXZ\x00"


def refuse_missing(dependency: Dependency) -> None:
    """Raise :class:`ConfigurationError` when an archive is not there."""
    if dependency.archive and not dependency.source.is_file():
        url = dependency.settings.url
        raise ConfigurationError(
            f"dependency '{dependency.name}': there is no {dependency.source}",
            hint="Run 'countermark fetch', which gets it."
            if url
            else "Put the archive there; or give its url, and run 'countermark fetch'.",
        )


def copy_source(dependency: Dependency, target: Path, work: Path) -> None:
    """Copy or unpack the source into ``target``, which is not there yet; ``work`` is for more.

    One directory that everything in an archive stands in is left out. Raises
    :class:`ConfigurationError` for an archive that is not there or has another digest,
    :class:`~counterproof.errors.TreeError` for one that cannot be unpacked or would do harm, and
    :class:`OSError`.
    """
    if not dependency.archive:
        shutil.copytree(
            dependency.source, target, symlinks=True, ignore=shutil.ignore_patterns(".git")
        )
        return
    refuse_missing(dependency)
    _check_digest(dependency)
    _unpack(dependency.source, target, work)


def _check_digest(dependency: Dependency) -> None:
    found = sha256_of(dependency.source)
    if found != dependency.digest:
        raise ConfigurationError(
            f"dependency '{dependency.name}': {dependency.source} has the SHA-256\n"
            f"  {found}, not\n  {dependency.digest}",
            hint="It is another version, or was changed. Delete it and run 'countermark fetch'; "
            "if it is the right one after all, correct sha256 in the configuration.",
        )


def _unpack(archive: Path, target: Path, work: Path) -> None:
    from counterproof.smoke.unpacking import unpack

    top = work / "unpacked"
    top.mkdir(parents=True)
    with _plain(archive, work / "plain.tar") as plain:
        unpack(plain, top, members=_MOST_MEMBERS)
    within = list(top.iterdir())
    (within[0] if len(within) == 1 and within[0].is_dir() else top).rename(target)


@contextmanager
def _plain(archive: Path, expanded: Path) -> Iterator[Path]:
    """Give an archive that the reader of archives knows: ``expanded``, or the very one."""
    with archive.open("rb") as stream:
        start = stream.read(8)
    if not start.startswith((_BZIP2, _XZ)):
        yield archive
        return
    try:
        with _decompress(archive, start) as compressed, expanded.open("xb") as plain:
            _copy(compressed, plain, archive)
        yield expanded
    except (EOFError, lzma.LZMAError) as error:
        raise WorkError(f"{archive}: cannot be unpacked: {error}") from error
    finally:
        expanded.unlink(missing_ok=True)


def _decompress(archive: Path, start: bytes) -> IO[bytes]:
    return bz2.open(archive) if start.startswith(_BZIP2) else lzma.open(archive)


def _copy(source: IO[bytes], target: IO[bytes], archive: Path) -> None:
    size = 0
    while piece := source.read(_PIECE):
        size += len(piece)
        if size > _MOST_BYTES:
            raise WorkError(f"{archive}: expands to more than {_MOST_BYTES >> 30} GiB")
        target.write(piece)
