"""In which order dependencies are built: what is needed comes before what needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from countermark.errors import ConfigurationError, nearest
from countermark.settings import DependencySettings

__all__ = ["in_order", "needed_by"]


def in_order(dependencies: Iterable[DependencySettings]) -> tuple[DependencySettings, ...]:
    """Return them so that each stands behind all that it needs, else as they were given.

    Raises :class:`ConfigurationError` for a need that there is no dependency for, and for a circle.
    """
    known = {each.name: each for each in dependencies}
    for each in known.values():
        for name in each.needs:
            if name not in known:
                raise ConfigurationError(
                    f"dependency '{each.name}' needs '{name}', and there is no such dependency"
                    f"{nearest(name, known)}",
                    hint=f"Dependencies: {', '.join(known)}.",
                )
    sorter = TopologicalSorter({name: each.needs for name, each in known.items()})
    try:
        return tuple(known[name] for name in sorter.static_order())
    except CycleError as error:
        circle = " needs ".join(reversed(error.args[1]))
        raise ConfigurationError(
            f"the dependencies go round in a circle: {circle}",
            hint="Take one of these needs out.",
        ) from error


def needed_by(name: str, dependencies: Mapping[str, DependencySettings]) -> tuple[str, ...]:
    """Return the names of all that one dependency needs, directly or not, each once."""
    found: dict[str, None] = {}
    pending = list(dependencies[name].needs)
    while pending:
        need = pending.pop(0)
        if need not in found:
            found[need] = None
            pending += dependencies[need].needs
    return tuple(found)
