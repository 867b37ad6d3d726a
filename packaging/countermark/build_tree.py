"""From a suite to a build tree: configure and compile with CMake and Ninja."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from countermark.borrowing import refuse_borrowed
from countermark.built_for import check_built_for
from countermark.configuration import LINKS
from countermark.errors import ConfigurationError, OutOfOrderError, nearest
from countermark.file_api import BuildModel, ask, read_model
from countermark.files import sha256_of
from countermark.plan import HostPlan
from countermark.process import Runner

__all__ = ["BuildTree", "build", "configure", "read_build_tree"]

_RECORD: Final = "countermark-configured.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTree:
    """A configured, compiled build tree."""

    directory: Path
    model: BuildModel


def configure(plan: HostPlan, runner: Runner) -> None:
    """Configure the suite anew, unless nothing has changed since it was; start a new log.

    Ninja alone would keep too much: it compares times, so it misses an older file in the place of
    a newer one, another compiler of the same name, and a preset. Raises
    :class:`~countermark.errors.CommandError` when CMake refuses, and
    :class:`ConfigurationError` for a component that the suite does not have, one that would be
    installed to an absolute place: on this machine, and not into the stage, for a toolchain that
    is for another host, and for a library of this machine in a build for another.
    """
    tree, log = plan.workspace.build, plan.workspace.log
    plan.build.toolchain.make_ready(plan.configure.environment, runner)
    if plan.wrappers:
        plan.wrappers.write()
    wanted = _determinants(plan)
    if not _is_current(tree, wanted):
        if tree.exists():
            shutil.rmtree(tree)
        if plan.wrappers:
            plan.wrappers.forget()
        tree.mkdir(parents=True)
        ask(tree)
        log.write_bytes(b"")
        runner.run(
            plan.configure,
            what="configuring",
            log=log,
            hint="Correct the suite or its CMake options, then run it again.",
        )
        record = {"determinants": wanted, "inputs": _digests(_inputs(plan))}
        (tree / _RECORD).write_text(json.dumps(record), encoding="utf-8")
    else:
        log.write_bytes(b"")
    model = read_model(tree, plan.suite)
    if model.compilers:
        check_built_for(tree, plan.build.host, str(plan.build.toolchain))
    _check_components(plan.components, model.components)
    _check_destinations(plan.components, model.absolute)
    refuse_borrowed(plan)


def build(plan: HostPlan, runner: Runner) -> BuildTree:
    """Compile the configured suite.

    Raises :class:`~countermark.errors.CommandError` with the first error of the compiler.
    """
    runner.run(
        plan.compile,
        what="compiling",
        log=plan.workspace.log,
        hint="Correct the first error above, then run it again.",
    )
    tree = read_build_tree(plan)
    with contextlib.suppress(OSError):  # without it, the next build's end is less well foretold
        shutil.copyfile(tree.directory / ".ninja_log", plan.workspace.times)
    return tree


def read_build_tree(plan: HostPlan) -> BuildTree:
    """Return the build tree of an earlier run.

    Raises :class:`OutOfOrderError` when there is none.
    """
    if _recorded(plan.workspace.build) is None:
        raise OutOfOrderError(
            f"{plan.triple} is not built yet", hint="Run 'countermark build' for it first."
        )
    return BuildTree(
        directory=plan.workspace.build, model=read_model(plan.workspace.build, plan.suite)
    )


def _determinants(plan: HostPlan) -> dict[str, object]:
    """Return all that is known to shape a build tree before CMake has run."""
    toolchain = plan.build.toolchain
    return {
        "source": plan.source_digest,
        "command": list(plan.configure.argv),
        "environment": _without_paths_of_users(plan.configure.environment),
        "toolchain": toolchain.zig.digest if toolchain.zig else str(toolchain),
    }


def _inputs(plan: HostPlan) -> list[str]:
    """Return the files from outside the suite; zig's own digest is among the determinants."""
    toolchain = plan.build.toolchain
    known = str(toolchain.zig.program) if toolchain.zig else None
    paths = read_model(plan.workspace.build, plan.suite).inputs
    tools = (str(tool.program) for tool in toolchain.tools)
    return sorted({*(path for path in paths if path != known), *tools})


def _is_current(tree: Path, wanted: dict[str, object]) -> bool:
    record = _recorded(tree)
    return (
        record is not None
        and record.get("determinants") == wanted
        and (tree / "build.ninja").is_file()
        and _digests(record["inputs"]) == record["inputs"]
    )


def _digests(paths: Iterable[str]) -> dict[str, str | None]:
    """Return the SHA-256 of each file, or None for one that is not there."""
    return {path: sha256_of(Path(path)) if Path(path).is_file() else None for path in paths}


def _without_paths_of_users(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out what changes from shell to shell and does not reach the output."""
    quiet = ("HOME", "LOGNAME", "TEMP", "TMP", "TMPDIR", "USER", LINKS)
    return {name: value for name, value in environment.items() if name not in quiet}


def _recorded(tree: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((tree / _RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and "inputs" in record else None


def _check_components(wanted: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in wanted:
        if name not in known:
            raise ConfigurationError(
                f"the suite has no install component '{name}'{nearest(name, known)}",
                hint=f"Its components: {', '.join(known) or 'none'}.",
            )


def _check_destinations(wanted: tuple[str, ...], absolute: tuple[tuple[str, str], ...]) -> None:
    for component, place in absolute:
        if not wanted or component in wanted:
            raise ConfigurationError(
                f"the suite installs component '{component}' to {place}, outside any stage",
                hint="Give install() a relative DESTINATION, or leave the component out.",
            )
