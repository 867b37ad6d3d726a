"""The executor that works: it takes a host through the steps and keeps the manifest."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from countermark.build_tree import BuildTree, build, configure, read_build_tree
from countermark.dependencies.building import (
    build_dependencies,
    changed_arguments,
    is_built,
    others_in_store,
)
from countermark.dependencies.inputs import supplied_inputs
from countermark.errors import ConfigurationError, OutOfOrderError, RejectedError
from countermark.images import record_images, sign_stage, stamp_stage
from countermark.manifest import (
    ArgumentRow,
    ArtifactRow,
    ChangeRow,
    HostRow,
    InputRow,
    Ledger,
    Status,
    StepRow,
)
from countermark.packing.artifacts import WITH_PROGRAMS, ArtifactKind
from countermark.packing.contents import contents, prepare_contents
from countermark.packing.debug import find_objcopy
from countermark.packing.press import Press
from countermark.packing.shelf import Shelf
from countermark.pipeline import Step
from countermark.plan import HostPlan, PlannedArchive, ReleasePlan
from countermark.process import Runner
from countermark.reproduction.recording import write_record
from countermark.staging import Stage, read_stage, stage
from countermark.stamping import stamp_for
from countermark.standing import CompileMeter, LogMeter, SupplyMeter
from countermark.step_times import read_times
from countermark.toolchains.wrappers import Change
from countersign.findings import Severity
from countersign.pagehash import available_threads

if TYPE_CHECKING:
    from countermark.packing.archive import Artifact
    from countermark.standing import Look
    from countermark.toolchain import Zig
    from counterproof.target import State, Target
    from countersign.findings import Verdict

__all__ = ["Worker", "Workshop", "artifact_row"]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the hosts of one run share."""

    plan: ReleasePlan
    runner: Runner
    ledger: Ledger
    presses: ThreadPoolExecutor
    """Packs the archives of all hosts, as many at a time as there are cores."""
    turns: Mapping[Step, threading.Lock] = field(default_factory=lambda: _turns())
    """Steps that only one host takes at a time."""

    @classmethod
    @contextmanager
    def open(cls, plan: ReleasePlan, runner: Runner, ledger: Ledger) -> Iterator[Workshop]:
        """Give a workshop with as many presses as there are cores."""
        with ThreadPoolExecutor(max_workers=available_threads()) as presses:
            yield cls(plan, runner, ledger, presses)


def _turns() -> dict[Step, threading.Lock]:
    """Let one host compile, which uses all cores and memory, and another one configure."""
    compiling, configuring = threading.Lock(), threading.Lock()
    return {Step.SUPPLY: compiling, Step.CONFIGURE: configuring, Step.BUILD: compiling}


