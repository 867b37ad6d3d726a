"""Ways to spoil a file, as data that can be shown, shrunk, and repeated."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

__all__ = ["EXTREMES", "Mutation", "mutate", "random_mutations"]

EXTREMES: Final = (0, 1, 7, 8, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Numbers at which sizes and offsets go wrong."""


class Mutation(NamedTuple):
    """One change; what ``value`` means depends on its kind."""

    kind: str
    """``flip`` a bit, write a ``number`` of 4 bytes, ``copy`` bytes, ``cut`` the end off or
    ``append`` to it."""
    at: int
    value: int = 0


def mutate(data: bytes, mutations: Sequence[Mutation]) -> bytes:
    """Apply the changes one after another; places beyond the end change nothing."""
    out = bytearray(data)
    for mutation in mutations:
        _apply(out, mutation)
    return bytes(out)


def _apply(out: bytearray, mutation: Mutation) -> None:
    kind, at, value = mutation
    if kind == "cut":
        del out[at:]
    elif kind == "append":
        out += bytes([value & 0xFF]) * (at % 64)
    elif at >= len(out):
        return
    elif kind == "flip":
        out[at] ^= 1 << value % 8
    elif kind == "number":
        out[at : at + 4] = (value & 0xFFFFFFFF).to_bytes(4)[: len(out) - at]
    elif kind == "copy":
        source = value % len(out)
        out[at : at + 16] = out[source : source + len(out[at : at + 16])]


def random_mutations(chance: random.Random, size: int, hot: Sequence[range]) -> list[Mutation]:
    """Make up one to four changes of a file of ``size`` bytes, most of them in ``hot`` places."""
    return [_random_mutation(chance, size, hot) for _ in range(chance.choice((1, 1, 1, 2, 3, 4)))]


def _random_mutation(chance: random.Random, size: int, hot: Sequence[range]) -> Mutation:
    place = chance.choice([*hot, *hot, range(size)])
    at = chance.choice(place)
    kind = chance.choice(("flip", "flip", "number", "number", "copy", "cut", "append"))
    if kind == "number":
        near = chance.choice((at, size, *EXTREMES))
        return Mutation(kind, at - at % 4, near + chance.randrange(-2, 3))
    return Mutation(kind, at, chance.randrange(1 << 32))
