"""Finding the source that a build record names, and putting a copy of it aside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.errors import ConfigurationError, WorkError
from countermark.reproduction.copies import clone, copy_suite
from countermark.reproduction.record import BuildRecord
from countermark.source import describe_source

__all__ = ["FoundSource", "find_source"]

_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
_LISTS: Final = "CMakeLists.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSource:
    """A copy of the source, which may be another one than the recorded."""

    suite: Path
    words: str
    """What it is a copy of."""


def find_source(
    record: BuildRecord,
    place: Path,
    work: Path,
    *,
    commit: str | None,
    environment: Mapping[str, str],
) -> FoundSource:
    """Copy the recorded source from ``place`` into the directory ``work``.

    That is a directory with its very files, a repository of which a commit has them, or a source
    archive. A commit is looked for by the version's tag, or by the version where that is one. When
    nothing has the files, the copy is of what is there; of a ``commit`` that is named, always.
    Raises :class:`ConfigurationError` when there is no source, :class:`WorkError` when it cannot
    be copied.
    """
    if place.is_file():
        return _unpacked(place, work / "source")
    _refuse_other(place, place)
    source = describe_source(place, out=work / "out", environment=environment)
    wanted = record.source.removeprefix("sha256:")
    if commit is not None:
        inside = clone(place, commit, work / "source", environment)
        _refuse_other(work / "source" / inside, place)
        return FoundSource(suite=work / "source" / inside, words=f"{place}, commit {commit}")
    if source.digest != wanted and source.commit is not None:
        for number, name in enumerate(_names(record)):
            top = work / f"source-{number}"
            suite = _cloned(place, name, top, wanted, environment)
            if suite is not None:
                return FoundSource(suite=suite, words=f"{place}, commit {name}")
    copy = copy_suite(place, source, work / "source", out=work / "out", environment=environment)
    return FoundSource(suite=copy[1], words=f"{place}, as it is")


def _names(record: BuildRecord) -> Iterator[str]:
    """Yield what the commit of a version may be called."""
    yield from (f"refs/tags/v{record.version}", f"refs/tags/{record.version}")
    if _COMMIT.fullmatch(record.version):
        yield record.version


def _cloned(
    place: Path, name: str, top: Path, wanted: str, environment: Mapping[str, str]
) -> Path | None:
    """Clone a commit, if it is there and has the wanted files."""
    try:
        suite = top / clone(place, name, top, environment)
        source = describe_source(suite, out=top / "out", environment=environment)
    except (WorkError, ConfigurationError):
        return None
    return suite if source.digest == wanted else None


def _unpacked(archive: Path, top: Path) -> FoundSource:
    from counterproof.smoke.unpacking import unpack

    top.mkdir()
    unpack(archive, top)
    within = list(top.iterdir())
    suite = within[0] if len(within) == 1 and within[0].is_dir() else top
    _refuse_other(suite, archive)
    return FoundSource(suite=suite, words=f"{archive}, unpacked")


def _refuse_other(suite: Path, place: Path) -> None:
    if not (suite / _LISTS).is_file():
        raise ConfigurationError(
            f"{place} is not a CMake source tree: it holds no {_LISTS}",
            hint="Name the source that the artifact was built from with --suite: its directory, "
            "its repository, or its archive.",
        )
