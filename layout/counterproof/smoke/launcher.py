"""How this machine runs the programs of a target: by itself, under qemu, under wine, or not."""

from __future__ import annotations

import errno
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from counterproof.errors import UnrunnableError
from counterproof.smoke.emulators import EMULATORS
from counterproof.smoke.process import Ended, start
from counterproof.smoke.scratch import Scratch
from counterproof.smoke.trial import Failed
from counterproof.target import Target

__all__ = ["Launcher", "Machine", "launcher_for"]


_WINE_START: Final = 180.0
"""Seconds that wine gets to make its first files."""
_SYSTEM: Final = "/usr/bin:/bin:/usr/lib/wine"
_MISSING_PARTS: Final = (
    "error while loading shared libraries",
    "Could not open '/lib",
    "Could not open '/usr/lib",
)
"""What qemu and glibc say when the emulated system lacks something: not the tree's fault."""


class Machine(NamedTuple):
    """What this machine is."""

    platform: str
    """As :data:`counterproof.target.Platform` has it."""
    architecture: str
    """As the platform's image format spells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """A way to run programs."""

    how: str
    """In words, behind what was run."""
    prefix: tuple[str, ...] = ()
    """What stands before a program and its arguments."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What it needs in the environment."""
    cannot_start_others: str = ""
    """Why a program that runs in this way cannot start another one of its tree; empty if it can."""
    native: bool = False
    """True when a process of the system is the program itself."""
    drive: str = ""
    """What a path of this machine begins with for the program: wine's ``Z:``."""
    lacks: str = ""
    """What to install when a program finds no libraries; empty where that is its own fault."""

    @property
    def waits_for_others(self) -> bool:
        """True when a wrapper that starts another program is there for as long as that one."""
        return not self.cannot_start_others and not self.drive

    def argv(self, program: Path, arguments: Sequence[str]) -> tuple[str, ...]:
        """Give the whole command."""
        return (*self.prefix, str(program), *arguments)

    def path(self, path: Path) -> str:
        """Spell a path of this machine as the program must see it."""
        return self.drive + str(path).replace("/", "\\") if self.drive else str(path)

    def missing(self, ended: Ended) -> str:
        """Say what the machine lacks to run the program that ended so; empty for nothing."""
        lost = self.lacks and any(text in ended.err for text in _MISSING_PARTS)
        return f"{ended}; {self.lacks}" if lost else ""


@contextmanager
def launcher_for(
    target: Target, program: Path, machine: Machine, scratch: Scratch
) -> Iterator[Launcher]:
    """Find the way to run programs for ``target``, of which ``program`` is one.

    Raises :class:`UnrunnableError` with what is missing and how to get it.
    """
    if target.platform == "windows" != machine.platform:
        with _wine(scratch) as launcher:
            yield launcher
    elif (target.platform, target.architecture) == machine or _starts(program, scratch):
        yield _by_itself(target, machine)
    elif target.platform == machine.platform == "linux":
        yield _qemu(target)
    else:
        raise UnrunnableError(
            f"programs for {target.platform} on {target.architecture} do not run on"
            f" {machine.platform} on {machine.architecture}",
            "Run it on such a machine: there is no emulator for it.",
        )


def _by_itself(target: Target, machine: Machine) -> Launcher:
    """Start programs directly; if they are another machine's, the kernel starts an emulator."""
    if target.architecture == machine.architecture:
        return Launcher(how="natively", native=True)
    emulator = EMULATORS.get(target.architecture)
    if emulator is None or target.platform != "linux":
        return Launcher(how="as the kernel starts them")
    return Launcher(
        how=f"by the kernel's entry for {target.architecture}",
        variables={"QEMU_LD_PREFIX": f"/usr/{emulator.sysroot}"},
        lacks=_install(emulator.package),
    )


def _starts(program: Path, scratch: Scratch) -> bool:
    """Ask the kernel whether it starts a program of another architecture (binfmt_misc, Rosetta)."""
    try:
        done = subprocess.Popen(
            (str(program), "--version"),
            env=dict(scratch.environment),
            cwd=scratch.fresh(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return error.errno not in (errno.ENOEXEC, getattr(errno, "EBADARCH", errno.ENOEXEC))
    done.kill()
    done.wait()
    return True


def _qemu(target: Target) -> Launcher:
    emulator = EMULATORS.get(target.architecture)
    program = emulator and _find(f"qemu-{emulator.qemu}-static", f"qemu-{emulator.qemu}")
    if emulator is None or program is None:
        raise UnrunnableError(
            f"there is no emulator for {target.architecture}", _install("qemu-user-static")
        )
    return Launcher(
        how=f"under {Path(program).name}",
        prefix=(program, "-L", f"/usr/{emulator.sysroot}"),
        cannot_start_others=(
            f"the kernel has no entry for {target.architecture} (binfmt_misc), by which one "
            "emulated program starts another"
        ),
        lacks=_install(emulator.package),
    )


@contextmanager
def _wine(scratch: Scratch) -> Iterator[Launcher]:
    wine, server = _find("wine", "wine64"), _find("wineserver", "wineserver64")
    if wine is None or server is None:
        raise UnrunnableError("programs for Windows need wine", _install("wine"))
    variables = {
        "WINEPREFIX": str(scratch.directory("wine")),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree=;mshtml=",  # or it asks whether to download them
    }
    environment = {**scratch.environment, **variables}
    try:
        _begin_wine(wine, server, environment, scratch)
        yield Launcher(how="under wine", prefix=(wine,), variables=variables, drive="Z:")
    finally:
        _tell_server(server, "-k", environment)


def _begin_wine(wine: str, server: str, environment: Mapping[str, str], scratch: Scratch) -> None:
    """Let wine make its files first, or the first test would have to wait for them.

    Its server stays for all tests: it takes longer to start than a program.
    """
    _tell_server(server, "-p", environment)
    starting = start(
        (wine, "wineboot", "--init"),
        environment=environment,
        directory=scratch.top,
        seconds=_WINE_START,
        log=scratch.top / "wineboot",
    )
    try:
        with starting as started:
            started.wait("its start")
    except Failed as error:
        raise UnrunnableError(f"wine does not start: {error}", _install("wine")) from error


def _tell_server(server: str, option: str, environment: Mapping[str, str]) -> None:
    """Start or end wine's server, which leads a session of its own and outlives programs."""
    quiet = subprocess.DEVNULL  # a pipe would stay open for as long as the server
    subprocess.run((server, option), env=environment, check=False, stdout=quiet, stderr=quiet)


def _find(*names: str) -> str | None:
    found = (shutil.which(name, path=_SYSTEM) for name in names)
    return next((path for path in found if path), None)


def _install(package: str) -> str:
    return f"Install it, for example: apt-get install {package}."
