"""Who attests to the same bytes: what most say of each file, and clusters of equal lists.

Only attestations that count, those with a good signature by the builder's own key, have a voice:
they decide what prevails and which files belong to the release. The others are compared all the
same, for a difference is worth knowing whoever tells it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from countermark.packing.placement import order

__all__ = ["Agreement", "Ballot", "Cluster"]


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
    """Builders whose lists are the same, byte for byte, and how they differ from what prevails."""

    ballots: tuple[Ballot, ...]
    differing: tuple[str, ...]
    """Names of which they say something else than most, or of which no digest prevails."""
    missing: tuple[str, ...]
    """Names of the release that they have not."""
    extra: tuple[str, ...]
    """Names that do not belong to the release."""

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
        return _voices(self.ballots)


@dataclass(frozen=True)
class Agreement:
    """What all builders say of one version, in one of its two lists."""

    ballots: tuple[Ballot, ...]
    """All lists, by the names of their builders; there is at least one."""

    @classmethod
    def of(cls, ballots: Iterable[Ballot]) -> Agreement:
        """Put the lists of any order together."""
        return cls(tuple(sorted(ballots, key=lambda each: (each.builder.casefold(), each.builder))))

    @cached_property
    def voices(self) -> Mapping[str, Mapping[str, int]]:
        """How many keys stand behind each digest of each name, in the order of guix-attest."""
        keys: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for ballot in self.ballots:
            for name, digest in ballot.digests.items():
                keys[name][digest] |= {ballot.key} if ballot.key else set()
        return {
            name: {digest: len(behind) for digest, behind in keys[name].items()}
            for name in sorted(keys, key=order)
        }

    @cached_property
    def prevailing(self) -> Mapping[str, str | None]:
        """What most say of each name; None where as many say something else."""
        return {name: _most(told) for name, told in self.voices.items()}

    @property
    def undecided(self) -> tuple[str, ...]:
        """Names of which no digest prevails, so that nobody is the exception."""
        return tuple(name for name, digest in self.prevailing.items() if digest is None)

    @cached_property
    def release(self) -> tuple[str, ...]:
        """The names that belong to the release.

        What one builder alone lists does not, as soon as two agree that there is anything.
        """
        listed = {name: sum(told.values()) for name, told in self.voices.items()}
        least = min(2, max(listed.values(), default=0))
        return tuple(name for name, number in listed.items() if number >= least)

    @cached_property
    def clusters(self) -> tuple[Cluster, ...]:
        """Builders with equal lists, the largest cluster first."""
        alike: dict[frozenset[tuple[str, str]], list[Ballot]] = defaultdict(list)
        for ballot in self.ballots:
            alike[frozenset(ballot.digests.items())].append(ballot)
        return tuple(self._cluster(group) for group in sorted(alike.values(), key=_rank))

    def matching(self, name: str) -> int:
        """Return how many keys stand behind what most say of ``name``; 0 when that is undecided."""
        digest = self.prevailing[name]
        return 0 if digest is None else self.voices[name][digest]

    def below(self, threshold: int) -> tuple[str, ...]:
        """Return the names of the release behind which stand fewer keys."""
        return tuple(name for name in self.release if self.matching(name) < threshold)

    @property
    def least(self) -> int:
        """How many keys stand behind the file of the release that has the fewest."""
        return min(map(self.matching, self.release), default=0)

    def _cluster(self, ballots: Sequence[Ballot]) -> Cluster:
        told, release = ballots[0].digests, set(self.release)
        return Cluster(
            ballots=tuple(ballots),
            differing=tuple(
                name
                for name, digest in self.prevailing.items()
                if name in told and told[name] != digest
            ),
            missing=tuple(name for name in self.release if name not in told),
            extra=tuple(name for name in self.voices if name in told and name not in release),
        )


def _voices(ballots: Iterable[Ballot]) -> int:
    return len({ballot.key for ballot in ballots if ballot.key})


def _rank(group: Sequence[Ballot]) -> tuple[int, int, int, str]:
    """Sort by voices, then by builders, then by files, and by a name to have one order."""
    return -_voices(group), -len(group), -len(group[0].digests), group[0].builder


def _most(told: Mapping[str, int]) -> str | None:
    best = max(told.values())
    first, *others = (digest for digest, number in told.items() if number == best)
    return None if others else first
