"""What a tree must be built for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from countersign.image import ImageFormat

__all__ = [
    "FORMS",
    "PLATFORMS",
    "STANDARDS",
    "STATES",
    "Form",
    "Platform",
    "Standard",
    "State",
    "Target",
]

Platform: TypeAlias = Literal["linux", "darwin", "windows"]

Form: TypeAlias = Literal["install", "build", "archive", "app", "nsis"]
"""What a tree is: an install tree, a build tree, what a release archive holds below its directory,
a macOS application bundle, or what the Windows installer unpacks.
"""

State: TypeAlias = Literal["unsigned", "ad-hoc", "codesigned"]
"""How far a release is signed: not at all, by nobody's key, or by a certificate."""

Standard: TypeAlias = Literal["guix-release", "local-build"]
"""What is asked of programs: what a Guix build of a release promises, or any careful build."""

PLATFORMS: Final[tuple[Platform, ...]] = get_args(Platform)
FORMS: Final[tuple[Form, ...]] = get_args(Form)
STATES: Final[tuple[State, ...]] = get_args(State)
STANDARDS: Final[tuple[Standard, ...]] = get_args(Standard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One host's properties, as far as its files show them."""

    platform: Platform
    architecture: str
    """The only architecture an image may have, as :mod:`countersign.image` names it."""
    image_format: ImageFormat
    executable_suffix: str
    """What a program's file name ends in: ``.exe`` or nothing."""

    def file_name(self, program: str) -> str:
        """Name the file of ``program``."""
        return program + self.executable_suffix

    def program_name(self, file_name: str) -> str | None:
        """Name the program in a file of this name; None when no program has such a name."""
        if not file_name.endswith(self.executable_suffix):
            return None
        return file_name.removesuffix(self.executable_suffix) or None
