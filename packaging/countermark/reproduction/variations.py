"""What a second build does otherwise than the first: the variations of reprotest, and some more.

Each changes the conditions of a build in one respect. That countermark itself does away with some
of them, such as the locale, does not keep them from being tried: others build the suite too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from countermark.errors import ConfigurationError, nearest
from countermark.reproduction.conditions import Conditions
from countermark.reproduction.machine import Machine

__all__ = ["VARIATIONS", "Variation", "choose", "vary"]

_STRANGER: Final = 64001
"""The first of the user numbers to build as; that nobody has it is part of the variation."""
_YEAR: Final = 397 * 24 * 3600
"""Seconds that the clock is put forward for each build: another day, month and year."""
_LONG_AGO: Final = 1_000_000_000
"""A time of files, in seconds since 1970. The future would never let Ninja come to an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One respect in which two builds differ."""

    name: str
    what: str
    """What it is, in a few words."""
    change: Callable[[Conditions, Machine, int], Conditions]
    """Gives the conditions of the build of this number, counted from 1."""
    show: Callable[[Conditions], str]
    """Says what the conditions are in this respect, in a few words."""
    obstacle: Callable[[Machine], str] = lambda _: ""
    """Says why it cannot be done here; empty when it can, as far as is known before it is tried."""
    tried: bool = False
    """Whether only trying tells that it can be done."""
    undone: bool = False
    """Whether a release is made the same whatever the user has: countermark sets it."""


def _replace(conditions: Conditions, **changes: object) -> Conditions:
    return msgspec.structs.replace(conditions, **changes)


def _path(conditions: Conditions, _: Machine, number: int) -> Conditions:
    place = f"a-place-that-is-called-otherwise/number-{number}"
    return _replace(conditions, suite=f"{place}/the-sources", out=f"{place}/what-came-of-it")


def _umask(conditions: Conditions, machine: Machine, number: int) -> Conditions:
    others = [mask for mask in (0o077, 0o002, 0o027, 0o022) if mask != machine.umask]
    return _replace(conditions, umask=others[(number - 1) % len(others)])


def _cpus(conditions: Conditions, machine: Machine, number: int) -> Conditions:
    count = 1 + (number - 1) % (len(machine.cpus) - 1)
    return _replace(conditions, cpus=machine.cpus[:count])


def _locale(conditions: Conditions, machine: Machine, number: int) -> Conditions:
    return _replace(conditions, locale=machine.locales[(number - 1) % len(machine.locales)])


def _timezone(conditions: Conditions, _: Machine, number: int) -> Conditions:
    zones = ("XXX-13:37", "YYY+11:11", "ZZZ-05:45")
    return _replace(conditions, timezone=zones[(number - 1) % len(zones)])


def _user(conditions: Conditions, machine: Machine, number: int) -> Conditions:
    uid = _STRANGER + number + (machine.uid == _STRANGER + number)
    return _replace(conditions, uid=uid, user=f"stranger{number}")


VARIATIONS: Final = (
    Variation(
        name="path",
        what="the directories of the sources and of the build",
        change=_path,
        show=lambda conditions: conditions.suite,
    ),
    Variation(
        name="home",
        what="the home directory",
        change=lambda conditions, _, number: _replace(conditions, home=f"homes/of-{number}"),
        show=lambda conditions: conditions.home or "the user's",
    ),
    Variation(
        name="temporary",
        what="the directory for temporary files",
        change=lambda conditions, _, number: _replace(conditions, temporary=f"temporary-{number}"),
        show=lambda conditions: conditions.temporary or "the user's",
    ),
    Variation(
        name="user",
        what="the number and the name of the user",
        change=_user,
        show=lambda conditions: "itself" if conditions.uid is None else str(conditions.uid),
        tried=True,
    ),
    Variation(
        name="umask",
        what="the modes of new files",
        change=_umask,
        show=lambda conditions: (
            "the user's" if conditions.umask is None else f"{conditions.umask:03o}"
        ),
    ),
    Variation(
        name="hostname",
        what="the name of the machine",
        change=lambda conditions, _, number: _replace(conditions, hostname=f"elsewhere{number}"),
        show=lambda conditions: conditions.hostname or "its own",
        tried=True,
    ),
    Variation(
        name="cpus",
        what="the number of processors",
        change=_cpus,
        show=lambda conditions: str(len(conditions.cpus)) if conditions.cpus else "all",
        obstacle=lambda machine: (
            "" if len(machine.cpus) > 1 else "no number of processors but one can be chosen"
        ),
    ),
    Variation(
        name="clock",
        what="the time of day, for compilers and the like that are linked dynamically",
        change=lambda conditions, _, number: _replace(conditions, clock=number * _YEAR),
        show=lambda conditions: (
            f"{conditions.clock // 86400} days ahead" if conditions.clock else "the true time"
        ),
        obstacle=lambda machine: "" if machine.faketime else "faketime is not installed",
    ),
    Variation(
        name="mtimes",
        what="when the files of the suite were changed",
        change=lambda conditions, _, number: _replace(
            conditions, modified=_LONG_AGO + number * 86400
        ),
        show=lambda conditions: "now" if conditions.modified is None else "long ago",
    ),
    Variation(
        name="order",
        what="the order in which directories of the suite list their entries",
        change=lambda conditions, _, __: _replace(conditions, reverse=True),
        show=lambda conditions: "reversed" if conditions.reverse else "the file system's",
        tried=True,
    ),
    Variation(
        name="aslr",
        what="random addresses of programs",
        change=lambda conditions, _, __: _replace(conditions, aslr=False),
        show=lambda conditions: "on" if conditions.aslr else "off",
        tried=True,
    ),
    Variation(
        name="locale",
        what="the language, and how texts are sorted",
        change=_locale,
        show=lambda conditions: conditions.locale or "C.UTF-8",
        obstacle=lambda machine: "" if machine.locales else "no locale but C is installed",
        undone=True,
    ),
    Variation(
        name="timezone",
        what="the time zone",
        change=_timezone,
        show=lambda conditions: conditions.timezone or "UTC",
        undone=True,
    ),
    Variation(
        name="environment",
        what="other variables of the environment",
        change=lambda conditions, _, number: _replace(
            conditions, variables={"SOMETHING_ELSE": f"of no matter, {number}"}
        ),
        show=lambda conditions: ", ".join(conditions.variables) or "as released",
        undone=True,
    ),
)
"""All of them, in the order in which they are told."""


def choose(words: Iterable[str]) -> tuple[Variation, ...]:
    """Return the variations named by ``words``; a word with ``-`` in front takes one from all.

    ``all`` is what is taken when there is no word, ``none`` names nothing. Raises
    :class:`ConfigurationError` for a name that there is not.
    """
    known = {variation.name: variation for variation in VARIATIONS}
    said = tuple(words)
    chosen = set(known) if not said or all(word.startswith("-") for word in said) else set()
    for word in said:
        name = word.removeprefix("-")
        if name not in (*known, "all", "none"):
            raise ConfigurationError(
                f"there is no variation '{name}'{nearest(name, known)}",
                hint=f"Known variations: {', '.join(known)}.",
            )
        names = {"all": set(known), "none": set[str]()}.get(name, {name})
        chosen = chosen - names if word.startswith("-") else chosen | names
    return tuple(variation for variation in VARIATIONS if variation.name in chosen)


def vary(names: Collection[str], machine: Machine, number: int) -> Conditions:
    """Give the conditions of the build of this number, with the named variations."""
    conditions = Conditions()
    for variation in VARIATIONS:
        if variation.name in names:
            conditions = variation.change(conditions, machine, number)
    return conditions
