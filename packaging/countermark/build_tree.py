"""From a suite to a build tree: configure and compile with CMake and Ninja."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.errors import ConfigurationError, WorkError, nearest
from countermark.file_api import BuildModel, ask, read_model
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
    """Configure the suite, unless the very same was done before; start a new log.

    Ninja itself runs CMake again when a CMakeLists.txt changed. Raises
    :class:`~countermark.errors.CommandError` when CMake refuses, and
    :class:`ConfigurationError` for a component that the suite does not have.
    """
    try:
        _configure(plan, runner)
    except OSError as error:
        raise WorkError(
            f"{plan.workspace.root} cannot be written to: {error.strerror}",
            hint="Check the free space and the permissions, then run it again.",
        ) from error
    _check_components(plan.components, read_model(plan.workspace.build).components)


def _configure(plan: HostPlan, runner: Runner) -> None:
    tree = plan.workspace.build
    wanted = _determinants(plan)
    known = _recorded(tree)
    if known is None or any(known.get(key) != wanted[key] for key in ("environment", "toolchain")):
        # Ninja would keep objects of another compiler or another time.
        shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True, exist_ok=True)
    plan.workspace.log.write_bytes(b"")
    if known == wanted:
        return
    (tree / _RECORD).unlink(missing_ok=True)
    ask(tree)
    command = plan.configure
    if (tree / "CMakeCache.txt").exists():
        command = type(command)(
            argv=(command.argv[0], "--fresh", *command.argv[1:]), environment=command.environment
        )
    runner.run(command, what="configuring", log=plan.workspace.log, hint=_HINT)
    (tree / _RECORD).write_text(json.dumps(wanted), encoding="utf-8")


_HINT: Final = "Correct the suite or its CMake options, then run it again."


def build(plan: HostPlan, runner: Runner) -> BuildTree:
    """Compile the configured suite.

    Raises :class:`~countermark.errors.CommandError` with the first error of the compiler.
    """
    runner.run(
        plan.compile,
        what="compiling",
        log=plan.workspace.log,
        hint="Correct the first error above, then run it again; what is built stays built.",
    )
    return read_build_tree(plan)


def read_build_tree(plan: HostPlan) -> BuildTree:
    """Return the build tree of an earlier run.

    Raises :class:`WorkError` when there is none.
    """
    if _recorded(plan.workspace.build) is None:
        raise WorkError(
            f"{plan.triple} is not built yet", hint="Run 'countermark build' for it first."
        )
    return BuildTree(directory=plan.workspace.build, model=read_model(plan.workspace.build))


def _determinants(plan: HostPlan) -> dict[str, object]:
    """Return all that a configured tree depends on, apart from the suite itself."""
    toolchain = plan.build.toolchain
    return {
        "command": list(plan.configure.argv),
        "environment": _without_paths_of_users(plan.configure.environment),
        "toolchain": [
            toolchain.zig.digest if toolchain.zig else str(toolchain),
            *(file.read_text(encoding="utf-8", errors="replace") for file in toolchain.files),
        ],
    }


def _without_paths_of_users(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out what changes from shell to shell and does not reach the output."""
    quiet = ("HOME", "LOGNAME", "TEMP", "TMP", "TMPDIR", "USER")
    return {name: value for name, value in environment.items() if name not in quiet}


def _recorded(tree: Path) -> dict[str, object] | None:
    try:
        record = json.loads((tree / _RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _check_components(wanted: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in wanted:
        if name not in known:
            raise ConfigurationError(
                f"the suite has no install component '{name}'{nearest(name, known)}",
                hint=f"Its components: {', '.join(known) or 'none'}.",
            )
