"""Configuring a copy of a suite, to see what CMake makes of it.

The commands are those of a release of the copy; only what listens is added. Nothing is compiled
but CMake's own checks, nothing is downloaded, and the checkout itself is only read.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from countermark.config import Options, resolve
from countermark.errors import WorkError
from countermark.file_api import ask
from countermark.flow import prepare
from countermark.initial.answers import FATES, Answers, write_answers
from countermark.initial.trace import Call, read_trace
from countermark.plan import HostPlan
from countermark.process import Command, measure
from countermark.settings import FILE_NAME, CMakeValue
from countermark.source import list_source

__all__ = ["Laboratory", "Probe", "copy_files"]

_PROVIDER: Final = Path(__file__).parent / "provider.cmake"
_PATIENCE: Final = 1800.0
"""Seconds that CMake may take."""
_NOWHERE: Final = "http://127.0.0.1:9"
"""What stands for the network: nothing listens there."""
_MOST_NAMES: Final = 1000
"""Files that a command line names to choose what is traced, and links that are laid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One run of CMake over the copy, for one host."""

    triple: str
    build: Path
    """The build tree; it has answers of the File API when the run came to its end."""
    calls: tuple[Call, ...]
    """What CMake did in the suite's own files, as far as it came."""
    packages: Mapping[str, str]
    """What became of every package: ``found``, ``answered`` or ``missing``."""
    output: str
    """What CMake said; the suite's files are named from its top."""
    problem: str
    """Why CMake did not come to its end; empty when it did."""

    @property
    def done(self) -> bool:
        """True when there is a whole build tree."""
        return not self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """A temporary directory with a copy of a suite."""

    original: Path
    """The suite."""
    directory: Path
    environment: Mapping[str, str]
    """That of the caller."""

    @property
    def suite(self) -> Path:
        """The copy, in a directory of the same name as the suite's, and that in another."""
        return self.directory.joinpath("tree", *self.original.parts[-2:])

    def move_in(self) -> None:
        """Copy the suite, and lay links beside it to what stands beside it and its directory.

        A suite that is a part of a project, such as its ``build/cmake``, reaches out to the rest.
        Raises :class:`WorkError` when something cannot be read.
        """
        copy_files(self.original, self.suite, self.environment)
        for original, place in zip(self.original.parents[:2], self.suite.parents, strict=False):
            _link_others(original, place)

    def probe(self, triple: str, cmake: Mapping[str, CMakeValue], answers: Answers) -> Probe:
        """Configure the copy for a host; what earlier runs checked is not checked again.

        Raises :class:`~countermark.errors.CountermarkError` when the toolchain cannot build for
        it, or a tool is missing.
        """
        room = self.directory / triple
        room.mkdir(exist_ok=True)
        includes = (write_answers(answers, room), _PROVIDER)
        plan = self._plan(triple, cmake, includes)
        build, trace, log = plan.workspace.build, room / "trace.json", room / "log"
        build.mkdir(parents=True, exist_ok=True)
        if plan.wrappers:
            plan.wrappers.write()
        ask(build)
        trace.write_bytes(b"")
        ended = measure(self._command(plan, trace), log=log, seconds=_PATIENCE)
        output = log.read_bytes().decode(errors="replace")
        return Probe(
            triple=triple,
            build=build,
            calls=read_trace(trace, self.suite),
            packages=_fates(room),
            output=output.replace(f"{self.suite}/", ""),
            problem=ended.problem,
        )

    def _plan(
        self,
        triple: str,
        cmake: Mapping[str, CMakeValue],
        includes: tuple[Path, ...],
    ) -> HostPlan:
        entries = {name: _word(value) for name, value in cmake.items()}
        entries["CMAKE_PROJECT_TOP_LEVEL_INCLUDES"] = ";".join(map(str, includes))
        # Without any root, CMake would look for libraries and headers in this machine's own /usr.
        entries["CMAKE_FIND_ROOT_PATH"] = str(_folder(self.directory / "nothing"))
        entries["FETCHCONTENT_FULLY_DISCONNECTED"] = "ON"
        options = Options(
            suite=self.suite,
            name="suite",
            version="0",
            out=self.directory / "out",
            hosts=(triple,),
            cmake=tuple(entries.items()),
        )
        environment = {**self.environment, "SOURCE_DATE_EPOCH": "0"}
        return prepare(resolve(options, environment, self.directory)).hosts[0]

    def _command(self, plan: HostPlan, trace: Path) -> Command:
        listening = (
            *("-Wno-dev", "--no-warn-unused-cli"),
            *("--trace-expand", "--trace-format=json-v1", f"--trace-redirect={trace}"),
            *(f"--trace-source={name}" for name in _cmake_files(self.suite)),
        )
        environment = {
            **plan.configure.environment,
            "HOME": str(_folder(self.directory / "home")),  # no registry of packages, no settings
            **{f"{scheme}_proxy": _NOWHERE for scheme in ("http", "https", "ftp", "all")},
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_CEILING_DIRECTORIES": str(self.directory),
        }
        return Command(argv=(*plan.configure.argv, *listening), environment=environment)


def copy_files(suite: Path, target: Path, environment: Mapping[str, str]) -> None:
    """Copy the files of a suite, without its repository and its ``countermark.toml``.

    Raises :class:`WorkError` when one cannot be read.
    """
    files = list_source(suite, out=suite / "dist", environment=environment)
    try:
        target.mkdir(parents=True)
        for file in files:
            if file != suite / FILE_NAME:
                _copy(file, target / file.relative_to(suite))
    except (OSError, shutil.Error) as error:
        raise WorkError(
            f"{suite} cannot be read: {error}", hint="Check the permissions of its files."
        ) from error


def _link_others(original: Path, place: Path) -> None:
    """Link what is in a directory, but what is there already, and what is hidden."""
    with contextlib.suppress(OSError):
        for entry in sorted(original.iterdir())[:_MOST_NAMES]:
            if not entry.name.startswith(".") and not (place / entry.name).exists():
                (place / entry.name).symlink_to(entry)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():  # of another repository, as a submodule is
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    elif source.is_file() or source.is_symlink():
        shutil.copy2(source, target, follow_symlinks=False)
        if not target.is_symlink():
            target.chmod(target.stat().st_mode | 0o600)


def _cmake_files(suite: Path) -> tuple[str, ...]:
    """Name the suite's files that CMake may read; all that it reads is traced if they are many."""
    found = chain(suite.rglob("CMakeLists.txt"), suite.rglob("*.cmake"))
    names = tuple(sorted({path.name for path in found}))
    return names if len(names) <= _MOST_NAMES else ()


def _fates(room: Path) -> Mapping[str, str]:
    """Return what became of each package the last time that it was looked for."""
    lines = (room / FATES).read_text(encoding="utf-8", errors="replace").splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if " " in line)


def _folder(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    return path


def _word(value: CMakeValue) -> str:
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return str(value)
