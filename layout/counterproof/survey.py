"""What the checks need to know of a tree, taken down in one pass over its contents.

After the pass the contents are gone; every check is a pure function of these values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from counterproof.trees.entry import Entry, Kind, Member
from counterproof.trees.links import Links
from counterproof.trees.tree import split_prefix, walk
from countersign.findings import FileVerdict
from countersign.image import Image, ImageFormat, identify
from countersign.verifier import verify_image

__all__ = ["Sample", "Survey", "survey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One entry and what its content turned out to be."""

    entry: Entry
    image: Image | None = None
    script: bool = False
    """True when the file starts with ``#!``."""
    signature: FileVerdict | None = None
    """What the verifier says of a Mach-O; None for everything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A whole tree."""

    path: Path
    """The directory or archive, as it was named."""
    archive: bool
    prefix: str | None
    """The directory that all members of an archive stand in; taken off their paths."""
    samples: Mapping[PurePosixPath, Sample]
    """By path, sorted by path."""
    links: Links

    @property
    def files(self) -> tuple[Sample, ...]:
        """Everything but the directories."""
        return tuple(
            sample for sample in self.samples.values() if sample.entry.kind is not Kind.DIRECTORY
        )

    def behind(self, sample: Sample) -> Sample | None:
        """Give what a link leads to, and anything else itself; None when it leads nowhere."""
        end = self.links.end(sample.entry.path)
        return None if end is None else self.samples.get(end)


def survey(path: Path) -> Survey:
    """Read the directory or archive at ``path`` once.

    Raises :class:`TreeError`, and no other error.
    """
    archive = not path.is_dir()
    samples = [_sample(member) for member in walk(path)]
    entries = tuple(sample.entry for sample in samples)
    prefix, entries = split_prefix(entries) if archive else (None, entries)
    placed = map(_at, samples, entries)
    ordered = sorted(placed, key=lambda sample: sample.entry.path)
    return Survey(
        path=path,
        archive=archive,
        prefix=prefix,
        samples={sample.entry.path: sample for sample in ordered},
        links=Links.of(entries),
    )


def _sample(member: Member) -> Sample:
    content = memoryview(member.content)
    image = identify(content)
    signed = image is not None and image.format is ImageFormat.MACH_O
    return Sample(
        entry=member.entry,
        image=image,
        script=bytes(content[:2]) == b"#!",
        signature=verify_image(content, path=str(member.entry.path)) if signed else None,
    )


def _at(sample: Sample, entry: Entry) -> Sample:
    return replace(sample, entry=entry)
