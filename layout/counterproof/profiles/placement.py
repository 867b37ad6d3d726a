"""Moving programs from where a suite installs them to where a profile wants them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from counterproof.errors import PlacementError
from counterproof.profiles.profile import Profile, Program
from counterproof.target import Form, Target

__all__ = ["Placement", "listed_program", "placements"]

_DIRECTORIES: Final = frozenset(map(PurePosixPath, (".", "bin", "lib", "libexec", "sbin")))
"""Where a program may be put, rightly or not; elsewhere (a shell completion in ``share/``) a file
with a program's name is something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One file to be moved; both paths are from the top of the tree."""

    source: PurePosixPath
    destination: PurePosixPath


def placements(
    profile: Profile, files: Iterable[PurePosixPath], target: Target
) -> tuple[Placement, ...]:
    """Say which of ``files`` must move, sorted by source; a tree in order needs no move.

    Raises :class:`PlacementError` when another file takes the destination already, or would after
    the moves; names that differ only in case are one name, as they are on macOS and Windows.
    """
    present = sorted(set(files))
    moves = tuple(
        Placement(source=path, destination=profile.place(program, target))
        for path in present
        if (program := listed_program(profile, path, target))
        and path != profile.place(program, target)
    )
    taken = {_key(path): path for path in present}
    for move in moves:
        occupant = taken.get(_key(move.destination))
        if occupant is not None and occupant != move.source:
            raise PlacementError(str(move.source), str(move.destination), str(occupant))
        taken[_key(move.destination)] = move.source
    return moves


def listed_program(
    profile: Profile, path: PurePosixPath, target: Target, form: Form = "install"
) -> Program | None:
    """Give the profile's program that the file at ``path`` is by its name, in place or not."""
    if path.parent not in _DIRECTORIES and path.parent not in profile.homes(form):
        return None
    name = target.program_name(path.name)
    listed = profile.programs_for(target.platform, form)
    return next((item for item in listed if item.name == name), None)


def _key(path: PurePosixPath) -> str:
    return path.as_posix().casefold()
