"""Building an artifact again from what its record says, and comparing the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from countermark.build_tree import read_build_tree
from countermark.config import Options, resolve
from countermark.difference.comparing import compare_trees
from countermark.difference.outcome import TreeComparison
from countermark.errors import ConfigurationError, WorkError
from countermark.file_api import BuildModel
from countermark.flow import perform, prepare
from countermark.hosts import find_host
from countermark.packing.artifacts import EVERY_HOST_KIND, ArtifactKind, host_artifacts
from countermark.pipeline import Progress, Step
from countermark.plan import ReleasePlan
from countermark.reproduction.building import work_directory
from countermark.reproduction.matching import mismatches, unconfirmed
from countermark.reproduction.reading import read_record
from countermark.reproduction.record import BuildRecord, DependencyRow, FileRow, GeneratorRow
from countermark.reproduction.recording import COPIED, make_record
from countermark.reproduction.sources import FoundSource, find_source
from countermark.settings import (
    DependencySettings,
    HostSettings,
    Settings,
    ToolSettings,
    format_settings,
)
from countersign.escaping import printable

__all__ = ["Rebuilt", "Wanted", "rebuild"]

_FIRST: Final = (Step.SUPPLY, Step.CONFIGURE)
"""The steps that tell the compilers."""
_REST: Final = tuple(step for step in Step if step not in _FIRST)
_UNKNOWN: Final = BuildModel(components=(), absolute=(), compilers=(), inputs=())
"""What is known of the compilers before CMake has looked for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be rebuilt, and by which means."""

    artifact: Path
    suite: Path
    """The source: its directory, its repository, or its archive."""
    commit: str | None = None
    record: Path | None = None
    """The record, where the artifact holds none."""
    toolchain: Path | None = None
    """The toolchain file, where that is no part of the source."""
    sdk_path: Path | None = None
    """Where the SDK is, for a toolchain that needs one of the user's."""
    profile: Path | None = None
    """The profile's file, likewise."""
    sources: Path = Path()
    """Where the sources of dependencies are that are no part of the suite's."""
    prefixes: tuple[Path, ...] = ()
    """The directories of libraries that it was built with, in the recorded order."""
    tools: tuple[tuple[str, str], ...] = ()
    """Names of tools, and their programs."""
    out: Path | None = None
    """Where the rebuilt release stays; it is taken away when None."""
    anyway: bool = False
    """Whether a source or a tool that is not the recorded one is no reason to stop."""
    trust: bool = False
    """Whether cache entries of the record that could name programs are used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What came of it."""

    record: BuildRecord
    source: FoundSource
    mismatches: tuple[str, ...]
    """What was not as recorded, in words."""
    comparison: TreeComparison
    """Of the artifact with the rebuilt one."""


def rebuild(wanted: Wanted, environment: Mapping[str, str], progress: Progress) -> Rebuilt:
    """Build an artifact again, and compare.

    Raises :class:`WorkError` when the record, the source or the tools do not serve, or the build
    fails; :class:`ConfigurationError` when the record asks for what the user has to want.
    """
    if not wanted.artifact.is_file():
        raise ConfigurationError(f"there is no file {wanted.artifact}")
    record = read_record(wanted.record or wanted.artifact)
    _refuse_unconfirmed(record, trust=wanted.trust)
    kinds, name = _artifact(record, wanted.artifact.name)
    with work_directory(None, environment) as work:
        kept = {word: environment[word] for word in ("HOME", "PATH") if word in environment}
        source = find_source(
            record, wanted.suite.resolve(), work, commit=wanted.commit, environment=kept
        )
        out = wanted.out.resolve() if wanted.out else work / "out"
        settings = work / "countermark.toml"
        settings.write_text(
            format_settings(_settings(record, wanted, source.suite, kinds, out)), encoding="utf-8"
        )
        variables = {**environment, "SOURCE_DATE_EPOCH": ""}
        plan = prepare(resolve(Options(config=settings), variables, work))
        different = _check(record, plan, progress, anyway=wanted.anyway)
        _perform(plan, _REST, progress)
        return Rebuilt(
            record=record,
            source=source,
            mismatches=different,
            comparison=compare_trees(wanted.artifact, out / name),
        )


def _refuse_unconfirmed(record: BuildRecord, *, trust: bool) -> None:
    odd = unconfirmed(record)
    if odd and not trust:
        raise ConfigurationError(
            "the build record asks for what could make a build read or run other files: "
            + ", ".join(map(printable, odd)),
            hint="If you know where the artifact comes from and want them, say --trust-record.",
        )