@dataclass(slots=True)
class Worker:
    """Takes one host through the steps."""

    plan: HostPlan
    workshop: Workshop
    verdict: Verdict | None = None
    artifacts: tuple[Artifact, ...] = ()

    def __post_init__(self) -> None:
        self.workshop.ledger.ensure(_first_row(self.plan))

    def turn(self, step: Step) -> AbstractContextManager[object]:
        """Wait until the step may begin, and keep others waiting while it lasts."""
        if step is Step.SUPPLY and all(map(is_built, self.plan.supplies.builds)):
            return nullcontext()  # nothing is to be compiled
        return self.workshop.turns.get(step, nullcontext())

    def meter(self, step: Step) -> Look | None:
        """Return what says how far a step is that is about to be taken, for one that takes long."""
        own = self.plan.workspace
        if step is Step.SUPPLY:
            return SupplyMeter({str(each): each.site.log for each in self.plan.supplies.builds})
        if step is Step.CONFIGURE:
            return LogMeter(own.log)
        if step is not Step.BUILD:
            return None
        release = self.workshop.plan
        places = (own, *(host.workspace for host in release.hosts))
        known = read_times(place.times for place in places)
        return CompileMeter(own.log, own.build, jobs=release.configuration.jobs, known=known)

    def perform(self, step: Step) -> str:
        """Take one step and return what is worth saying of it, in a few words."""
        act = {
            Step.SUPPLY: self._supply,
            Step.CONFIGURE: self._configure,
            Step.BUILD: self._build,
            Step.STAGE: self._stage,
            Step.SIGN: self._sign,
            Step.CHECK: self._check,
            Step.PACK: self._pack,
        }[step]
        return act()

    def recorded(self, step: Step, seconds: float, detail: str) -> None:
        """Note a step in the manifest."""
        row = StepRow(step=step.value, seconds=round(seconds, 3), detail=detail)
        self.workshop.ledger.step(self.plan.triple, row)

    def refused(self, error: Exception) -> None:
        """Note the end in the manifest; an archive of an earlier run does not stay behind.

        What was asked for wrongly has changed nothing, so it takes nothing away.
        """
        if not isinstance(error, ConfigurationError | OutOfOrderError):
            status: Status = "rejected" if isinstance(error, RejectedError) else "failed"
            self._take_away()
            self._extend(status=status, error=str(error), artifacts=())

    def _supply(self) -> str:
        built = build_dependencies(self.plan, self.workshop.runner)
        builds = self.plan.supplies.builds
        there, others = len(builds) - len(built), others_in_store(builds)
        words = [f"built {', '.join(built)}"] if built else []
        words += [f"{there} built before"] if there else []
        words += [f"{others} of other settings in {builds[0].site.store}"] if others else []
        return "; ".join(words)

    def _configure(self) -> str:
        configure(self.plan, self.workshop.runner)
        self._take_away()
        self.workshop.ledger.begin(_first_row(self.plan))
        return str(self.plan.build.toolchain)

    def _build(self) -> str:
        tree = build(self.plan, self.workshop.runner)
        supplied = supplied_inputs(self.plan, self.workshop.plan.workspace.prefixes)
        inputs = (*_inputs(self.plan, tree), *supplied)
        self._extend(inputs=inputs, changed_arguments=_arguments(self.plan))
        return ", ".join(f"{each.id} {each.version}" for each in tree.model.compilers[:1])

    def _stage(self) -> str:
        tree = read_build_tree(self.plan)
        staged = stage(self.plan, self.workshop.runner)
        if self.workshop.plan.configuration.record:
            write_record(staged, self.workshop.plan, self.plan, tree.model)
        changed = stamp_stage(staged.root, stamp_for(self.plan.build))
        moves = {str(move.source): str(move.destination) for move in staged.moves}
        self._extend(profile=staged.profile.name, moves=moves, changed_after_link=changed)
        moved = "".join(f", {source} -> {target}" for source, target in moves.items())
        told = f", {_changed(changed)}" if changed else ""
        return f"profile {staged.profile.name}{' (detected)' * staged.detected}{moved}{told}"

    def _sign(self) -> str:
        signed = sign_stage(self.plan.stage, self.workshop.plan.configuration.style)
        return _count(len(signed), "Mach-O") if signed else "no Mach-O"

    def _check(self) -> str:
        staged = read_stage(self.plan)
        self.verdict = self._judge_hardened(staged)
        images = record_images(staged.root, self.verdict)
        self._extend(
            profile=staged.profile.name,
            images=images,
            status="accepted" if self.verdict.accepted else "rejected",
        )
        self._require(staged, self.verdict, "stage")
        return _count(len(images), "image")

    def _pack(self) -> str:
        staged = read_stage(self.plan)
        prepare_contents(self.plan)
        self._take_away()
        presses = self.workshop.presses
        jobs = [presses.submit(self._press, each, staged) for each in self.plan.archives]
        wait(jobs)  # all of them, for one that fails must not leave another at work
        self.artifacts = tuple(job.result() for job in jobs)
        rows = zip(self.artifacts, self.plan.archives, strict=True)
        self._extend(
            planned=_planned(self.plan),
            artifacts=tuple(artifact_row(made, each.kind) for made, each in rows),
        )
        return _packed(self.artifacts, self.plan)

    def _press(self, planned: PlannedArchive, staged: Stage) -> Artifact:
        release = self.workshop.plan

        def accept(unfinished: Path) -> None:
            """Check what was written, for that is what users get."""
            self._accept(unfinished, planned.kind, staged)

        return self._shelf.pack(
            contents(planned.kind, self.plan),
            planned.path,
            epoch=release.configuration.source_date_epoch,
            press=Press(
                temporary=release.workspace.temporary,
                environment=release.configuration.environment,
                runner=self.workshop.runner,
                log=self.plan.workspace.log,
            ),
            accept=accept,
            demands=repr((planned.kind, staged.profile, *self._measures(planned.kind))),
        )

    def _measures(self, kind: ArtifactKind) -> tuple[Target, State]:
        """Return what an archive is judged by, besides its profile."""
        state: State = "unsigned" if kind is ArtifactKind.UNSIGNED else "ad-hoc"
        return self.plan.build.host.target, state

    def _accept(self, archive: Path, kind: ArtifactKind, staged: Stage) -> None:
        from counterproof.judging import judge
        from counterproof.subject import Subject
        from counterproof.survey import survey

        seen = survey(archive)
        if kind not in WITH_PROGRAMS:
            return  # nothing is demanded of it but that it can be read
        target, state = self._measures(kind)
        verdict = judge(Subject(survey=seen, profile=staged.profile, target=target, state=state))
        if not verdict.accepted:
            self.verdict = verdict
        self._require(staged, verdict, f"archive {archive.name}")

    def _take_away(self) -> None:
        """Let no archive of an earlier run stay, whatever that run was asked for."""
        for path in self.plan.others:
            path.unlink(missing_ok=True)
        self._shelf.take_down(each.path for each in self.plan.archives)

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self.plan.workspace.shelf)

    def _judge_hardened(self, staged: Stage) -> Verdict:
        from counterproof import check
        from counterproof.hardening.pool import FactsReader

        with FactsReader(1) as reader:  # other hosts are at work on the other cores
            build = self.plan.build
            return check(
                staged.root,
                staged.profile,
                build.host.target,
                reader=reader,
                closed=build.closed,
            )

    def _require(self, staged: Stage, verdict: Verdict, what: str) -> None:
        if not verdict.accepted:
            raise RejectedError(
                _rejection(what, staged, verdict),
                hint="Mend what is named above in the suite, or choose another --profile.",
            )

    def _extend(self, **changes: object) -> None:
        self.workshop.ledger.extend(self.plan.triple, **changes)


