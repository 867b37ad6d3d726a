"""What a path leads to, as the system that a tree is for would see it once it is unpacked.

The tree belongs to who runs it: it is the owner's permissions that count. macOS and Windows take
names that differ only in case for one.
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from counterproof.survey import Sample, Survey
from counterproof.target import Platform, Target
from counterproof.trees.entry import Kind
from countersign.image import Image, ImageFormat, ImageKind

__all__ = ["Found", "Lookup", "Sight"]

_MAX_FOLLOWED: Final = 40
"""Links that Linux follows before it gives up (``MAXSYMLINKS``); macOS follows 32."""

_OWNER_X: Final = 0o100


class Found(enum.StrEnum):
    """What stands at a place."""

    PROGRAM = "program"
    COMPATIBLE = "compatible-program"
    """For another machine, but this one can run it."""
    OTHER_MACHINE = "program-for-another-machine"
    OTHER_SYSTEM = "program-for-another-system"
    NO_PROGRAM = "image-but-no-program"
    SCRIPT = "script"
    EMPTY = "empty-file"
    NO_IMAGE = "no-image"
    NOT_EXECUTABLE = "not-executable"
    DIRECTORY = "directory"
    SPECIAL = "not-a-regular-file"
    ABSENT = "absent"
    DANGLING = "link-to-nothing"
    OUTSIDE = "outside-of-the-tree"
    """By a link, or because the tree that was given is only a part; taken as absent."""
    CIRCLE = "link-in-a-circle"
    BELOW_FILE = "below-a-file"
    """What should be a directory on the way is a file."""
    UNSEARCHABLE = "below-a-closed-directory"
    """The owner of a directory on the way may not enter it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen at a place."""

    found: Found
    path: PurePosixPath | None = None
    """Where the way ended: the file itself behind all links, or what stands in the way."""
    detail: str = ""
    """More of it, such as the architecture."""

    @property
    def there(self) -> bool:
        """True when there is something that ends or hinders a search."""
        return self.found not in (Found.ABSENT, Found.DANGLING, Found.OUTSIDE)


_COMPATIBLE: Final[Mapping[tuple[Platform, str], frozenset[str]]] = {
    ("linux", "x86_64"): frozenset({"i386"}),
    ("linux", "aarch64"): frozenset({"arm"}),
    ("darwin", "arm64"): frozenset({"x86_64"}),
    ("darwin", "x86_64"): frozenset({"x86_64h"}),
    ("windows", "x86_64"): frozenset({"i386"}),
    ("windows", "aarch64"): frozenset({"i386", "x86_64"}),
}
"""What else a machine runs: by its kernel, by Rosetta, by WOW64."""


class Lookup:
    """A surveyed tree as one platform's file system."""

    def __init__(self, survey: Survey, target: Target) -> None:
        self._survey = survey
        self._target = target
        self._places = survey.links.places
        self._spelled: dict[tuple[PurePosixPath, str], PurePosixPath] | None = None
        if target.platform != "linux":
            self._spelled = {}
            for place in sorted(self._places):
                self._spelled.setdefault((place.parent, _fold(place.name)), place)

    def look(self, path: PurePosixPath) -> Sight:
        """Go along ``path``, which is from the top of the tree and may begin with ``..``."""
        pending = list(reversed(path.parts))
        here, followed, by_link = PurePosixPath(), 0, False
        while pending:
            if obstacle := self._obstacle(here):
                return Sight(found=obstacle, path=here)
            part = pending.pop()
            if part == ".." and not here.parts:
                return Sight(found=Found.OUTSIDE)
            there = here.parent if part == ".." else self._child(here, part)
            if there is None:
                return Sight(found=Found.DANGLING if by_link else Found.ABSENT)
            target = self._survey.links.targets.get(there)
            if target is None:
                here = there
                continue
            followed += 1
            by_link = by_link or not pending
            if target.startswith("/"):
                return Sight(found=Found.OUTSIDE, path=there, detail=f"links to {target}")
            if followed > _MAX_FOLLOWED:
                return Sight(found=Found.CIRCLE, path=there)
            pending.extend(reversed(PurePosixPath(target).parts))
        return self._stands(here)

    def name_of(self, directory: PurePosixPath) -> str:
        """Name a directory; the top of a tree has the name of the directory that was given."""
        return directory.name if directory.parts or self._survey.archive else self._survey.path.name

    def resolve(self, path: PurePosixPath) -> PurePosixPath | None:
        """Give the canonical path of what is there; None when there is nothing in the tree."""
        sight = self.look(path)
        return sight.path if sight.there else None

    def _child(self, directory: PurePosixPath, name: str) -> PurePosixPath | None:
        exact = directory / name
        if exact in self._places:
            return exact
        return self._spelled.get((directory, _fold(name))) if self._spelled is not None else None

    def _obstacle(self, directory: PurePosixPath) -> Found | None:
        """Say why nothing below ``directory`` can be reached; None when it can."""
        sample = self._survey.samples.get(directory)
        if sample is None:
            return None  # a directory that an archive does not list
        if sample.entry.kind is not Kind.DIRECTORY:
            return Found.BELOW_FILE
        mode = sample.entry.mode
        closed = mode is not None and not mode & _OWNER_X and self._target.platform != "windows"
        return Found.UNSEARCHABLE if closed else None

    def _stands(self, path: PurePosixPath) -> Sight:
        sample = self._survey.samples.get(path)
        if sample is None or sample.entry.kind is Kind.DIRECTORY:
            return Sight(found=Found.DIRECTORY, path=path)
        if sample.entry.kind is Kind.HARD_LINK:
            sample = self._linked(sample)
            if sample is None:
                return Sight(found=Found.ABSENT)
        if sample.entry.kind is not Kind.FILE:
            return Sight(found=Found.SPECIAL, path=path)
        if problem := self._mode_problem(sample):
            return Sight(found=Found.NOT_EXECUTABLE, path=path, detail=problem)
        found, detail = self._content(sample)
        return Sight(found=found, path=path, detail=detail)

    def _linked(self, sample: Sample) -> Sample | None:
        """Give the file that a hard link in an archive is another name of."""
        target = PurePosixPath(sample.entry.link_target or "")
        if self._survey.prefix is not None and target.parts[:1] == (self._survey.prefix,):
            target = PurePosixPath(*target.parts[1:])
        return self._survey.samples.get(target)

    def _mode_problem(self, sample: Sample) -> str | None:
        mode = sample.entry.mode
        if self._target.platform == "windows" or (mode is not None and mode & _OWNER_X):
            return None
        return "mode not recorded" if mode is None else f"mode {mode:04o}"

    def _content(self, sample: Sample) -> tuple[Found, str]:
        if sample.image is not None:
            return _seen(sample.image, self._target)
        if sample.entry.size == 0:
            return Found.EMPTY, ""
        return (Found.SCRIPT if sample.script else Found.NO_IMAGE), ""


def _seen(image: Image, target: Target) -> tuple[Found, str]:
    architectures = ", ".join(image.architectures)
    if image.format is not target.image_format:
        return Found.OTHER_SYSTEM, f"{image.format} for {architectures}"
    if not _is_program(image):
        return Found.NO_PROGRAM, f"{image.format} {image.kind}"
    if target.architecture in image.architectures:
        return Found.PROGRAM, ""
    also = _COMPATIBLE.get((target.platform, target.architecture), frozenset())
    found = Found.COMPATIBLE if also & set(image.architectures) else Found.OTHER_MACHINE
    return found, architectures


def _is_program(image: Image) -> bool:
    """Tell whether the system starts such an image; a static-PIE ELF looks like a library."""
    if image.format is ImageFormat.ELF:
        return image.kind in (ImageKind.EXECUTABLE, ImageKind.LIBRARY)
    return image.kind in (ImageKind.EXECUTABLE, ImageKind.OTHER)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())
