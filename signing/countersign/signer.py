"""Sign files: one or many, in place or into another one, each completely or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from countersign.acceptance import Check, require_accepted
from countersign.batch import Job, Outcome, Prepared, change_files, job_for, write_new
from countersign.embedding import Embedding, SignedSlice, embed, kept_slices, plan_embedding
from countersign.errors import WriteError
from countersign.reading import MachOFile, read_image
from countersign.replacement import NewFile
from countersign.settings import Existing, Settings
from countersign.sink import BytesSink, DifferentError, FileSink, Matcher
from countersign.source import BytesSource, FileSource, open_source
from countersign.transfer import NOT_HASHED, transfer

__all__ = ["Signed", "sign", "sign_bytes", "sign_files", "sign_open"]


class Signed(NamedTuple):
    """What signing a file did."""

    path: Path
    """The signed file."""
    identifier: str | None
    """The name in the signature; None for a signature that was kept as it was."""
    changed: bool
    """False when the file was left alone: kept, or already what signing makes of it."""
    slices: tuple[SignedSlice, ...]
    other_links: int = 0
    """Hard links of the old file that were not named, and so still are the old file."""


def sign(
    path: Path,
    settings: Settings | None = None,
    *,
    output: Path | None = None,
    check: Check = Check.PATCHED,
) -> Signed:
    """Sign a Mach-O ad-hoc, in place or into ``output``.

    A symbolic link is followed and stays. The result is checked by the verifier's rules before it
    takes the place of anything; on every error, all of them :class:`SigningError`, the files are
    as they were.
    """
    (outcome,) = sign_files([job_for(path, output)], settings or Settings(), check=check)
    if outcome.result is None:
        raise outcome.error or WriteError("nothing was signed")
    return outcome.result


def sign_bytes(data: bytes | memoryview, name: str, settings: Settings | None = None) -> bytes:
    """Sign the whole file ``data``, whose base name is ``name``, and give the signed file."""
    source = BytesSource(data)
    embedding = plan_embedding(read_image(source), name, settings or Settings())
    sink = BytesSink(embedding.layout.size)
    embed(source, sink, embedding)
    require_accepted(BytesSource(memoryview(sink.data)), Check.FULL, embedding.patched)
    return bytes(sink.data)


def sign_files(
    jobs: Iterable[Job], settings: Settings, *, check: Check = Check.PATCHED
) -> Iterator[Outcome[Signed]]:
    """Sign many files, and go on after one that cannot be signed; outcomes come in their order."""

    def prepare(job: Job, source: FileSource) -> Prepared[Signed]:
        image = read_image(source)
        if _is_kept(source, image, settings):
            return _keep(job, source, image)
        embedding = plan_embedding(image, job.names[0].name, settings)
        unchanged = _unchanged(job, source, embedding)
        return unchanged or _write(job, source, embedding, check)

    return change_files(jobs, prepare)


def sign_open(
    source: FileSource, target: int, name: str, settings: Settings, *, check: Check = Check.PATCHED
) -> Signed:
    """Sign an open file, whose base name is ``name``, into another one, given by its descriptor.

    Nothing is written when the file is kept or already what signing makes of it. Raises
    :class:`SigningError`; what was written then is worth nothing.
    """
    image, path = read_image(source), Path(name)
    if _is_kept(source, image, settings):
        return _kept(path, image)
    embedding = plan_embedding(image, path.name, settings)
    slices = _compare(source, source, embedding)
    if slices is None:
        slices = embed(source, FileSink(target), embedding)
        require_accepted(FileSource(target), check, embedding.patched)
        return _signed(path, embedding, slices, changed=True)
    return _signed(path, embedding, slices, changed=False)


def _write(job: Job, source: FileSource, embedding: Embedding, check: Check) -> Prepared[Signed]:
    def write(new: NewFile) -> tuple[SignedSlice, ...]:
        slices = embed(source, FileSink(new.descriptor), embedding)
        require_accepted(FileSource(new.descriptor), check, embedding.patched)
        return slices

    new, slices = write_new(job, source, write)
    signed = _signed(job.targets[0], embedding, slices, changed=True)
    others = 0 if job.output else max(0, source.status.st_nlink - len(job.names))
    return Prepared(result=signed._replace(other_links=others), new=new)


def _unchanged(job: Job, source: FileSource, embedding: Embedding) -> Prepared[Signed] | None:
    """Tell what the file is that is there, when it already is what signing makes; else None."""
    if job.output is None:
        slices = _compare(source, source, embedding)
    elif job.output.is_file():
        with open_source(job.output) as present:
            slices = _compare(source, present, embedding)
    else:
        slices = None
    if slices is None:
        return None
    return Prepared(result=_signed(job.targets[0], embedding, slices, changed=False))


def _compare(
    source: FileSource, present: FileSource, embedding: Embedding
) -> tuple[SignedSlice, ...] | None:
    """Give the slices of ``present`` when it is the signed ``source``; None when it is not."""
    if present.size != embedding.layout.size:
        return None
    try:
        slices = embed(source, Matcher(present), embedding)
    except DifferentError:
        return None
    require_accepted(present, Check.PATCHED, embedding.patched)
    return slices


def _signed(
    path: Path, embedding: Embedding, slices: tuple[SignedSlice, ...], *, changed: bool
) -> Signed:
    return Signed(path=path, identifier=embedding.identifier, changed=changed, slices=slices)


def _is_kept(source: FileSource, image: MachOFile, settings: Settings) -> bool:
    signed = all(part.signature is not None for part in image.parts)
    if settings.existing is Existing.REPLACE or not signed:
        return False
    if settings.existing is Existing.KEEP:
        return True
    from countersign.verifier import verify_source

    return verify_source(source, path="").accepted


def _kept(path: Path, image: MachOFile) -> Signed:
    return Signed(path=path, identifier=None, changed=False, slices=kept_slices(image))


def _keep(job: Job, source: FileSource, image: MachOFile) -> Prepared[Signed]:
    """Leave a file as it is, or copy it as it is when it is wanted elsewhere."""
    signed = _kept(job.targets[0], image)
    if job.output is None:
        return Prepared(result=signed)

    def copy(new: NewFile) -> None:
        transfer(source, 0, source.size, FileSink(new.descriptor), 0, NOT_HASHED)

    new, _ = write_new(job, source, copy)
    return Prepared(result=signed, new=new)
