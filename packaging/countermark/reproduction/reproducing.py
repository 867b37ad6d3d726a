"""Building the same suite several times under varied conditions, and comparing what comes out."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from countermark.configuration import Configuration
from countermark.errors import WorkError
from countermark.flow import prepare
from countermark.plan import ReleasePlan
from countermark.reproduction.attempt import Attempt
from countermark.reproduction.bisection import find_causes, most_builds
from countermark.reproduction.building import Builds, Tell, work_directory
from countermark.reproduction.built import HostBuilt
from countermark.reproduction.culprit import Culprit, Part, find_culprit
from countermark.reproduction.machine import look_around
from countermark.reproduction.ninja import Ninja
from countermark.reproduction.variations import VARIATIONS, Variation

__all__ = ["Compared", "Reproduction", "Varied", "reproduce"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Varied:
    """One variation, and what became of it."""

    variation: Variation
    values: tuple[str, ...]
    """What the conditions were in this respect, for each build; empty when it was not varied."""
    obstacle: str
    """Why it was not varied; empty when it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One artifact in all builds."""

    name: str
    digests: tuple[str, ...]
    """Of each build; empty where it did not come out of one."""

    @property
    def equal(self) -> bool:
        """Whether all builds gave the same."""
        return len(set(self.digests)) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """What several builds of the same came to."""

    name: str
    version: str
    source: str
    """SHA-256 over the files of the suite."""
    varied: tuple[Varied, ...]
    seconds: tuple[float, ...]
    """How long each of the compared builds took."""
    artifacts: tuple[Compared, ...]
    culprits: tuple[Culprit, ...] = ()
    chance: bool = False
    """Whether two builds differ without any variation: by chance, or because time goes by."""
    causes: tuple[tuple[str, ...], ...] = ()
    """The variations that make a difference by themselves, or several that do together; empty
    when nobody looked for them, or there is no difference."""
    extra: int = 0
    """Builds that it took to find the causes."""

    @property
    def equal(self) -> bool:
        """Whether every artifact came out of every build alike."""
        return all(artifact.equal for artifact in self.artifacts)


def reproduce(
    configuration: Configuration,
    environment: Mapping[str, str],
    *,
    times: int,
    variations: tuple[Variation, ...],
    bisect: bool,
    keep: Path | None,
    tell: Tell,
) -> Reproduction:
    """Build ``times`` copies of a suite, the first as it is here, the others varied; compare them.

    The user's own tree is only read. All work is done in a new directory, which is ``keep``, or is
    taken away at the end. ``environment`` is what the user's programs are given. Raises
    :class:`~countermark.errors.WorkError` when a build fails.
    """
    plan = prepare(configuration)
    machine = look_around(configuration.environment)
    with work_directory(keep, environment) as work:
        builds = Builds.of(plan, work, environment, machine, tell)
        obstacles = {each.name: builds.obstacle(each) for each in variations}
        names = tuple(name for name, obstacle in obstacles.items() if not obstacle)
        attempts = [builds.make((), 0, "as it is here")]
        attempts += [builds.make(names, number, _words(names)) for number in range(1, times)]
        if "order" in names and len({attempt.order for attempt in attempts}) == 1:
            obstacles["order"] = "this file system lists them in one order only"
        result = _compare(configuration, attempts, obstacles)
        if result.equal:
            return result
        first, other = attempts[0], next(a for a in attempts if a.sums != attempts[0].sums)
        result = replace(result, culprits=_culprits(plan, first, other))
        return _bisected(result, builds, first, other) if bisect else result


def _words(names: tuple[str, ...]) -> str:
    return f"with another {', '.join(names)}" if names else "as it is here, once more"


def _compare(
    configuration: Configuration, attempts: list[Attempt], obstacles: Mapping[str, str]
) -> Reproduction:
    sums = [attempt.sums for attempt in attempts]
    return Reproduction(
        name=configuration.name,
        version=configuration.version,
        source=configuration.source.digest,
        varied=tuple(
            Varied(
                variation=variation,
                values=()
                if obstacles[variation.name]
                else tuple(variation.show(attempt.conditions) for attempt in attempts),
                obstacle=obstacles[variation.name],
            )
            for variation in VARIATIONS
            if variation.name in obstacles
        ),
        seconds=tuple(attempt.seconds for attempt in attempts),
        artifacts=tuple(
            Compared(name=name, digests=tuple(each.get(name, "") for each in sums))
            for name in sorted(set[str]().union(*sums))
        ),
    )


def _culprits(plan: ReleasePlan, first: Attempt, other: Attempt) -> tuple[Culprit, ...]:
    """Find, for each host with different archives, the step that made them so."""
    one, two = first.sums, other.sums
    differing = [name for name in sorted(one.keys() | two) if one.get(name) != two.get(name)]
    found = []
    for host in plan.hosts:
        made = {archive.path.name for archive in host.archives}
        own = [name for name in differing if name in made]
        differing = [name for name in differing if name not in own]
        if own:
            found.append(_culprit(plan, host.triple, own[0], first, other))
    found += [
        Culprit(host="", part=Part.PACK, files=(name,), spoilt=(), places=()) for name in differing
    ]
    return tuple(found)


def _culprit(
    plan: ReleasePlan, triple: str, archive: str, first: Attempt, other: Attempt
) -> Culprit:
    label = plan.configuration.label
    built = HostBuilt(first.out, triple, label)
    ninja = Ninja(
        program=plan.tools.ninja.program,
        environment=plan.configuration.environment,
        tree=built.build,
        made_at=HostBuilt(first.made_at, triple, label).build,
    )
    return find_culprit(built, HostBuilt(other.out, triple, label), ninja, archive=archive)


def _bisected(result: Reproduction, builds: Builds, first: Attempt, other: Attempt) -> Reproduction:
    """Find out which variations make the difference."""
    before, names, seconds = builds.made, other.names, max(result.seconds)
    builds.tell(
        "they differ; finding out which variation does it takes about "
        f"{1 + most_builds(len(names))} more builds of {seconds:.0f} s"
    )

    def differs(part: tuple[str, ...]) -> bool:
        attempt = builds.make(part, other.number, _words(part))
        shutil.rmtree(attempt.out / ".countermark", ignore_errors=True)
        return attempt.sums != first.sums

    try:
        chance = differs(())
        causes = () if chance or not names else find_causes(names, differs)
    except WorkError as error:  # what is known by then is worth telling
        builds.tell(f"no cause was found: {error}")
        return replace(result, extra=builds.made - before)
    return replace(result, chance=chance, causes=causes, extra=builds.made - before)
