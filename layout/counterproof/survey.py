"""What the checks need to know of a tree, taken down in one pass over its contents.

After the pass the contents are gone; every check is a pure function of these values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from counterproof.errors import TreeError
from counterproof.hardening.facts import Facts, Unreadable
from counterproof.hardening.pool import FactsReader
from counterproof.trees.entry import Entry, Kind, Member
from counterproof.trees.format import read_start
from counterproof.trees.links import Links
from counterproof.trees.naming import names_debug_files
from counterproof.trees.tree import split_prefix, walk
from counterproof.versions import versions_in
from counterproof.wrapper.dialect import SEARCHED, Dialect, find_dialect
from countersign.errors import ChangedError, ReadError
from countersign.findings import FileVerdict
from countersign.image import Image, ImageFormat, identify
from countersign.pe import has_certificates
from countersign.verifier import verify_source

__all__ = ["HEAD", "INSPECTED", "Sample", "Survey", "survey"]

HEAD: Final = 4096
"""Bytes that are kept of a file that is no image."""
INSPECTED: Final = 1 << 30
"""Bytes of the largest image whose facts are taken: it is held in memory for that."""
_HEADERS: Final = 1 << 16
"""Bytes that all headers of an image fit in, and those of the first slice of a universal one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One entry and what its content turned out to be."""

    entry: Entry
    image: Image | None = None
    script: bool = False
    """True when the file starts with ``#!``."""
    signature: FileVerdict | None = None
    """What the verifier says of a Mach-O; None for everything else."""
    authenticode: bool = False
    """True for a PE that says it is signed."""
    head: bytes = b""
    """The first :data:`HEAD` bytes of a file that is no image; empty for everything else."""
    wrapper: Dialect | None = None
    """How an image finds other programs, where it has the mark of the reference wrapper."""
    versions: tuple[str, ...] = ()
    """What an image says of its own version, as it says it; see :mod:`counterproof.versions`."""
    facts: Facts | None = None
    """How an image is hardened and what it asks for; None when that was not looked at."""


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
    members: tuple[Entry, ...] = ()
    """What an archive records, as it stands in it and in its order; empty for a directory."""
    start: bytes = b""
    """The first bytes of an archive, which a compressor wrote; empty for a directory."""

    @property
    def files(self) -> tuple[Sample, ...]:
        """Everything but the directories."""
        return tuple(
            sample for sample in self.samples.values() if sample.entry.kind is not Kind.DIRECTORY
        )

    @property
    def holds_debug_files(self) -> bool:
        """Whether it is the archive of debug files, by its name."""
        return self.archive and names_debug_files(self.path.name)

    def behind(self, sample: Sample) -> Sample | None:
        """Give what a link leads to, and anything else itself; None when it leads nowhere."""
        end = self.links.end(sample.entry.path)
        return None if end is None else self.samples.get(end)


def survey(
    path: Path,
    wanted: Callable[[PurePosixPath], bool] | None = None,
    *,
    reader: FactsReader | None = None,
) -> Survey:
    """Read the directory or archive at ``path`` once.

    Of a directory only what is ``wanted`` is looked at, by its path from the top: everything, when
    that is None. Without a ``reader`` the facts of images are not taken. Raises
    :class:`TreeError`, and no other error.
    """
    archive = not path.is_dir()
    samples = list(_samples(path, wanted, reader))
    members = tuple(sample.entry for sample in samples)
    prefix, entries = split_prefix(members) if archive else (None, members)
    placed = map(_at, samples, entries)
    ordered = sorted(placed, key=lambda sample: sample.entry.path)
    return Survey(
        path=path,
        archive=archive,
        prefix=prefix,
        samples={sample.entry.path: sample for sample in ordered},
        links=Links.of(entries),
        members=members if archive else (),
        start=read_start(path) if archive else b"",
    )


def _samples(
    path: Path, wanted: Callable[[PurePosixPath], bool] | None, reader: FactsReader | None
) -> Iterator[Sample]:
    """Look at every member; the facts of images are taken meanwhile, and put to them at the end."""
    pending: list[tuple[Sample, Future[Facts] | None]] = []
    for member in walk(path, wanted):
        sample = _sample(member, path)
        future = _submit(reader, member, sample.image, path) if reader and sample.image else None
        pending.append((sample, future))
    for sample, future in pending:
        yield replace(sample, facts=future.result()) if future else sample


def _submit(reader: FactsReader, member: Member, image: Image, top: Path) -> Future[Facts]:
    source = member.content
    if source.size > INSPECTED:
        future: Future[Facts] = Future()
        future.set_result(Unreadable(f"it has more than {INSPECTED >> 20} MiB"))
        return future
    with _telling(member, top):
        return reader.submit(source.read(0, source.size), image)


def _sample(member: Member, top: Path) -> Sample:
    with _telling(member, top):
        return _look_at(member)


@contextmanager
def _telling(member: Member, top: Path) -> Iterator[None]:
    """Tell whose content could not be read."""
    try:
        yield
    except (ReadError, ChangedError) as error:
        raise TreeError(str(top), str(error), member=str(member.entry.path)) from error


def _look_at(member: Member) -> Sample:
    source = member.content
    head = source.read(0, min(_HEADERS, source.size))
    image = identify(head)
    if image is None:
        return Sample(entry=member.entry, script=head[:2] == b"#!", head=head[:HEAD])
    signed = image.format is ImageFormat.MACH_O
    return Sample(
        entry=member.entry,
        image=image,
        signature=verify_source(source, path=str(member.entry.path)) if signed else None,
        authenticode=image.format is ImageFormat.PE and has_certificates(head),
        wrapper=find_dialect(source.read(0, min(SEARCHED, source.size))),
        versions=versions_in(source),
    )


def _at(sample: Sample, entry: Entry) -> Sample:
    return replace(sample, entry=entry)
