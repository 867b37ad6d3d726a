"""Every target of the guided search takes good input, cut short or spoiled, with known errors."""

from __future__ import annotations

import random

import pytest

from mutations import mutate, random_mutations
from targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_reads_its_seeds(name: str) -> None:
    target = TARGETS[name]
    for seed in target.seeds:
        target.read(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_bears_what_is_cut_short(name: str) -> None:
    target = TARGETS[name]
    for seed in target.seeds:
        for end in range(0, len(seed), max(1, len(seed) // 200)):
            target(seed[:end])


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_bears_random_changes(name: str) -> None:
    target, chance = TARGETS[name], random.Random(name)
    for _ in range(200):
        seed = chance.choice(target.seeds)
        target(mutate(seed, random_mutations(chance, len(seed), (range(len(seed)),))))
