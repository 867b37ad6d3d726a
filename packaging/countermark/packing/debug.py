"""Debug information in files of its own, as Bitcoin Core's ``split-debug.sh`` makes them.

A program keeps a link, the name and the check sum of the file that holds what was taken from it;
debuggers look for that file beside the program. Every program is split wherever it stands:
Bitcoin Core's release candidate 30.0rc1 left out ``libexec/`` (its #33342).
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.errors import MissingToolError, StageError
from countermark.hosts import Host, native_triple
from countermark.packing.members import Member, list_members
from countermark.process import Command, Runner
from countermark.tools import Tool, find_program, version_of
from countersign.discovery import identify_file
from countersign.image import ImageFormat

__all__ = ["Splitter", "debug_members", "find_objcopy", "split_debug"]

_SUFFIX: Final = ".dbg"
_SPLIT: Final = (ImageFormat.ELF, ImageFormat.PE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitter:
    """With what programs are split."""

    objcopy: Path
    environment: Mapping[str, str]
    runner: Runner
    log: Path

    def run(self, *arguments: str) -> None:
        """Run objcopy."""
        command = Command(argv=(str(self.objcopy), *arguments), environment=self.environment)
        self.runner.run(command, what="splitting debug information", log=self.log)


def find_objcopy(host: Host, environment: Mapping[str, str]) -> Tool:
    """Find an objcopy for the host's programs: its own, the machine's for itself, or LLVM's.

    Which one it is shows in the programs. Raises :class:`MissingToolError` when there is none.
    """
    native = host.triple == native_triple(platform.system(), platform.machine())
    machines = ("objcopy",) if native else ()
    for name in (f"{host.triple}-objcopy", *machines, "llvm-objcopy"):
        program = find_program(name, environment)
        if program is not None:
            return Tool(name=name, program=program, version=version_of(program, environment))
    raise MissingToolError(
        f"debug information of {host.triple} cannot be split: there is no {host.triple}-objcopy "
        "and no llvm-objcopy",
        hint="Install one, for example: apt-get install llvm; or leave out --artifact debug.",
    )


def split_debug(stage: Path, debug: Path, splitter: Splitter) -> int:
    """Move the debug information of every program below ``stage`` to files below ``debug``.

    Returns how many there are. Raises :class:`StageError` when there is no program, and
    :class:`~countermark.errors.CommandError` when one cannot be split.
    """
    shutil.rmtree(debug, ignore_errors=True)
    programs = sorted(_programs(stage))
    for program in programs:
        place = debug / program.relative_to(stage)
        place.parent.mkdir(parents=True, exist_ok=True)
        split = place.with_name(f"{place.name}{_SUFFIX}")
        splitter.run("--only-keep-debug", str(program), str(split))
        splitter.run("--strip-all", f"--add-gnu-debuglink={split}", str(program))
    if not programs:
        raise StageError(
            "no program was installed, so there is no debug information to split",
            hint="Leave out --artifact debug.",
        )
    return len(programs)


def debug_members(debug: Path, name: str) -> Iterator[Member]:
    """Yield the files of debug information without their directories, as Guix packs them."""
    return (member for member in list_members(debug, name) if member.name.endswith(_SUFFIX))


def _programs(stage: Path) -> Iterator[Path]:
    for member in list_members(stage, stage.name):
        if not member.directory and not member.link:
            image = identify_file(member.path)
            if image is not None and image.format in _SPLIT:
                yield member.path
