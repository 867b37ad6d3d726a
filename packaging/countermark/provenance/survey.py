"""What is really in the files of a release: digests of archives, of images, and of unsigned bytes.

The SBOM and the statement are written from this, and checked against it: what users get, and not
what a build says that it has made.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from countermark.files import sha256_of
from countermark.reproduction.record import LARGEST, BuildRecord
from counterproof.errors import TreeError
from counterproof.profiles.profile import BUILD_RECORD
from counterproof.trees.archive import walk_archive
from counterproof.trees.entry import Entry, Kind, Member
from counterproof.trees.format import is_archive
from countersign.discovery import identify_source, is_code
from countersign.errors import SigningError
from countersign.image import Image
from countersign.reading import read_image
from countersign.source import Source
from countersign.unsigner import unsigned_sha256
from countersign.window import Window

if TYPE_CHECKING:
    from concurrent.futures import Future

    from counterproof.hardening.facts import Facts
    from counterproof.hardening.pool import FactsReader

__all__ = ["SurveyedFile", "SurveyedImage", "SurveyedSlice", "survey_file"]


class SurveyedSlice(NamedTuple):
    """The signature of one architecture of a Mach-O."""

    architecture: str
    identifier: str
    cdhash: str
    """40 hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedImage:
    """A program, library or other image in an archive."""

    path: str
    """From the top of the archive."""
    image: Image
    size: int
    sha256: str
    unsigned_sha256: str | None
    """Of a signed Mach-O, that of the same file without its signatures."""
    slices: tuple[SurveyedSlice, ...]
    """The signed ones of a Mach-O."""
    libraries: tuple[str, ...] | None = None
    """What is loaded with it, sorted; None when that was not looked at, or cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedFile:
    """One file of a release."""

    name: str
    size: int
    sha256: str
    contents: str | None = None
    """Of an archive, in-toto's ``dirHash``: SHA-256 over its files' digests and paths."""
    unsigned_contents: str | None = None
    """The same when every signed Mach-O in it is taken without its signatures; None when that is
    no other."""
    images: tuple[SurveyedImage, ...] = ()
    """In the order of their paths."""
    record: BuildRecord | None = None
    """What an archive says it was made from."""


def survey_file(path: Path, reader: FactsReader | None = None) -> SurveyedFile:
    """Look at one file, and into it when it is an archive.

    Which libraries an image asks for is found out when there is a ``reader``. Raises
    :class:`TreeError` for an archive that cannot be read, and :class:`OSError`.
    """
    plain = SurveyedFile(name=path.name, size=path.stat().st_size, sha256=sha256_of(path))
    if not is_archive(path):
        return plain
    content = _Content(str(path), reader)
    for member in walk_archive(path):
        content.take(member)
    return content.finish(plain)


class _Content:
    """Collects what is in one archive as it passes by."""

    def __init__(self, source: str, reader: FactsReader | None) -> None:
        self._source = source
        self._reader = reader
        self._digests: dict[str, str] = {}
        self._links: list[Entry] = []
        self._images: list[SurveyedImage] = []
        self._facts: dict[str, Future[Facts]] = {}
        self._record: BuildRecord | None = None

    def take(self, member: Member) -> None:
        """Look at one member."""
        path = str(member.entry.path)
        if member.entry.kind is Kind.HARD_LINK:
            self._links.append(member.entry)
        if member.entry.kind is not Kind.FILE:
            return
        self._digests[path] = _sha256(member.content)
        if PurePosixPath(*member.entry.path.parts[1:]) == BUILD_RECORD:
            self._record = _read_record(member.content, self._source, path)
        image = identify_source(member.content)
        if image is not None:
            self._take_image(path, image, member.content)

    def finish(self, file: SurveyedFile) -> SurveyedFile:
        """Return everything that was seen."""
        for entry in self._links:
            target = entry.link_target or ""
            if target in self._digests:
                self._digests[str(entry.path)] = self._digests[target]
        images = sorted(map(self._with_libraries, self._images), key=lambda each: each.path)
        unsigned = {each.path: each.unsigned_sha256 for each in images if each.unsigned_sha256}
        return replace(
            file,
            contents=_dir_hash(self._digests),
            unsigned_contents=_dir_hash({**self._digests, **unsigned}) if unsigned else None,
            images=tuple(images),
            record=self._record,
        )

    def _take_image(self, path: str, image: Image, content: Source) -> None:
        unsigned, slices = _signatures(content) if is_code(image) else (None, ())
        if self._reader is not None:
            self._facts[path] = self._reader.submit(content.read(0, content.size), image)
        self._images.append(
            SurveyedImage(
                path=path,
                image=image,
                size=content.size,
                sha256=self._digests[path],
                unsigned_sha256=unsigned,
                slices=slices,
            )
        )

    def _with_libraries(self, image: SurveyedImage) -> SurveyedImage:
        future = self._facts.get(image.path)
        return replace(image, libraries=_libraries(future.result())) if future else image


def _sha256(content: Source) -> str:
    digest = hashlib.sha256()
    for piece in Window(content).pieces():
        digest.update(piece)
    return digest.hexdigest()


def _dir_hash(digests: Mapping[str, str]) -> str:
    """Digest what ``sha256sum`` prints of all files, sorted by path, as in-toto's ``dirHash``."""
    ordered = sorted(digests.items(), key=lambda item: os.fsencode(item[0]))
    lines = "".join(f"{digest}  {path}\n" for path, digest in ordered)
    return hashlib.sha256(os.fsencode(lines)).hexdigest()


def _read_record(content: Source, source: str, path: str) -> BuildRecord:
    if content.size > LARGEST:
        raise TreeError(source, f"a build record of {content.size:,} bytes", member=path)
    try:
        return msgspec.json.decode(content.read(0, content.size), type=BuildRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TreeError(source, f"the build record cannot be read: {error}", member=path) from error


def _signatures(content: Source) -> tuple[str | None, tuple[SurveyedSlice, ...]]:
    """Look at the signatures of a Mach-O; one that is damaged has none that can be told."""
    try:
        image = read_image(content)
        unsigned = unsigned_sha256(content)
    except SigningError:
        return None, ()
    slices = (
        SurveyedSlice(
            architecture=part.thin.arch,
            identifier=part.signature.best.code.identifier,
            cdhash=part.signature.best.cdhash,
        )
        for part in image.parts
        if part.signature is not None
    )
    return unsigned, tuple(slices)


def _libraries(facts: Facts) -> tuple[str, ...] | None:
    from counterproof.hardening.facts import ElfFacts, MachOFacts, PeFacts

    match facts:
        case ElfFacts():
            return tuple(sorted(facts.needed))
        case PeFacts():
            return tuple(sorted(facts.libraries))
        case MachOFacts():
            return tuple(sorted({name for each in facts.slices for name in each.libraries}))
        case _:
            return None