def _artifact(record: BuildRecord, name: str) -> tuple[tuple[ArtifactKind, ...], str]:
    """Return what must be made, and the name under which the artifact will be among it."""
    host = find_host(record.host)
    made = {
        str(each): kind
        for kind in EVERY_HOST_KIND
        for each in host_artifacts(kind, host, record.name, record.version)
    }
    if name not in made:
        raise ConfigurationError(
            f"{printable(name)} is none of the files of {record.name} {record.version} for "
            f"{record.host}",
            hint=f"Give it back the name that it was published by: {', '.join(made)}.",
        )
    asked = (ArtifactKind.DEBUG,) if record.splits_debug else ()
    return tuple(dict.fromkeys((made[name], *asked))), name


def _settings(
    record: BuildRecord, wanted: Wanted, suite: Path, kinds: tuple[ArtifactKind, ...], out: Path
) -> Settings:
    """Return what the record says as the settings of any other release."""
    toolchain = record.toolchain.kind
    own = record.toolchain.file
    profile = record.profile_file
    return Settings(
        suite=str(suite),
        name=record.name,
        version=record.version,
        source_date_epoch=record.source_date_epoch,
        out=str(out),
        components=record.components,
        style=record.style,
        artifacts=tuple(kind.value for kind in kinds),
        hosts={
            record.host: HostSettings(
                toolchain=_file("toolchain", own, wanted.toolchain, suite) if own else toolchain,
                preset=record.preset,
                minimum=record.minimum,
                linker=record.linker,
                sdk_path=str(wanted.sdk_path.resolve()) if wanted.sdk_path else None,
                sdk=record.sdk,
                profile=_file("profile", profile, wanted.profile, suite)
                if profile
                else record.profile,
                cmake=record.cmake,
                prefix=tuple(str(each.resolve()) for each in wanted.prefixes),
                environment=record.environment,
            )
        },
        dependencies=tuple(
            _dependency(each, record, wanted, suite) for each in record.dependencies
        ),
        tools={each.name: _tool(each, dict(wanted.tools)) for each in record.generators},
    )


def _dependency(
    row: DependencyRow, record: BuildRecord, wanted: Wanted, suite: Path
) -> DependencySettings:
    """Return what the record says of a dependency, with the source that is here."""
    top = suite if row.inside else wanted.sources.resolve()
    source = (top / row.source).resolve()
    if not source.is_relative_to(top.resolve()) or not source.exists():
        raise ConfigurationError(
            f"dependency '{row.name}': there is no {printable(row.source)} in {top}",
            hint="Say with --sources where the archives of dependencies are"
            + (f"; this one was to be had at {printable(row.url)}." if row.url else "."),
        )
    return DependencySettings(
        source=str(source),
        sha256=row.digest.removeprefix("sha256:") if row.archive else None,
        hosts=(record.host,) if row.linked else (),
        **{field: getattr(row, field) for field in COPIED},
    )


def _tool(row: GeneratorRow, given: Mapping[str, str]) -> ToolSettings:
    """Return a tool that a dependency brings, is given, or that PATH leads to."""
    return ToolSettings(
        dependency=row.dependency,
        program=row.program if row.dependency else given.get(row.name, row.name),
        variable=row.variable,
        version=row.version,
    )


def _file(what: str, row: FileRow, given: Path | None, suite: Path) -> str:
    """Find a file that the record names: where the user says, or in the source."""
    if given is not None:
        return str(given.resolve())
    path = (suite / (row.path or "")).resolve()
    if path.is_relative_to(suite.resolve()) and path.is_file():
        return str(path)
    raise ConfigurationError(
        f"the artifact was built with a {what} file that is not part of the source",
        hint=f"Give it with --{what}.",
    )


def _check(
    record: BuildRecord, plan: ReleasePlan, progress: Progress, *, anyway: bool
) -> tuple[str, ...]:
    """Take the first step, which tells the compilers, and say what is not as recorded.

    Raises :class:`WorkError` when anything is not; before that step already, if it can.
    """
    (host,) = plan.hosts
    expected = msgspec.structs.replace(record, compilers=())
    _refuse_different(
        mismatches(expected, make_record(plan, host, _UNKNOWN, record.profile)), anyway=anyway
    )
    _perform(plan, _FIRST, progress)
    model = read_build_tree(host).model
    different = mismatches(record, make_record(plan, host, model, record.profile))
    _refuse_different(different, anyway=anyway)
    return different


def _refuse_different(different: tuple[str, ...], *, anyway: bool) -> None:
    if different and not anyway:
        raise WorkError(
            "this would not be the recorded build:"
            + "".join(f"\n  {printable(each)}" for each in different),
            hint="Get what is recorded; or build all the same with --anyway, and differences may "
            "come from there.",
        )


def _perform(plan: ReleasePlan, steps: tuple[Step, ...], progress: Progress) -> None:
    for outcome in perform(plan, steps, progress).hosts:
        if outcome.error is not None:
            raise outcome.error
