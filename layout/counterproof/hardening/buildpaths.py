"""Paths of the machine that built an image, left in its bytes.

They tell who built it and make two builds differ. Compilers put them into texts (``__FILE__``,
assertions) unless they are mapped away; build systems into default directories.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from counterproof.hardening.facts import BuildPath

__all__ = ["MAX_PATHS", "build_paths"]

MAX_PATHS: Final = 100
"""A finding names some, and an unmapped build has thousands."""

_PATH: Final = re.compile(
    rb"/(?<![\w.~)}%*/-]/)(?:"
    # A home, and something in it that is not hidden: programs and their tests speak of dot files.
    rb"(?:home/[\w.-]+|Users/(?!Shared/)[\w.-]+|root)/\w[\w.+@~-]*(?:/[\w.+@~ -]+)*"
    # Where Guix, Nix and continuous integration build.
    rb"|(?:gnu/store|nix/store|builds|build|distsrc-base|__w)/[\w.+@~-]+(?:/[\w.+@~-]+)+"
    # A source file, but not the system's own, nor Rust's, which are mapped to these directories.
    rb"|(?!usr/|lib/|Library/|System/|Applications/|Developer/|rustc/|rust/deps/|\.\.?/)[\w.+@~-]+/(?:[\w.+@~-]+/)*[\w+@~-][\w.+@~-]*"
    rb"\.(?:c|cc|cpp|cxx|h|hh|hpp|hxx|m|mm|rs|S|s|zig)(?![\w.])"
    rb")"
)


def build_paths(data: bytes, spared: Iterable[tuple[int, int]] = ()) -> tuple[BuildPath, ...]:
    """Find the paths in ``data``, each once and no more than :data:`MAX_PATHS`, in file order.

    ``spared`` are ranges of offsets to leave out, start and end of each: debug information, which
    is nothing but paths and has a rule of its own.
    """
    found: dict[str, int] = {}
    for start, end in _kept(len(data), spared):
        for match in _PATH.finditer(data, start, end):
            found.setdefault(match[0].decode("ascii", "replace"), match.start())
            if len(found) == MAX_PATHS:
                break
    return tuple(BuildPath(offset, text) for text, offset in found.items())


def _kept(size: int, spared: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in sorted(spared):
        if at < start:
            yield at, min(start, size)
        at = max(at, end)
    if at < size:
        yield at, size
