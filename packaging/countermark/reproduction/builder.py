"""The process that makes one build under its own conditions.

``python -m countermark.reproduction.builder JOB`` changes itself, copies the suite to where it is
to be built, and takes it through the flow. It stops between the steps to put down what there is,
for :mod:`~countermark.reproduction.culprit` to find the step that two builds parted at.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from countermark.errors import CountermarkError, foreseen
from countermark.process import answer
from countermark.reproduction.built import HostBuilt
from countermark.reproduction.conditions import Conditions
from countermark.reproduction.copies import copy_tree, listing
from countermark.reproduction.kernel import (
    enter_namespaces,
    load_to_fixed_addresses,
    mount_memory,
)

if TYPE_CHECKING:
    from countermark.configuration import Configuration
    from countermark.pipeline import Step
    from countermark.plan import ReleasePlan

__all__ = ["Job", "main"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One build."""

    work: str
    """The top of the work directory."""
    pristine: str
    """The directory whose copy is built; empty when nothing is to be built, and the conditions only
    to be brought about."""
    settings: str
    """The file that says what is built, where the copy is built to."""
    conditions: Conditions
    variables: dict[str, str]
    """What the environment of every program holds beside what the release gives it."""


def main(arguments: list[str]) -> int:
    """Make the build that the file named by the only argument describes."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    job = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Job)
    try:
        _bring_about(job.conditions)
        _copy(job)
        return _build(job) if job.pristine else 0
    except (CountermarkError, OSError) as error:
        print(foreseen(error), file=sys.stderr)
        return 3


def _bring_about(conditions: Conditions) -> None:
    if conditions.umask is not None:
        os.umask(conditions.umask)
    if conditions.cpus:
        os.sched_setaffinity(0, conditions.cpus)
    if not conditions.aslr:
        load_to_fixed_addresses()
    _enter(conditions)
    if conditions.hostname:
        socket.sethostname(conditions.hostname)


def _enter(conditions: Conditions) -> None:
    """Enter namespaces for what else would change the machine; root needs none to be allowed to."""
    uid = conditions.uid
    if uid is None and os.geteuid() != 0:
        uid = os.getuid()
    if conditions.hostname or conditions.reverse or conditions.uid is not None:
        names = bool(conditions.hostname)
        enter_namespaces(mounts=conditions.reverse, names=names, uid=uid)


def _copy(job: Job) -> None:
    conditions = job.conditions
    suite = Path(job.work, conditions.suite)
    suite.mkdir(parents=True)
    if conditions.reverse:
        mount_memory(suite)
    if job.pristine:
        copy_tree(
            Path(job.pristine),
            suite,
            reverse=conditions.reverse,
            modified=conditions.modified,
        )
        # Or every file would look changed to a suite that asks git without looking into them.
        git = ("git", "-C", str(suite), "update-index", "-q", "--refresh")
        if (suite / ".git").is_dir():
            answer(git, os.environ)


def _build(job: Job) -> int:
    from countermark.cli.flow import exit_of_hosts
    from countermark.flow import perform, prepare
    from countermark.pipeline import Step
    from countermark.render.text import describe_failures

    conditions, work = job.conditions, Path(job.work)
    out = work / conditions.out
    out.mkdir(parents=True, exist_ok=True)
    plan = prepare(_configure(job))
    order = "\n".join(listing(plan.configuration.suite))
    supply = (Step.SUPPLY, Step.CONFIGURE)
    for steps in (supply, (Step.BUILD, Step.STAGE), (Step.SIGN, Step.CHECK, Step.PACK)):
        release = perform(plan, steps)
        if any(outcome.error for outcome in release.hosts):
            print(describe_failures(release))
            return exit_of_hosts(release.hosts)
        _put_down(plan, steps[-1])
    (out / ".countermark" / "order").write_text(order, encoding="utf-8", errors="surrogateescape")
    return 0


def _configure(job: Job) -> Configuration:
    """Give the release its place, and the programs of the build the conditions."""
    from countermark.config import Options, resolve

    work = Path(job.work)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": ""}
    configuration = resolve(Options(config=Path(job.settings)), environment, work)
    return replace(configuration, environment={**configuration.environment, **job.variables})


def _put_down(plan: ReleasePlan, step: Step) -> None:
    """Keep what later steps would change: the names in the build tree, the unsigned stage."""
    from countermark.pipeline import Step

    for host in plan.hosts:
        built = HostBuilt(plan.workspace.out, host.triple, plan.configuration.label)
        if step is Step.CONFIGURE:
            files = (path for path in sorted(built.build.rglob("*")) if path.is_file())
            names = "\n".join(path.relative_to(built.build).as_posix() for path in files)
            built.configured.write_text(names, encoding="utf-8", errors="surrogateescape")
        elif step is Step.STAGE:
            # Signing writes every file anew, so a second name keeps what it was.
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(built.unsigned)
            shutil.copytree(built.stage, built.unsigned, symlinks=True, copy_function=os.link)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
