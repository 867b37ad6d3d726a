"""What a codesigner is given: programs without signatures, and the scripts that sign them.

The layout is that of Bitcoin Core's ``-codesigning`` archives, without what a suite does not bring:
below ``./`` the release's directory, for Windows in ``unsigned/``, and from ``contrib/`` the
script and the certificate with which ``detached-sig-create.sh`` makes detached signatures.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from countermark.errors import WorkError
from countermark.packing.members import Member, list_members, member_at
from counterproof.target import Platform
from countersign.batch import Job
from countersign.discovery import find_linked_images
from countersign.errors import SigningError

__all__ = ["codesigning_members", "copy_unsigned"]

_SCRIPTS: Final[Mapping[Platform, str]] = {
    "darwin": "contrib/macdeploy/detached-sig-create.sh",
    "windows": "contrib/windeploy",
}
"""From the top of the suite: a file, or a directory whose files are given."""


def copy_unsigned(stage: Path, unsigned: Path) -> None:
    """Make ``unsigned`` a copy of the stage in which no Mach-O has a signature, the linker's
    neither.

    Raises :class:`WorkError` for one that cannot be removed.
    """
    from countersign.unsigner import unsign_files

    shutil.rmtree(unsigned, ignore_errors=True)
    shutil.copytree(stage, unsigned, symlinks=True)
    try:
        jobs = [Job(names=names) for names in find_linked_images(unsigned)]
        for outcome in unsign_files(jobs, force=True):
            if outcome.error is not None:
                raise outcome.error
    except SigningError as error:
        raise WorkError(f"a signature cannot be removed: {error}", hint=error.hint) from error


def codesigning_members(
    unsigned: Path, label: str, suite: Path, platform: Platform
) -> Iterator[Member]:
    """Yield what is given to the codesigner of a platform; ``unsigned`` is without signatures."""
    yield member_at(unsigned, ".")
    place = "."
    if platform == "windows":
        place = "./unsigned"
        yield member_at(unsigned, place)
    yield from list_members(unsigned, f"{place}/{label}")
    script = suite / _SCRIPTS[platform]
    if script.is_file():
        yield member_at(script, f"./{script.name}")
    elif script.is_dir():
        for member in list_members(script, "."):
            if member.name != ".":
                yield member
