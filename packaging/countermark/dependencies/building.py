"""Building dependencies, each once: what an earlier run has built the same way is taken."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from countermark.dependencies.clashes import refuse_clashes
from countermark.dependencies.generators import check_generators
from countermark.dependencies.planned import PlannedDependency, Site
from countermark.dependencies.sources import copy_source, refuse_missing
from countermark.errors import WorkError
from countermark.file_api import ask, read_model
from countermark.files import sha256_of
from countermark.plan import HostPlan
from countermark.process import Runner
from countermark.toolchains.wrappers import IN_BUILD_TREE, Change, changes_in

__all__ = ["build_dependencies", "changed_arguments", "is_built", "others_in_store"]

_RECORD: Final = ".countermark.json"
"""Stands in a prefix that is whole."""
_PACKAGE: Final = Path(__file__).parents[1]
_PATIENCE: Final = 0.2
"""Seconds between two looks at whether another run has built what is waited for."""


def build_dependencies(plan: HostPlan, runner: Runner) -> tuple[str, ...]:
    """Build what the suite needs for a host, and return the names of what had to be built.

    Raises :class:`~countermark.errors.CommandError` for a build that fails,
    :class:`~countermark.errors.ConfigurationError` for a source that is not the declared one, two
    versions of one library and a tool of a wrong version, and :class:`WorkError` for what installs
    outside its prefix.
    """
    supplies = plan.supplies
    for each in supplies.builds:
        if not is_built(each):
            refuse_missing(each.dependency)
    built = tuple(str(each) for each in supplies.builds if _provide(each, runner))
    refuse_clashes(supplies.libraries, plan.build.prefixes)
    check_generators(supplies.generators, plan.configure.environment)
    return built


def is_built(planned: PlannedDependency) -> bool:
    """Tell whether it is there, whole, and was built by compilers that are as they were."""
    try:
        record = json.loads((planned.site.prefix / _RECORD).read_bytes())
        inputs: dict[str, Any] = record["inputs"]
        return record["key"] == planned.site.key and all(
            sha256_of(Path(path)) == digest for path, digest in inputs.items()
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def changed_arguments(planned: PlannedDependency) -> tuple[Change, ...]:
    """Return the arguments that zig's compilers were not given as its build has them.

    Raises :class:`WorkError` when it is not built.
    """
    try:
        record = json.loads((planned.site.prefix / _RECORD).read_bytes())
        return tuple(Change(*each) for each in record["changed_arguments"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise WorkError(f"{planned} is not built: {error}", hint="Run it again.") from error


def others_in_store(planned: Iterable[PlannedDependency]) -> int:
    """Count what is there of the same that was built of other settings, or by another compiler."""
    count = 0
    for site in (each.site for each in planned):
        same = site.store.glob(f"{site.name}-{site.triple}-{'?' * 16}")
        count += sum(each != site.prefix for each in same)
    return count


def _provide(planned: PlannedDependency, runner: Runner) -> bool:
    """Build one, unless it is there; tell whether it had to be built."""
    site = planned.site
    site.store.mkdir(parents=True, exist_ok=True)
    with _lock(site, runner):
        if is_built(planned):
            return False
        for path in (site.prefix, site.work):
            shutil.rmtree(path, ignore_errors=True)
        site.work.mkdir(parents=True)
        site.log.write_bytes(b"")
        copy_source(planned.dependency, site.source, site.work)
        inputs = _run(planned, runner)
        _collect(planned)
        changes = changes_in(site.tree / IN_BUILD_TREE)
        record = {"key": site.key, "inputs": inputs, "changed_arguments": changes}
        installed = _installed(site)
        (installed / _RECORD).write_text(json.dumps(record), encoding="utf-8")
        installed.rename(site.prefix)
        shutil.rmtree(site.work)
        return True


@contextlib.contextmanager
def _lock(site: Site, runner: Runner) -> Iterator[None]:
    """Hold what is built for this run; wait for another run that builds the same."""
    with site.prefix.with_name(f"{site.prefix.name}.lock").open("a") as stream:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            runner.refuse_stopped()
            time.sleep(_PATIENCE)
        yield


def _run(planned: PlannedDependency, runner: Runner) -> dict[str, str]:
    """Configure, compile and install; return the digests of what is not of the dependency."""
    site = planned.site
    site.tree.mkdir()
    ask(site.tree)
    planned.toolchain.make_ready(planned.configure.environment, runner)
    hint = f"Correct its settings in the configuration; what it left is in {site.work}."
    runner.run(planned.configure, what=f"configuring {planned}", log=site.log, hint=hint)
    inputs = _configured(planned)
    runner.run(planned.compile, what=f"compiling {planned}", log=site.log, hint=hint)
    if planned.install is not None:
        runner.run(planned.install, what=f"installing {planned}", log=site.log, hint=hint)
    return inputs


def _configured(planned: PlannedDependency) -> dict[str, str]:
    """Refuse what would be installed elsewhere; return the digests of compilers and the like.

    Those of zig's are in the key already, wherever it lies.
    """
    site = planned.site
    model = read_model(site.tree, site.source)
    for _, place in model.absolute:
        if not Path(place).is_relative_to(site.prefix):
            raise _outside(planned, [place])
    if planned.toolchain.zig:
        return {}
    paths = [Path(path) for path in model.inputs]
    return {
        str(path): sha256_of(path)
        for path in paths
        if path.is_file() and not path.is_relative_to(_PACKAGE)
    }


def _installed(site: Site) -> Path:
    """Return where the prefix stands below the directory that stands for the root."""
    return site.staged / site.prefix.relative_to("/")


def _collect(planned: PlannedDependency) -> None:
    """Refuse what was installed outside the prefix, or nowhere.

    Some builds do not heed DESTDIR: what they put into the prefix itself is put where it should be.
    """
    site = planned.site
    if site.prefix.is_dir():
        shutil.copytree(site.prefix, _installed(site), symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(site.prefix)
    outside = _strays(site.staged, _installed(site))
    if outside:
        raise _outside(planned, outside)
    if not _installed(site).is_dir():
        raise WorkError(
            f"{planned} installs nothing",
            hint=f"It must install into its prefix, heeding DESTDIR; the log is {site.log}.",
        )


def _outside(planned: PlannedDependency, places: list[str]) -> WorkError:
    return WorkError(
        f"{planned} installs outside its prefix: {', '.join(places[:3])}",
        hint="Have it install to relative destinations, or below $PREFIX: an option of its build "
        f"may say where. The log is {planned.site.log}.",
    )


def _strays(staged: Path, prefix: Path) -> list[str]:
    """Return the files below the root that are not in the prefix."""
    found = []
    for folder, folders, names in os.walk(staged):
        folders[:] = sorted(name for name in folders if Path(folder, name) != prefix)
        found += [f"/{Path(folder, name).relative_to(staged)}" for name in sorted(names)]
    return found