def _first_row(plan: HostPlan) -> HostRow:
    return HostRow(
        host=plan.triple,
        minimum=plan.minimum,
        toolchain=plan.build.toolchain.kind.value,
        cmake=dict(plan.build.cmake),
        planned=_planned(plan),
    )


def _planned(plan: HostPlan) -> tuple[str, ...]:
    return tuple(each.path.name for each in plan.archives)


def _arguments(plan: HostPlan) -> tuple[ArgumentRow, ...]:
    own = plan.wrappers.changes() if plan.wrappers else ()
    builds: tuple[tuple[str | None, tuple[Change, ...]], ...] = (
        (None, own),
        *((each.site.name, changed_arguments(each)) for each in plan.supplies.builds),
    )
    return tuple(
        ArgumentRow(
            argument=change.argument,
            instead=change.instead or None,
            why=change.why,
            dependency=name,
        )
        for name, changes in builds
        for change in changes
    )


def _inputs(plan: HostPlan, tree: BuildTree) -> tuple[InputRow, ...]:
    toolchain = plan.build.toolchain
    compilers = tuple(
        InputRow(kind="compiler", name=f"{each.language} {each.id}", version=each.version)
        for each in tree.model.compilers
    )
    splitters = (
        (find_objcopy(plan.build.host, plan.compile.environment),) if plan.splits_debug else ()
    )
    return (
        *((_zig_row(toolchain.zig),) if toolchain.zig else ()),
        *compilers,
        *(
            InputRow(kind="tool", name=tool.name, version=tool.version)
            for tool in (*toolchain.tools, *splitters)
        ),
    )


def _zig_row(zig: Zig) -> InputRow:
    return InputRow(
        kind="toolchain",
        name="ziglang",
        version=zig.version,
        digest=f"sha256:{zig.digest}",
        wheel=f"sha256:{zig.wheel_sha256}" if zig.wheel_sha256 else None,
    )


def artifact_row(artifact: Artifact, kind: ArtifactKind) -> ArtifactRow:
    """Return what the manifest says of a published file."""
    return ArtifactRow(
        name=artifact.path.name,
        size=artifact.size,
        mode="0644",
        sha256=artifact.sha256,
        content_sha256=artifact.content_sha256,
        compressor=artifact.compressor,
        kind=kind.value,
    )


def _packed(artifacts: tuple[Artifact, ...], plan: HostPlan) -> str:
    """Say what was packed, by what, and what was not and why."""
    one = artifacts[0].path.name if len(artifacts) == 1 else _count(len(artifacts), "archive")
    compressors = dict.fromkeys(artifact.compressor for artifact in artifacts)
    kept = sum(artifact.kept for artifact in artifacts)
    number = f"{kept} " if kept < len(artifacts) else ""
    said = [f"{number}kept as packed before"] if kept else []
    return ", ".join([one, *compressors, *said, *plan.left_out])


def _rejection(what: str, staged: Stage, verdict: Verdict) -> str:
    errors = sum(
        finding.severity is Severity.ERROR
        for file in verdict.files
        for finding in (*file.findings, *(f for each in file.slices for f in each.findings))
    )
    found = _count(errors, "error")
    return f"the {what} is not what profile {staged.profile.name} demands: {found}"


def _changed(rows: tuple[ChangeRow, ...]) -> str:
    """Say what was changed in the images after they were linked."""
    fields = sorted({f"{row.field} {row.after}" for row in rows if row.field != "check sum"})
    return f"{', '.join(fields)} in {_count(len({row.path for row in rows}), 'image')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
