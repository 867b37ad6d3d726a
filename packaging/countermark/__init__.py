"""From a CMake source tree to a release that can be trusted, without a Mac.

The front doors are imported when they are first used; their modules have other names than they,
for importing a module would otherwise put it in the place of the function.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from countermark.attestations.attesting import attest
    from countermark.config import Options, resolve
    from countermark.configuration import Configuration
    from countermark.errors import CountermarkError
    from countermark.flow import Release, build, pack, release, stage

__version__ = "0.1.0"

__all__ = [
    "Configuration",
    "CountermarkError",
    "Options",
    "Release",
    "__version__",
    "attest",
    "build",
    "pack",
    "release",
    "resolve",
    "stage",
]

_HOMES = {
    "Configuration": "configuration",
    "CountermarkError": "errors",
    "Options": "config",
    "Release": "flow",
    "attest": "attestations.attesting",
    "build": "flow",
    "pack": "flow",
    "release": "flow",
    "resolve": "config",
    "stage": "flow",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
