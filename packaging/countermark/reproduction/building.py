"""Making builds of one suite, one after another, in a directory that is only for that."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from countermark.configuration import Configuration, effective_settings
from countermark.errors import CommandError, ConfigurationError, WorkError
from countermark.plan import ReleasePlan
from countermark.process import Command, Runner
from countermark.reproduction.attempt import Attempt
from countermark.reproduction.builder import Job
from countermark.reproduction.conditions import Conditions
from countermark.reproduction.copies import PristineSuite, copy_suite
from countermark.reproduction.machine import Machine
from countermark.reproduction.variables import builder_variables, program_variables
from countermark.reproduction.variations import Variation, vary
from countermark.settings import DependencySettings, HostSettings, Settings, format_settings

__all__ = ["Builds", "Tell", "work_directory"]

Tell = Callable[[str], None]
"""Is told what is done, before it is done."""


@contextlib.contextmanager
def work_directory(keep: Path | None, environment: Mapping[str, str]) -> Iterator[Path]:
    """Give a new directory: ``keep``, which stays, or one that is taken away at the end.

    Raises :class:`ConfigurationError` when ``keep`` is in use.
    """
    if keep is not None:
        if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
            raise ConfigurationError(f"{keep} is not empty", hint="Name a new directory.")
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    parent = environment.get("TMPDIR") or None
    work = Path(tempfile.mkdtemp(prefix="countermark-reproduce-", dir=parent)).resolve()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@dataclass(slots=True, kw_only=True)
class Builds:
    """The builds of one suite, each in a process of its own."""

    plan: ReleasePlan
    pristine: PristineSuite
    work: Path
    environment: Mapping[str, str]
    """What the user's programs are given."""
    machine: Machine
    tell: Tell
    made: int = 0
    """How many were made."""
    _runner: Runner = field(default_factory=Runner)

    @classmethod
    def of(
        cls,
        plan: ReleasePlan,
        work: Path,
        environment: Mapping[str, str],
        machine: Machine,
        tell: Tell,
    ) -> Builds:
        """Copy the suite of a plan; raises :class:`WorkError` when it cannot be copied."""
        configuration = plan.configuration
        pristine = copy_suite(
            configuration.suite,
            configuration.source,
            work / "pristine",
            out=configuration.out,
            environment=configuration.environment,
        )
        return cls(
            plan=plan,
            pristine=pristine,
            work=work,
            environment=environment,
            machine=machine,
            tell=tell,
        )

    def obstacle(self, variation: Variation) -> str:
        """Say why something cannot be varied here, trying it where only that tells."""
        obstacle = variation.obstacle(self.machine)
        if obstacle or not variation.tried:
            return obstacle
        conditions = msgspec.structs.replace(
            vary((variation.name,), self.machine, 1), suite="trial/suite", out="trial/out"
        )
        log = self.work / "trial.log"
        log.unlink(missing_ok=True)
        try:
            self._run(conditions, log, pristine="")
        except CommandError as error:
            return error.tail[-1].strip() if error.tail else "it could not be tried"
        finally:
            shutil.rmtree(self.work / "trial", ignore_errors=True)
        return ""

    def make(self, names: tuple[str, ...], number: int, words: str) -> Attempt:
        """Make one build with the named variations, and put away what it left.

        ``words`` say what is special about it. Raises :class:`WorkError` when it fails.
        """
        self.made += 1
        self.tell(f"build {self.made}: {words}")
        conditions = vary(names, self.machine, number)
        log = self.work / f"build-{self.made}.log"
        start = time.monotonic()
        try:
            self._run(conditions, log, pristine=str(self.pristine[0]))
        except CommandError as error:
            raise _failed(words, error) from error
        seconds = time.monotonic() - start
        kept = self.work / "kept" / str(self.made)
        kept.parent.mkdir(exist_ok=True)
        (self.work / conditions.out).rename(kept)
        shutil.rmtree(self.work / Path(conditions.suite).parts[0])
        return Attempt(
            number=number,
            names=names,
            conditions=conditions,
            out=kept,
            made_at=self.work / conditions.out,
            seconds=seconds,
        )

    def _run(self, conditions: Conditions, log: Path, *, pristine: str) -> None:
        """Run the process that makes a build. Raises :class:`CommandError`."""
        settings, description = self.work / "settings.toml", self.work / "job.json"
        settings.write_text(format_settings(self._settings(conditions)), encoding="utf-8")
        for name in (conditions.home, conditions.temporary):
            (self.work / name).mkdir(parents=True, exist_ok=True)
        job = Job(
            work=str(self.work),
            pristine=pristine,
            settings=str(settings),
            conditions=conditions,
            variables=program_variables(conditions, self.machine),
        )
        description.write_bytes(msgspec.json.encode(job))
        command = Command(
            argv=(sys.executable, "-m", "countermark.reproduction.builder", str(description)),
            environment={
                **builder_variables(conditions, self.work, self.environment),
                "COUNTERMARK_CACHE_DIR": str(self.plan.configuration.cache),
            },
            directory=self.work,
        )
        self._runner.run(command, what="building", log=log)

    def _settings(self, conditions: Conditions) -> Settings:
        top, suite = self.pristine
        return _moved(
            self.plan.configuration,
            pristine=suite,
            suite=self.work / conditions.suite / suite.relative_to(top),
            out=self.work / conditions.out,
        )


def _moved(configuration: Configuration, *, pristine: Path, suite: Path, out: Path) -> Settings:
    """Return the settings that build a copy of a suite as the suite itself would be built."""

    def place(name: str | None) -> str | None:
        """Give the place of a file of the suite in the copy, if it was copied."""
        path = Path(name or "")
        if name is None or not path.is_relative_to(configuration.suite):
            return name
        relative = path.relative_to(configuration.suite)
        return str(suite / relative) if (pristine / relative).exists() else name

    def host(own: HostSettings) -> HostSettings:
        return msgspec.structs.replace(
            own,
            toolchain=place(own.toolchain),
            profile=place(own.profile),
            prefix=tuple(place(each) or "" for each in own.prefix),
        )

    def dependency(own: DependencySettings) -> DependencySettings:
        return msgspec.structs.replace(own, source=place(own.source) or "")

    settings = effective_settings(configuration)
    return msgspec.structs.replace(
        settings,
        suite=str(suite),
        out=str(out),
        hosts={triple: host(own) for triple, own in settings.hosts.items()},
        dependencies=tuple(map(dependency, settings.dependencies)),
        tools={
            name: msgspec.structs.replace(tool, program=place(tool.program))
            for name, tool in settings.tools.items()
        },
    )


def _failed(words: str, error: CommandError) -> WorkError:
    last = "".join(f"\n  {line}" for line in error.tail if line.strip())
    return WorkError(
        f"the build {words} failed:{last}",
        hint="Build it by 'countermark release' first. If that succeeds, one of the variations is "
        "more than the suite bears: name fewer with --vary, or look at what --keep keeps.",
    )
