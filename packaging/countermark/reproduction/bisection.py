"""Finding out which of several variations makes a difference, with few builds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["find_causes", "most_builds"]


def find_causes(
    names: Sequence[str], differs: Callable[[tuple[str, ...]], bool]
) -> tuple[tuple[str, ...], ...]:
    """Return what makes a difference by itself; several together where none does alone.

    All ``names`` together are known to make one. ``differs`` is asked about a part of them, and
    each answer costs a build: about twice the binary logarithm of their number for each cause.
    """
    names = tuple(names)
    if len(names) < 2:
        return (names,)
    middle = len(names) // 2
    halves = [half for half in (names[:middle], names[middle:]) if differs(half)]
    if not halves:
        return (names,)
    return tuple(cause for half in halves for cause in find_causes(half, differs))


def most_builds(count: int) -> int:
    """Return how many builds it takes at most to find one cause among ``count``."""
    return 2 * (count - 1).bit_length() if count > 1 else 0
