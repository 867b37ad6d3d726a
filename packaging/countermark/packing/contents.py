"""What goes into each kind of archive of a host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from countermark.errors import OutOfOrderError
from countermark.packing.artifacts import ArtifactKind
from countermark.packing.codesigning import codesigning_members, copy_unsigned
from countermark.packing.debug import debug_members
from countermark.packing.members import Member, list_members
from countermark.plan import HostPlan

__all__ = ["contents", "prepare_contents"]


def prepare_contents(plan: HostPlan) -> None:
    """Make what several archives of a host are packed from, beside its stage.

    Raises :class:`OutOfOrderError` when the stage is not one for these archives.
    """
    kinds = {each.kind for each in plan.archives}
    if _has_signatures(plan) and kinds & {ArtifactKind.UNSIGNED, ArtifactKind.CODESIGNING}:
        copy_unsigned(plan.stage, plan.unsigned)
    if ArtifactKind.DEBUG in kinds and not plan.debug.is_dir():
        raise OutOfOrderError(
            f"{plan.triple} was staged without splitting its debug information",
            hint="Run 'countermark stage' with --artifact debug first.",
        )


def contents(kind: ArtifactKind, plan: HostPlan) -> Iterator[Member]:
    """Yield the members of an archive, in any order."""
    label = plan.stage.name
    if kind is ArtifactKind.DEBUG:
        return debug_members(plan.debug, label)
    if kind is ArtifactKind.CODESIGNING:
        return codesigning_members(_unsigned(plan), label, plan.suite, plan.build.host.platform)
    return list_members(_unsigned(plan) if kind is ArtifactKind.UNSIGNED else plan.stage, label)


def _unsigned(plan: HostPlan) -> Path:
    return plan.unsigned if _has_signatures(plan) else plan.stage


def _has_signatures(plan: HostPlan) -> bool:
    """Tell whether the stage is signed: nothing is for other systems than macOS."""
    return plan.build.host.platform == "darwin"
