"""Who attests to the same bytes: clusters of builders, and how each differs from the largest.

Only attestations that count, those with a good signature by the builder's own key, decide which
cluster is the largest and how many builders stand behind a file. The others are compared all the
same, for a difference is worth knowing whoever tells it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from countermark.packing.placement import order

__all__ = ["Agreement", "Ballot", "Cluster", "guix_order"]


class Ballot(NamedTuple):
    """What one builder's list says."""

    builder: str
    digests: Mapping[str, str]
    """By name."""
    key: str | None
    """Whose good signature it has: the fingerprint of a primary key; None when it does not count.

    Two builders with one key are one voice.
    """


class Cluster(NamedTuple):
    """Builders whose lists are the same, byte for byte, and how they differ from the largest."""

    ballots: tuple[Ballot, ...]
    differing: tuple[str, ...] = ()
    """Names of which they say something else."""
    missing: tuple[str, ...] = ()
    """Names that only the largest cluster has."""
    extra: tuple[str, ...] = ()
    """Names that the largest cluster has not."""

    @property
    def digests(self) -> Mapping[str, str]:
        """What they say, by name."""
        return self.ballots[0].digests

    @property
    def builders(self) -> tuple[str, ...]:
        """Their names, sorted."""
        return tuple(ballot.builder for ballot in self.ballots)

    @property
    def voices(self) -> int:
        """How many keys stand behind them."""
        return len({ballot.key for ballot in self.ballots if ballot.key})


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What all builders say of one version, in one of its two lists."""

    clusters: tuple[Cluster, ...]
    """The largest first; there is at least one."""

    @classmethod
    def of(cls, ballots: Iterable[Ballot]) -> Agreement:
        """Find the clusters of at least one list."""
        alike: dict[frozenset[tuple[str, str]], list[Ballot]] = defaultdict(list)
        for ballot in sorted(ballots, key=lambda ballot: ballot.builder):
            alike[frozenset(ballot.digests.items())].append(ballot)
        clusters = sorted((Cluster(tuple(group)) for group in alike.values()), key=_rank)
        return cls(clusters=tuple(_compared(cluster, clusters[0]) for cluster in clusters))

    @cached_property
    def ballots(self) -> tuple[Ballot, ...]:
        """All lists, by the names of their builders."""
        every = (ballot for cluster in self.clusters for ballot in cluster.ballots)
        return tuple(sorted(every, key=lambda ballot: ballot.builder.casefold()))

    @cached_property
    def release(self) -> tuple[str, ...]:
        """The names that belong to the release, those of the largest cluster, in Guix's order."""
        return guix_order(self.clusters[0].digests)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names that anyone lists, in Guix's order."""
        return guix_order({name for cluster in self.clusters for name in cluster.digests})

    @cached_property
    def voices(self) -> Mapping[str, Mapping[str, int]]:
        """How many keys stand behind each digest of each name."""
        keys: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in self.names}
        for ballot in self.ballots:
            for name, digest in ballot.digests.items():
                keys[name][digest] |= {ballot.key} if ballot.key else set()
        return {
            name: {digest: len(behind) for digest, behind in told.items()}
            for name, told in keys.items()
        }

    @cached_property
    def undecided(self) -> tuple[str, ...]:
        """Names of which two digests have equally many voices, so that nobody is the exception."""
        return tuple(name for name in self.names if _tied(self.voices[name]))

    def matching(self, name: str) -> int:
        """Return how many keys stand behind what most say of ``name``; 0 when that is undecided."""
        told = self.voices[name]
        return 0 if _tied(told) else max(told.values())

    def below(self, threshold: int) -> tuple[str, ...]:
        """Return the names of the release behind which stand fewer keys."""
        return tuple(name for name in self.release if self.matching(name) < threshold)

    @property
    def least(self) -> int:
        """How many keys stand behind the file of the release that has the fewest."""
        return min(map(self.matching, self.release), default=0)


def guix_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort names as guix-attest does, by the path in a Guix build's output."""
    return tuple(sorted(names, key=order))


def _rank(cluster: Cluster) -> tuple[int, int, int, Sequence[str]]:
    """Sort by voices, then by builders, then by files, and by names to have one order."""
    return -cluster.voices, -len(cluster.ballots), -len(cluster.digests), cluster.builders


def _compared(cluster: Cluster, largest: Cluster) -> Cluster:
    ours, theirs = cluster.digests, largest.digests
    return cluster._replace(
        differing=guix_order(_differing(ours, theirs)),
        missing=guix_order(theirs.keys() - ours.keys()),
        extra=guix_order(ours.keys() - theirs.keys()),
    )


def _differing(ours: Mapping[str, str], theirs: Mapping[str, str]) -> Iterator[str]:
    return (name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name])


def _tied(told: Mapping[str, int]) -> bool:
    most = sorted(told.values(), reverse=True)
    return len(most) > 1 and most[0] == most[1]
