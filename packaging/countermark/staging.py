"""From a build tree to a stage: install, put programs where the profile wants them, set modes."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from countermark.errors import OutOfOrderError, StageError, WorkError
from countermark.packing.debug import Splitter, find_objcopy, split_debug
from countermark.plan import HostPlan
from countermark.process import Runner

if TYPE_CHECKING:
    from counterproof.profiles.placement import Placement
    from counterproof.profiles.profile import Profile

__all__ = ["Stage", "read_stage", "regular_files", "stage"]

_PROGRAM_MODE: Final = 0o755
_FILE_MODE: Final = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One host's install tree."""

    root: Path
    profile: Profile
    detected: bool
    """True when the profile was found out from the programs, not asked for."""
    moves: tuple[Placement, ...]
    """The programs that the suite installed elsewhere."""


def stage(plan: HostPlan, runner: Runner) -> Stage:
    """Install the built suite into a new, empty stage.

    Raises :class:`~countermark.errors.CommandError` when CMake cannot install, and
    :class:`StageError` when nothing or an empty program was installed.
    """
    try:
        for old in (plan.workspace.stage, plan.workspace.debug, plan.workspace.unsigned):
            shutil.rmtree(old, ignore_errors=True)
        plan.stage.mkdir(parents=True)
        for command in plan.install:
            runner.run(command, what="installing", log=plan.workspace.log)
        _refuse_empty(plan.stage)
        staged = _place(plan)
        if plan.splits_debug:
            _split(plan, runner)
        _set_modes(plan.stage)
        return staged
    except OSError as error:
        raise WorkError(
            f"the stage {plan.stage} cannot be made: {error.strerror}",
            hint="Check the free space and the permissions, then run it again.",
        ) from error


def read_stage(plan: HostPlan) -> Stage:
    """Return the stage of an earlier run.

    Raises :class:`OutOfOrderError` when there is none.
    """
    if not plan.stage.is_dir():
        raise OutOfOrderError(
            f"{plan.triple} is not staged yet", hint="Run 'countermark stage' for it first."
        )
    profile, detected = _profile(plan)
    return Stage(root=plan.stage, profile=profile, detected=detected, moves=())


def regular_files(root: Path) -> Iterator[Path]:
    """Yield the regular files below ``root`` in the order of their names; links are left out."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _split(plan: HostPlan, runner: Runner) -> None:
    environment = plan.compile.environment
    splitter = Splitter(
        objcopy=find_objcopy(plan.build.host, environment).program,
        environment=environment,
        runner=runner,
        log=plan.workspace.log,
    )
    split_debug(plan.stage, plan.debug, splitter)


def _refuse_empty(root: Path) -> None:
    files = tuple(regular_files(root))
    if not files:
        raise StageError(
            "nothing was installed",
            hint="Check the suite's install rules and the components in the configuration.",
        )
    for path in files:
        status = path.stat()
        if status.st_size == 0 and status.st_mode & stat.S_IXUSR:
            raise StageError(
                f"{path.relative_to(root)} is empty: its link failed",
                hint="Look for the linker's error in the log, then build again.",
            )


def _set_modes(root: Path) -> None:
    """Make modes independent of the umask: 0755 for directories and programs, 0644 for others."""
    for folder, _, names in os.walk(root):
        Path(folder).chmod(_PROGRAM_MODE)
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                program = path.stat().st_mode & stat.S_IXUSR
                path.chmod(_PROGRAM_MODE if program else _FILE_MODE)


def _place(plan: HostPlan) -> Stage:
    from counterproof import placements

    profile, detected = _profile(plan)
    files = (PurePosixPath(path.relative_to(plan.stage)) for path in regular_files(plan.stage))
    moves = placements(profile, files, plan.build.host.target)
    for move in moves:
        destination = plan.stage / move.destination
        destination.parent.mkdir(parents=True, exist_ok=True)
        (plan.stage / move.source).rename(destination)
    return Stage(root=plan.stage, profile=profile, detected=detected, moves=moves)


def _profile(plan: HostPlan) -> tuple[Profile, bool]:
    """Return the profile that was asked for, or the one that the staged programs call for."""
    if plan.build.profile is not None:
        return plan.build.profile, False
    from counterproof import detect_profile

    programs = [
        path.name for path in regular_files(plan.stage) if path.stat().st_mode & stat.S_IXUSR
    ]
    return detect_profile(programs, plan.build.host.platform), True
