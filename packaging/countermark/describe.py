"""The executor that only describes: what a release would do, from the very plan it would follow."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from countermark.dependencies.building import is_built
from countermark.dependencies.planned import PlannedDependency
from countermark.pipeline import Step
from countermark.plan import HostPlan, ReleasePlan
from countermark.stamping import describe_stamp, stamp_for

__all__ = ["Describer", "Description"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What one step would do, a line each."""

    step: Step
    lines: tuple[str, ...]


@dataclass(slots=True)
class Describer:
    """Describes the steps of one host."""

    plan: HostPlan
    release: ReleasePlan
    descriptions: list[Description] = field(default_factory=list)
    verdict: None = None
    artifacts: tuple[()] = ()

    def turn(self, step: Step) -> AbstractContextManager[object]:
        """Wait for nothing."""
        return nullcontext()

    def meter(self, step: Step) -> None:
        """Have nothing that could be far or near."""

    def perform(self, step: Step) -> str:
        """Describe one step."""
        lines = {
            Step.SUPPLY: self._supply(),
            Step.CONFIGURE: (str(self.plan.configure),),
            Step.BUILD: (str(self.plan.compile),),
            Step.STAGE: self._stage(),
            Step.SIGN: self._sign(),
            Step.CHECK: self._check(),
            Step.PACK: self._pack(),
        }[step]
        self.descriptions.append(Description(step=step, lines=lines))
        return ""

    def recorded(self, step: Step, seconds: float, detail: str) -> None:
        """Record nothing: nothing happened."""

    def refused(self, error: Exception) -> None:
        """Record nothing."""

    def _supply(self) -> tuple[str, ...]:
        return tuple(line for each in self.plan.supplies.builds for line in _built(each))

    def _stage(self) -> tuple[str, ...]:
        split = (f"split debug information from every program into {self.plan.debug}",)
        return (
            *map(str, self.plan.install),
            *(split if self.plan.splits_debug else ()),
            *(
                f"let every image say {words}"
                for words in describe_stamp(stamp_for(self.plan.build))
            ),
        )

    def _pack(self) -> tuple[str, ...]:
        return (*(f"write {each.path}" for each in self.plan.archives), *self.plan.left_out)

    def _sign(self) -> tuple[str, ...]:
        style = self.release.configuration.style
        return (f"sign every Mach-O in {self.plan.stage} ad-hoc, style {style}",)

    def _check(self) -> tuple[str, ...]:
        profile = self.plan.build.profile
        wanted = profile.name if profile else "that its programs call for"
        target = self.plan.build.host.target
        return (
            f"check {self.plan.stage} against the profile {wanted}: "
            f"{target.image_format} {target.architecture}",
        )


def _built(planned: PlannedDependency) -> tuple[str, ...]:
    """Say how a dependency is built, or that it is there."""
    if is_built(planned):
        return (f"take {planned}, built before, from {planned.site.prefix}",)
    commands = (planned.configure, planned.compile, planned.install)
    return (
        f"build {planned} from {planned.dependency.source} into {planned.site.prefix}",
        *(str(command) for command in commands if command is not None),
    )
