"""Whether the tools that a build runs are there, and of the version that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from countermark.dependencies.planned import Generator
from countermark.errors import ConfigurationError
from countermark.process import answer

__all__ = ["check_generators"]

_VERSION: Final = re.compile(r"\d+(?:\.\d+)+[A-Za-z0-9._+-]*|\d+")


def check_generators(generators: Iterable[Generator], environment: Mapping[str, str]) -> None:
    """Raise :class:`ConfigurationError` for a tool that is not there or is of another version."""
    for each in generators:
        if not each.program.is_file():
            raise ConfigurationError(
                f"tool '{each.name}': there is no program {each.program}",
                hint="Give its path with program, or the dependency that brings it.",
            )
        if each.version is not None:
            _check_version(each, each.version, environment)


def _check_version(tool: Generator, wanted: str, environment: Mapping[str, str]) -> None:
    said = answer((str(tool.program), "--version"), environment, seconds=20)
    versions = _VERSION.findall(said)
    if wanted in versions:
        return
    if not versions:
        raise ConfigurationError(
            f"tool '{tool.name}': {tool.program} does not say its version, which must be {wanted}",
            hint="Take version out if you know that it is the right one.",
        )
    raise ConfigurationError(
        f"tool '{tool.name}': {tool.program} is version {versions[0]}, not {wanted}",
        hint=f"A code generator and its library must be of one version: install {wanted}, or have "
        "it built: dependency = '...' with native = true.",
    )
