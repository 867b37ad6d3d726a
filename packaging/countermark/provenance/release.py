"""The files of a release in a directory, and what they say they were made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from countermark.errors import ConfigurationError, WorkError
from countermark.manifest import read_manifest
from countermark.provenance.names import is_artifact_of
from countermark.provenance.survey import SurveyedFile, survey_file
from countermark.reproduction.record import BuildRecord
from countermark.workspace import Workspace
from counterproof.trees.format import is_archive
from countersign.escaping import listed

if TYPE_CHECKING:
    from counterproof.hardening.pool import FactsReader

__all__ = ["ReleaseFiles", "Source", "find_source", "survey_release"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the suite came from, as far as it is known."""

    uri: str = ""
    """In SPDX's form, such as ``git+https://github.com/bitcoin/bitcoin``."""
    commit: str | None = None
    """40 or 64 hexadecimal digits; None unless the suite's files were those of a commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFiles:
    """All files of one release."""

    files: tuple[SurveyedFile, ...]
    """In the order of their names."""
    records: Mapping[str, BuildRecord]
    """What its archives say they were made from, by host, in the order of the hosts' names."""

    @property
    def _record(self) -> BuildRecord:
        return next(iter(self.records.values()))

    @property
    def name(self) -> str:
        """The name of what is released."""
        return self._record.name

    @property
    def version(self) -> str:
        """Its version."""
        return self._record.version

    @property
    def label(self) -> str:
        """``NAME-VERSION``."""
        return f"{self.name}-{self.version}"

    @property
    def epoch(self) -> int:
        """The time of all its files, in seconds since 1970."""
        return self._record.source_date_epoch

    @property
    def made_by(self) -> str:
        """countermark with its version."""
        return self._record.made_by


def survey_release(directory: Path, reader: FactsReader | None = None) -> ReleaseFiles:
    """Look at every file of the one release whose archives are in ``directory``.

    Archives tell by their build records what release they belong to; the other files of it are
    known by its name. Raises :class:`ConfigurationError` when there is no such release, or more
    than one, :class:`WorkError` when the directory cannot be read, and
    :class:`~counterproof.errors.TreeError` for an archive that cannot be.
    """
    paths = _regular_files(directory)
    archives = {path: survey_file(path, reader) for path in paths if is_archive(path)}
    records = _records(archives.values(), directory)
    label = f"{next(iter(records.values())).name}-{next(iter(records.values())).version}"
    files = (
        archives.get(path) or survey_file(path)
        for path in paths
        if is_artifact_of(label, path.name)
    )
    return ReleaseFiles(files=tuple(files), records=records)


def find_source(directory: Path, release: ReleaseFiles, *, uri: str = "") -> Source:
    """Return where the suite came from: its commit by the manifest beside the archives.

    A commit is only taken for the source when the files that were built are those of the commit.
    """
    manifest = read_manifest(Workspace(out=directory))
    if manifest is None:
        return Source(uri=uri)
    (built, *_) = (record.source for record in release.records.values())
    commits = (
        row.commit
        for row in manifest.inputs
        if row.kind == "suite" and row.digest == built and not row.dirty
    )
    return Source(uri=uri, commit=next(commits, None))


def _regular_files(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.is_file())
    except OSError as error:
        raise WorkError(
            f"{directory} cannot be read: {error.strerror}",
            hint="Name the directory that countermark release has filled.",
        ) from error


def _records(files: Iterable[SurveyedFile], directory: Path) -> dict[str, BuildRecord]:
    """Return the records by host; they must be of one release, and agree about each host."""
    found: dict[str, BuildRecord] = {}
    for file in files:
        if file.record is None:
            continue
        if found.setdefault(file.record.host, file.record) != file.record:
            raise ConfigurationError(
                f"{file.name} was not made as the other archives for {file.record.host} were",
                hint="Pack them again, from one build.",
            )
    if not found:
        raise ConfigurationError(
            f"{directory} holds no archive that tells what it was made from",
            hint="Name the directory that countermark release has filled, without record = false.",
        )
    _refuse_several(found.values(), directory)
    return dict(sorted(found.items()))


def _refuse_several(records: Iterable[BuildRecord], directory: Path) -> None:
    """Refuse archives that were not made by one program, from one source, as one release."""
    releases = {
        (each.name, each.version, each.source_date_epoch, each.source, each.made_by): each.host
        for each in records
    }
    if len(releases) > 1:
        raise ConfigurationError(
            f"{directory} holds archives of {len(releases)} releases, or of several sources or "
            f"versions of countermark: see those for {listed(sorted(releases.values()))}",
            hint="Build all hosts of a release again, into one directory of their own.",
        )
