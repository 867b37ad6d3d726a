"""The JSON document of ``init``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from countermark.initial.learning import CMakeError
from countermark.initial.options import DeclaredOption
from countermark.initial.survey import HostFinding, Survey
from countermark.settings import CMakeValue
from countersign.escaping import printable

__all__ = ["InitDocument", "init_document"]


class InstalledEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is installed: a path from the prefix, or an absolute one."""

    component: str
    path: str
    program: bool


class HostEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the suite can be released for a host with the default toolchain."""

    triple: str
    works: bool
    reason: str
    cmake: dict[str, CMakeValue]
    """What is set for it, common entries among them."""
    installed: tuple[InstalledEntry, ...]


class OptionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An option that the suite declares; ``shapes`` says that it adds or drops what is built."""

    name: str
    kind: Literal["BOOL", "STRING", "PATH", "FILEPATH"]
    default: str
    help: str
    place: str
    subproject: str | None
    shapes: bool


class PackageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A library that the suite looks for."""

    name: str
    version: str | None
    kind: str
    needed: bool
    required: bool
    """Whether the suite itself calls it so."""
    found: bool
    """Whether it is there without any prefix."""
    components: tuple[str, ...]
    places: tuple[str, ...]
    users: tuple[str, ...]
    platforms: tuple[Literal["linux", "darwin", "windows"], ...]
    commands: tuple[str, ...]
    """CMake commands that it must bring."""


class ToolEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A program that the build runs to make sources."""

    name: str
    variable: str | None
    own: bool
    """Whether the suite builds it itself, so that a cross build cannot run it."""
    places: tuple[str, ...]


class ProgramEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A program of this machine that is looked for."""

    names: tuple[str, ...]
    variable: str
    place: str


class DownloadEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What the suite would download."""

    name: str
    what: str
    place: str


class StopEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What CMake could not be brought past: what was found is not the whole then."""

    place: str | None
    message: str


class InitDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``init`` found, and the configuration that it made of it."""

    schema: Literal["countermark.init/1"] = "countermark.init/1"
    suite: str
    name: str
    title: str
    version: str
    profile: str | None
    known: str | None
    """The well-known suite that it is, or is a fork of."""
    complete: bool
    stopped: StopEntry | None
    hosts: tuple[HostEntry, ...]
    options: tuple[OptionEntry, ...]
    packages: tuple[PackageEntry, ...]
    tools: tuple[ToolEntry, ...]
    programs: tuple[ProgramEntry, ...]
    downloads: tuple[DownloadEntry, ...]
    file: str | None
    """Where the configuration was written; null when nowhere."""
    configuration: str


def init_document(survey: Survey, file: Path | None, text: str) -> InitDocument:
    """Return what ``init`` prints."""
    stopped = survey.stopped
    return InitDocument(
        suite=printable(str(survey.suite)),
        name=survey.name,
        title=printable(survey.title),
        version=survey.version,
        profile=survey.profile.name if survey.profile else None,
        known=survey.known.title if survey.known else None,
        complete=stopped is None,
        stopped=_stop(stopped) if stopped else None,
        hosts=tuple(map(_host, survey.hosts)),
        options=tuple(map(_option, survey.options)),
        packages=tuple(
            PackageEntry(
                name=printable(each.name),
                version=printable(each.version) or None,
                kind=each.kind,
                needed=each.needed,
                required=each.called_required,
                found=each.fate == "found",
                components=_printable(each.components),
                places=_printable(each.places),
                users=_printable(each.users),
                platforms=each.platforms,
                commands=_printable(each.generates),
            )
            for each in survey.packages
        ),
        tools=tuple(
            ToolEntry(
                name=printable(each.name),
                variable=each.variable or None,
                own=each.own,
                places=_printable(each.places),
            )
            for each in survey.generators
        ),
        programs=tuple(
            ProgramEntry(
                names=_printable(each.names),
                variable=printable(each.variable),
                place=printable(str(each.place)),
            )
            for each in survey.programs
        ),
        downloads=tuple(
            DownloadEntry(
                name=printable(each.name),
                what=printable(each.what),
                place=printable(str(each.place)),
            )
            for each in survey.fetched
        ),
        file=printable(str(file)) if file else None,
        configuration=text,
    )


def _stop(error: CMakeError) -> StopEntry:
    return StopEntry(place=printable(error.place) or None, message=printable(error.text))


def _host(finding: HostFinding) -> HostEntry:
    return HostEntry(
        triple=finding.host.triple,
        works=finding.works,
        reason=printable(finding.reason),
        cmake=dict(finding.entries),
        installed=tuple(
            InstalledEntry(
                component=printable(each.component),
                path=printable(each.path),
                program=each.program,
            )
            for each in finding.tree.installed
        ),
    )


def _option(option: DeclaredOption) -> OptionEntry:
    return OptionEntry(
        name=option.name,
        kind=option.kind,
        default=printable(option.default),
        help=printable(option.help),
        place=printable(str(option.place)),
        subproject=printable(option.subproject) or None,
        shapes=option.shapes,
    )


def _printable(items: tuple[object, ...]) -> tuple[str, ...]:
    return tuple(printable(str(each)) for each in items)
