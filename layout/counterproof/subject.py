"""A surveyed tree together with what it is measured against: what every check is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from counterproof.profiles.placement import listed_program
from counterproof.profiles.profile import ListedFile, Profile, Program
from counterproof.survey import Sample, Survey
from counterproof.target import Form, Standard, State, Target
from countersign.findings import Finding

__all__ = ["Located", "Subject"]


class Located(NamedTuple):
    """A finding and where it stands."""

    path: PurePosixPath | None
    """From the top of the tree; None for the tree as a whole."""
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is checked, and against what."""

    survey: Survey
    profile: Profile
    target: Target
    form: Form = "install"
    state: State = "ad-hoc"
    standard: Standard = "local-build"
    closed: bool = False
    """True for a build that may hold nothing of the machine that made it."""

    def listed(self, sample: Sample) -> Program | None:
        """Give the profile's program that a file is by its name, in place or not."""
        return listed_program(self.profile, sample.entry.path, self.target, self.form)

    @property
    def programs(self) -> tuple[Program, ...]:
        """The programs that may be in the tree."""
        return self.profile.programs_for(self.target.platform, self.form)

    @property
    def allowed_files(self) -> tuple[ListedFile, ...]:
        """The other files that may be in the tree."""
        return self.profile.files_for(self.target.platform, self.form, self.state)

    def place(self, program: Program) -> PurePosixPath:
        """Give the path that a program has where it is in place."""
        return self.profile.place(program, self.target, self.form)

    def is_program(self, sample: Sample) -> bool:
        """Tell whether a file is there to be started.

        A program is what the profile lists, and what stands in a directory of programs and is an
        image, a script, or empty where one of them should be. On Windows a program has its suffix.
        """
        if self.listed(sample):
            return True
        path = sample.entry.path
        if path.parent not in self.profile.homes(self.form):
            return False
        startable = sample.image is not None or sample.script or sample.entry.size == 0
        return startable and self.target.program_name(path.name) is not None
