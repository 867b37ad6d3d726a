"""Writing the build record into a stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from countermark import __version__
from countermark.dependencies.given import prefix_digest
from countermark.dependencies.planned import Generator
from countermark.errors import StageError
from countermark.file_api import BuildModel
from countermark.files import sha256_of
from countermark.manifest import canonical_json
from countermark.packing.debug import find_objcopy
from countermark.plan import HostPlan, ReleasePlan
from countermark.reproduction.record import (
    BuildRecord,
    CompilerRow,
    DependencyRow,
    FileRow,
    GeneratorRow,
    ToolchainRow,
)
from countermark.staging import Stage
from countermark.toolchain import ToolchainKind
from countermark.tools import Tool
from counterproof.profiles.profile import BUILD_RECORD

__all__ = ["COPIED", "make_record", "write_record"]

COPIED: Final = (
    *("name", "version", "url", "native", "recipe", "needs", "cmake", "headers", "sources"),
    *("definitions", "directory", "library", "package", "targets", "commands"),
)
"""What the record says of a dependency in the very words of the configuration."""


def write_record(staged: Stage, release: ReleasePlan, plan: HostPlan, model: BuildModel) -> None:
    """Put the record of a host's build into its stage.

    Raises :class:`StageError` when the suite has installed something in its place, and
    :class:`OSError`.
    """
    record = canonical_json(make_record(release, plan, model, staged.profile.name))
    _make_directories(staged.root, BUILD_RECORD.parent)
    path = staged.root / BUILD_RECORD
    if path.is_symlink() or path.exists():
        raise _occupied(BUILD_RECORD)
    path.write_bytes(record)
    path.chmod(0o644)


def make_record(
    release: ReleasePlan, plan: HostPlan, model: BuildModel, profile: str
) -> BuildRecord:
    """Gather what determines the archive of one host; raises :class:`OSError`."""
    configuration = release.configuration
    return BuildRecord(
        made_by=f"countermark {__version__}",
        name=configuration.name,
        version=configuration.version,
        source_date_epoch=configuration.source_date_epoch,
        source=f"sha256:{configuration.source.digest}",
        host=plan.triple,
        toolchain=_toolchain(plan),
        compilers=tuple(
            CompilerRow(language=each.language, id=each.id, version=each.version)
            for each in model.compilers
        ),
        tools={tool.name: tool.version for tool in _tools(release, plan)},
        cmake=dict(plan.build.cmake),
        preset=plan.build.preset,
        minimum=plan.build.minimum,
        linker=plan.build.linker,
        sdk=plan.build.sdk,
        environment=dict(plan.build.environment),
        dependencies=tuple(_dependencies(plan)),
        generators=tuple(_generator(release, each) for each in plan.supplies.generators),
        prefixes=tuple(
            f"sha256:{prefix_digest(each, release.workspace.prefixes)}"
            for each in plan.build.prefixes
        ),
        splits_debug=plan.splits_debug,
        components=configuration.components,
        profile=profile,
        profile_file=_profile_file(plan),
        style=configuration.style.value,
    )


def _tools(release: ReleasePlan, plan: HostPlan) -> Iterator[Tool]:
    """Yield the tools that the bytes depend on; a linker and an objcopy where they are used."""
    yield from (release.tools.cmake, release.tools.ninja)
    yield from plan.build.toolchain.tools
    if plan.splits_debug:
        yield find_objcopy(plan.build.host, release.configuration.environment)


def _toolchain(plan: HostPlan) -> ToolchainRow:
    toolchain = plan.build.toolchain
    if toolchain.zig is not None:
        return ToolchainRow(
            kind="zig", version=toolchain.zig.version, digest=f"sha256:{toolchain.zig.common}"
        )
    if toolchain.kind is ToolchainKind.MINGW:
        return ToolchainRow(kind="mingw-w64")
    if toolchain.kind is ToolchainKind.CLANG:
        return ToolchainRow(kind="clang", sdk=toolchain.sdk)
    if toolchain.file is not None:
        return ToolchainRow(kind="file", file=_file(toolchain.file, plan.suite))
    return ToolchainRow(kind="native")


def _dependencies(plan: HostPlan) -> Iterator[DependencyRow]:
    """Yield each once, even if it is built for the host and for this machine."""
    linked = {each.dependency.name for each in plan.supplies.libraries}
    known = {each.dependency.name: each.dependency for each in plan.supplies.builds}
    for name, each in known.items():
        settings, inside = each.settings, each.source.is_relative_to(plan.suite)
        place = each.source.relative_to(plan.suite).as_posix() if inside else each.source.name
        yield DependencyRow(
            source=place,
            inside=inside,
            archive=each.archive,
            digest=f"sha256:{each.digest}",
            linked=name in linked,
            **{field: getattr(settings, field) for field in COPIED},
        )


def _generator(release: ReleasePlan, generator: Generator) -> GeneratorRow:
    tool = release.configuration.tools[generator.name]
    brought = tool.dependency is not None
    return GeneratorRow(
        name=generator.name,
        variable=tool.variable,
        dependency=tool.dependency,
        program=tool.program if brought else None,
        version=generator.version,
        digest=None if brought else f"sha256:{sha256_of(generator.program)}",
    )


def _profile_file(plan: HostPlan) -> FileRow | None:
    name = plan.build.profile_name
    return _file(Path(name), plan.suite) if name is not None and "/" in name else None


def _file(path: Path, suite: Path) -> FileRow:
    inside = path.is_relative_to(suite)
    return FileRow(
        digest=f"sha256:{sha256_of(path)}",
        path=path.relative_to(suite).as_posix() if inside else None,
    )


def _make_directories(root: Path, directory: PurePosixPath) -> None:
    """Make the directories of the record; a link in their place might lead out of the stage."""
    for part in (*reversed(directory.parents[:-1]), directory):
        place = root / part
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise _occupied(part)
        place.mkdir(exist_ok=True)
        place.chmod(0o755)


def _occupied(place: PurePosixPath) -> StageError:
    return StageError(
        f"the suite installs {place}, where the build record {BUILD_RECORD} is to stand",
        hint="Install it elsewhere, or leave the record out: record = false in countermark.toml.",
    )
