"""What this machine lets a build be varied in."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from countermark.process import answer
from countermark.tools import find_program

__all__ = ["Machine", "look_around"]

_PLAIN: Final = ("C", "POSIX", "C.utf8", "C.UTF-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is found where the builds are made."""

    uid: int
    umask: int
    hostname: str
    cpus: tuple[int, ...]
    """The processors that may be used; empty where the system does not say."""
    locales: tuple[str, ...]
    """Those installed that sort and write otherwise than C does, in UTF-8 first."""
    faketime: str
    """The library of faketime, as the loader is told; empty when it is not installed."""


def look_around(environment: Mapping[str, str]) -> Machine:
    """Look at this machine; nothing is changed."""
    umask = os.umask(0o022)
    os.umask(umask)
    return Machine(
        uid=os.getuid(),
        umask=umask,
        hostname=socket.gethostname(),
        cpus=tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else (),
        locales=_locales(environment),
        faketime=_faketime(environment),
    )


def _locales(environment: Mapping[str, str]) -> tuple[str, ...]:
    program = find_program("locale", environment)
    names = answer((str(program), "-a"), environment).split() if program else []
    others = (name for name in names if name not in _PLAIN)
    return tuple(sorted(others, key=lambda name: ("utf8" not in name.lower(), name)))


def _faketime(environment: Mapping[str, str]) -> str:
    """Ask faketime itself where its library is: the program only sets two variables."""
    program, env = find_program("faketime", environment), find_program("env", environment)
    if program is None or env is None:
        return ""
    lines = answer((str(program), "-f", "+1d", str(env)), environment).splitlines()
    return next((line.split("=", 1)[1] for line in lines if line.startswith("LD_PRELOAD=")), "")
