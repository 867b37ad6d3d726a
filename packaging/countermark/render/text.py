"""Results as text: made to be read at midnight, and to be pasted into an issue."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

from countermark.describe import Describer
from countermark.flow import Release
from countermark.manifest import ArtifactRow, HostRow
from countermark.packing.artifacts import WITH_PROGRAMS, ArtifactKind
from countermark.pipeline import HostOutcome, Step
from countermark.plan import ReleasePlan
from countermark.render.table import table
from countermark.render.trouble import describe_error
from countermark.render.verdict import describe_verdict

__all__ = ["describe_failures", "describe_plan", "describe_release"]


def describe_release(release: Release) -> str:
    """Return the table at the end: the artifacts, or what there is before they are packed."""
    heading = f"{release.manifest.name} {release.manifest.version}  ({release.plan.workspace.out})"
    if Step.PACK in release.steps:
        rows = [
            row
            for outcome in release.hosts
            for row in _artifacts(outcome, _row_of(release, outcome.plan.triple))
        ]
        rows += map(_common, release.manifest.artifacts)
        lines = [heading, "", table(_COLUMNS, rows), *_compressed_by_libraries(release)]
        return "\n".join([*lines, *_changed_arguments(release), *_documents(release)])
    places = [_place(outcome, release.steps) for outcome in release.hosts]
    return "\n".join([heading, table(("", "", ""), places), *_changed_arguments(release)])


def describe_failures(release: Release) -> str:
    """Tell the story of every host that failed or was rejected; empty when there is none."""
    stories = []
    for outcome in release.hosts:
        if outcome.error is None:
            continue
        stories.append(f"\n{outcome.plan.triple}: {outcome.failed_step}")
        if outcome.verdict is not None and not outcome.verdict.accepted:
            stories.append(describe_verdict(outcome.verdict, only_bad=True))
        stories.append(describe_error(outcome.error))
    if release.documents.problem is not None:
        stories.append(f"\nno SBOM and no provenance: {release.documents.problem}")
        stories.append(f"  hint: {release.documents.problem.hint}")
    return "\n".join(stories)


def describe_plan(plan: ReleasePlan, describers: Iterable[Describer]) -> str:
    """Return the steps of every host, as they would be taken."""
    configuration = plan.configuration
    lines = [
        f"{configuration.name} {configuration.version}",
        f"  suite   {configuration.suite}",
        f"  out     {configuration.out}",
        f"  time    {configuration.source_date_epoch}",
        *([f"  source  write {plan.source}"] if plan.packs_source else []),
        *(
            f"  {tool.name:7} {tool.program} ({tool.version})"
            for tool in (plan.tools.cmake, plan.tools.ninja)
        ),
    ]
    for describer in describers:
        lines += ["", f"{describer.plan.triple} ({describer.plan.build.toolchain})"]
        for description in describer.descriptions:
            lines += (f"  {description.step:{_STEP}}  {line}" for line in description.lines)
    return "\n".join(lines)


_COLUMNS: Final = ("", "size", "signed", "profile", "verdict", "sha256")
_STEP: Final = max(map(len, Step))


def _row_of(release: Release, triple: str) -> HostRow:
    return next(row for row in release.manifest.hosts if row.host == triple)


def _place(outcome: HostOutcome, steps: tuple[Step, ...]) -> tuple[str, str, str]:
    staged = Step.STAGE in steps
    place = outcome.plan.stage if staged else outcome.plan.workspace.build
    return outcome.plan.triple, outcome.outcome.value, str(place)


def _artifacts(outcome: HostOutcome, host: HostRow) -> list[tuple[str, ...]]:
    verdict = outcome.outcome.value
    if not outcome.artifacts:
        return [(each.path.name, "-", "-", "-", verdict, "-") for each in outcome.plan.archives]
    return [
        (
            artifact.name,
            f"{artifact.size:,}",
            _signed(artifact, host),
            (host.profile or "-") if artifact.kind in WITH_PROGRAMS else "-",
            verdict if artifact.kind in WITH_PROGRAMS else "packed",
            artifact.sha256,
        )
        for artifact in host.artifacts
    ]


def _signed(artifact: ArtifactRow, host: HostRow) -> str:
    """Say how many of the Mach-O images in an archive carry a signature."""
    images = [image for image in host.images if image.format == "mach-o"]
    if not images or artifact.kind not in WITH_PROGRAMS:
        return "-"
    signed = sum(bool(image.cdhashes) for image in images)
    return f"{0 if artifact.kind == ArtifactKind.UNSIGNED else signed} of {len(images)}"


def _common(artifact: ArtifactRow) -> tuple[str, ...]:
    return artifact.name, f"{artifact.size:,}", "-", "-", "packed", artifact.sha256


def _documents(release: Release) -> list[str]:
    names = [path.name for path in release.documents.written]
    return ["", f"with {', '.join(names)}"] if names else []


def _changed_arguments(release: Release) -> list[str]:
    """Say how many arguments the compilers were not given as the suite has them."""
    rows = [_row_of(release, outcome.plan.triple) for outcome in release.hosts]
    counts = [f"{row.host} {len(row.changed_arguments)}" for row in rows if row.changed_arguments]
    if not counts:
        return []
    manifest = release.plan.workspace.manifest.name
    return [f"\nArguments of compilers dropped or translated, see {manifest}: {', '.join(counts)}"]


def _compressed_by_libraries(release: Release) -> list[str]:
    """Say so when a program was missing whose bytes others will expect."""
    hosts = (host.artifacts for host in release.manifest.hosts)
    artifacts = itertools.chain(release.manifest.artifacts, *hosts)
    libraries = {each.compressor for each in artifacts if each.compressor.startswith("zlib")}
    return [
        f"\nCompressed by {library}, for want of gzip or zip: the bytes are not theirs, what is "
        "inside is the same."
        for library in sorted(libraries)
    ]
