"""All smoke tests of one tree, in their order."""

from __future__ import annotations

from collections.abc import Iterator

from counterproof.smoke.rig import Rig
from counterproof.smoke.serving import try_nodes
from counterproof.smoke.trial import Skipped, Trial, attempt
from counterproof.smoke.versions import try_versions
from counterproof.smoke.wrapping import try_wrapper

__all__ = ["smoke_tests"]


def smoke_tests(rig: Rig) -> Iterator[Trial]:
    """Make every test, one after the other; each is given when it has ended."""
    wrapper = rig.wrapper
    yield from try_versions(rig, wrapper.program if wrapper else "")
    if wrapper is None:
        yield attempt("the wrapper", _no_wrapper)
        return
    if wrapper.program in rig.programs:
        yield from try_wrapper(rig, wrapper, rig.programs[wrapper.program])
    else:
        yield attempt(wrapper.program, lambda: str(rig.find(wrapper.program)))
    yield from try_nodes(rig, wrapper)


def _no_wrapper() -> str:
    raise Skipped("the profile knows of no wrapper")
