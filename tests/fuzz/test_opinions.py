"""The expectations of the conformance kit, held against the second opinion that fuzzing goes by.

Both are read from Apple's sources, and neither from what countermark says.
"""

from __future__ import annotations

from typing import Final

from kit.catalogue import expectations, make
from loading import loaders
from oracle import RefusedError, UndecidedError, read, refusals

THIN: Final = b"\xcf\xfa\xed\xfe"
CODE_SIGNATURE: Final = 0x1D

UNKNOWN: Final = {
    "R33-fail-page.dylib": {"dyld"},
    "R59-fail": {"codesign", "codesign-strict"},
    "R59-fail-operator": {"codesign", "codesign-strict"},
    "E2-fail": {"codesign", "codesign-strict"},
}
"""Whose refusal the second opinion knows nothing of: what dyld asks of the code limit, and what is
written in requirements and entitlements."""


def opinion(data: bytes) -> set[str] | None:
    """Tell who refuses a file; None of what is not known here, and of files without a signature."""
    try:
        signed = data.startswith(THIN) and read(data).first(CODE_SIGNATURE)
        return {*loaders(data), *refusals(data)} if signed else None
    except (RefusedError, UndecidedError):
        return None


def test_the_second_opinion_is_that_of_the_kit() -> None:
    decided, differing = 0, {}
    for expected in expectations():
        refused_by = None if expected.archived else opinion(make(expected.name))
        if refused_by is None:
            continue
        decided += 1
        if refused_by != expected.refused_by - UNKNOWN.get(expected.name, set()):
            differing[expected.name] = refused_by
    assert differing == {}
    assert decided > 200
