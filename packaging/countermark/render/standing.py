"""How far the work is, in few words."""

from __future__ import annotations

from collections.abc import Collection

from countermark.standing import Standing
from countersign.escaping import printable

__all__ = ["describe_standing", "describe_sum", "duration"]

_MINUTE = 60
_HOUR = 3600


def describe_standing(standing: Standing) -> str:
    """Return the steps that are done and how long the others may take, or what it is about."""
    words = [printable(standing.doing)] if standing.doing else []
    if standing.total:
        words.append(f"{standing.done}/{standing.total} steps")
    if standing.left is not None:
        words.append(f"about {duration(standing.left)} left")
    return ", ".join(words)


def describe_sum(standings: Collection[Standing], hosts: int) -> str:
    """Return how far all of several hosts are; empty as long as there is nothing to add up.

    How many steps a host has is known when it compiles: those that do not yet are only counted.
    """
    known = [standing for standing in standings if standing.total]
    if hosts < 2 or not known:
        return ""
    done, total = (sum(column) for column in zip(*((s.done, s.total) for s in known), strict=True))
    more = hosts - len(known)
    words = f"{done}/{total} steps of {len(known)} {'host' if len(known) == 1 else 'hosts'}"
    return f"{words}; those of {more} more are not known yet" if more else words


def duration(seconds: float) -> str:
    """Return a time as roughly as it is known: it was only reckoned."""
    if seconds < _MINUTE - 2.5:
        return f"{max(5, round(seconds / 5) * 5)} s"
    if seconds < _HOUR - _MINUTE / 2:
        return f"{round(seconds / _MINUTE)} min"
    hours, minutes = divmod(round(seconds / _MINUTE / 5) * 5, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
