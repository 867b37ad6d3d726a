"""The front doors of the flow: a whole release, or one part of it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from countermark import __version__
from countermark.configuration import Configuration, effective_settings
from countermark.describe import Describer
from countermark.errors import foreseen
from countermark.files import sha256_of, write_whole
from countermark.manifest import Ledger, Manifest
from countermark.packing.artifacts import ArtifactKind
from countermark.packing.debug import find_objcopy
from countermark.packing.press import Press
from countermark.packing.shelf import Shelf
from countermark.packing.sourceball import pack_source
from countermark.pipeline import HostOutcome, Progress, Silent, Step, run_hosts
from countermark.plan import ReleasePlan, plan_release
from countermark.process import Runner
from countermark.settings import format_settings
from countermark.tools import find_build_tools
from countermark.worker import Worker, Workshop, artifact_row

if TYPE_CHECKING:
    from countermark.publication.documents import Documents

__all__ = [
    "ALL_STEPS",
    "BUILD_STEPS",
    "PACK_STEPS",
    "STAGE_STEPS",
    "Release",
    "build",
    "describe",
    "pack",
    "perform",
    "prepare",
    "release",
    "stage",
]

ALL_STEPS: Final = tuple(Step)
BUILD_STEPS: Final = (Step.SUPPLY, Step.CONFIGURE, Step.BUILD)
STAGE_STEPS: Final = (Step.STAGE,)
PACK_STEPS: Final = (Step.CHECK, Step.PACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a run of the flow left."""

    plan: ReleasePlan
    steps: tuple[Step, ...]
    hosts: tuple[HostOutcome, ...]
    manifest: Manifest
    documents: Documents
    """What was written about it."""


def prepare(configuration: Configuration) -> ReleasePlan:
    """Decide everything about a release and change nothing.

    Raises :class:`~countermark.errors.MissingToolError` when a tool is missing, and
    :class:`~countermark.errors.ConfigurationError` when the output directory is a file.
    """
    plan = plan_release(configuration, find_build_tools(configuration.environment))
    plan.workspace.refuse_file()
    for host in plan.hosts:
        if host.splits_debug:  # or it would be missed only after everything was compiled
            find_objcopy(host.build.host, configuration.environment)
    return plan


def describe(plan: ReleasePlan, steps: tuple[Step, ...] = ALL_STEPS) -> tuple[Describer, ...]:
    """Go through the flow with executors that only describe it."""
    describers = tuple(Describer(plan=host, release=plan) for host in plan.hosts)
    run_hosts(describers, steps, Silent(), lambda: None)
    return describers


def perform(
    plan: ReleasePlan, steps: tuple[Step, ...] = ALL_STEPS, progress: Progress | None = None
) -> Release:
    """Take ``steps`` for every host of the plan, under the lock of its output directory.

    What goes wrong for one host is in its outcome and does not stop the others. Raises
    :class:`~countermark.errors.BusyError`, and :class:`~countermark.errors.WorkError` when the
    directory cannot be written to.
    """
    try:
        return _perform(plan, steps, progress or Silent())
    except OSError as error:
        raise foreseen(error) from error


def _perform(plan: ReleasePlan, steps: tuple[Step, ...], progress: Progress) -> Release:
    with plan.workspace.lock() as lock:
        _write_settings(plan)
        # Sums that name archives of two different runs must not be there at any moment.
        before = plan.workspace.take_sums()
        runner, ledger = Runner(kept=(lock,)), Ledger(plan, f"countermark {__version__}")
        if Step.PACK in steps:
            _pack_source(plan, runner, ledger)
        with Workshop.open(plan, runner, ledger) as workshop:
            workers = tuple(Worker(host, workshop) for host in plan.hosts)
            outcomes = run_hosts(workers, steps, progress, runner.stop)
        documents = _document(plan, steps, ledger.manifest, before)
    return Release(
        plan=plan, steps=steps, hosts=outcomes, manifest=ledger.manifest, documents=documents
    )


def release(configuration: Configuration, progress: Progress | None = None) -> Release:
    """Build, stage, sign, check and pack everything; see :func:`perform`."""
    return perform(prepare(configuration), ALL_STEPS, progress)


def build(configuration: Configuration, progress: Progress | None = None) -> Release:
    """Configure and compile for every host; see :func:`perform`."""
    return perform(prepare(configuration), BUILD_STEPS, progress)


def stage(configuration: Configuration, progress: Progress | None = None) -> Release:
    """Install what was built for every host; see :func:`perform`."""
    return perform(prepare(configuration), STAGE_STEPS, progress)


def pack(configuration: Configuration, progress: Progress | None = None) -> Release:
    """Check the stages of every host and pack those accepted; see :func:`perform`."""
    return perform(prepare(configuration), PACK_STEPS, progress)


def _write_settings(plan: ReleasePlan) -> None:
    text = format_settings(effective_settings(plan.configuration))
    heading = "# What the latest run here was made with; --config makes the same again.\n\n"
    write_whole(
        plan.workspace.settings, (heading + text).encode(), temporary=plan.workspace.temporary
    )


def _pack_source(plan: ReleasePlan, runner: Runner, ledger: Ledger) -> None:
    """Pack the source when it is asked for, first, for nothing is worth building without it."""
    shelf = Shelf(plan.workspace.shelf)
    if not plan.packs_source:
        plan.source.unlink(missing_ok=True)  # an earlier run may have been asked for it
        ledger.common(())
        return
    press = Press(
        temporary=plan.workspace.temporary,
        environment=plan.configuration.environment,
        runner=runner,
        log=plan.workspace.log,
    )
    shelf.take_down([plan.source])
    packed = pack_source(plan.configuration, plan.source, press, shelf)
    ledger.common((artifact_row(packed, ArtifactKind.SOURCE),))


def _archives(plan: ReleasePlan, manifest: Manifest) -> dict[str, str]:
    """Return the digest of every archive of the release that is there as the manifest says."""
    accepted = (host.artifacts for host in manifest.hosts if host.status == "accepted")
    digests = {
        artifact.name: artifact.sha256
        for artifact in itertools.chain(manifest.artifacts, *accepted)
    }
    out = plan.workspace.out
    return {
        name: digest
        for name, digest in digests.items()
        if (out / name).is_file() and sha256_of(out / name) == digest
    }


def _document(
    plan: ReleasePlan, steps: tuple[Step, ...], manifest: Manifest, before: bytes | None
) -> Documents:
    """Write what the release says of itself; nothing, where nothing is or was packed."""
    from countermark.publication.documents import Documents, write_documents

    archives, packed = _archives(plan, manifest), Step.PACK in steps
    if not packed and not archives and before is None:
        return Documents()
    return write_documents(plan.workspace, archives, before, plan.configuration, packed=packed)
