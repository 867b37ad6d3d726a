"""Remove signatures from files: one or many, each completely or not at all."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from countersign.batch import Job, Outcome, Prepared, change_files, job_for, write_new
from countersign.errors import WriteError
from countersign.reading import MachOFile, read_image, refuse_loss
from countersign.removal import plan_removal, remove
from countersign.replacement import NewFile
from countersign.sink import BytesSink, FileSink
from countersign.source import BytesSource, FileSource, Source

__all__ = [
    "Unsigned",
    "unsign",
    "unsign_bytes",
    "unsign_files",
    "unsign_open",
    "unsigned_sha256",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """What removing the signatures of a file did."""

    path: Path
    """The file without signatures."""
    changed: bool
    """False when there were none."""
    archs: tuple[str, ...]
    """The architectures whose signature was removed."""


def unsign(path: Path, *, output: Path | None = None, force: bool = False) -> Unsigned:
    """Remove the signatures of a Mach-O, in place or into ``output``.

    What comes out is what the linker would have written without a signature. In place, one that
    took a certificate is only removed when ``force`` is set. On every error, all of them
    :class:`SigningError`, the files are as they were.
    """
    (outcome,) = unsign_files([job_for(path, output)], force=force)
    if outcome.result is None:
        raise outcome.error or WriteError("nothing was removed")
    return outcome.result


def unsign_bytes(data: bytes | memoryview) -> bytes:
    """Remove the signatures of the whole file ``data`` and give what is left."""
    source = BytesSource(data)
    removal = plan_removal(source, read_image(source))
    sink = BytesSink(removal.layout.size)
    remove(source, sink, removal)
    return bytes(sink.data)


def unsigned_sha256(source: Source) -> str | None:
    """Return the SHA-256 that a file has without its signatures, in 64 hexadecimal digits.

    None when it has none. Nothing is held in memory. Raises what :func:`plan_removal` does.
    """
    image = read_image(source)
    if not _signed_archs(image):
        return None
    removal = plan_removal(source, image)
    with tempfile.TemporaryFile() as file:
        remove(source, FileSink(file.fileno()), removal)
        return hashlib.file_digest(file, "sha256").hexdigest()


def unsign_files(jobs: Iterable[Job], *, force: bool = False) -> Iterator[Outcome[Unsigned]]:
    """Remove the signatures of many files, and go on after an error."""

    def prepare(job: Job, source: FileSource) -> Prepared[Unsigned]:
        image = read_image(source)
        if job.output is None and not force:
            refuse_loss(image)
        archs = _signed_archs(image)
        result = Unsigned(path=job.targets[0], changed=bool(archs), archs=archs)
        if not archs and job.output is None:
            return Prepared(result=result)
        return Prepared(result=result, new=_write(job, source, image))

    return change_files(jobs, prepare)


def unsign_open(source: FileSource, target: int, name: str, *, force: bool = False) -> Unsigned:
    """Remove the signatures of an open file into another one, given by its descriptor.

    Nothing is written when there are none; for ``force`` see :func:`unsign`.
    """
    image = read_image(source)
    if not force:
        refuse_loss(image)
    archs = _signed_archs(image)
    if archs:
        removal = plan_removal(source, image)
        remove(source, FileSink(target), removal)
        _require_unsigned(target)
    return Unsigned(path=Path(name), changed=bool(archs), archs=archs)


def _signed_archs(image: MachOFile) -> tuple[str, ...]:
    return tuple(part.thin.arch for part in image.parts if part.thin.signature is not None)


def _write(job: Job, source: FileSource, image: MachOFile) -> NewFile:
    removal = plan_removal(source, image)

    def write(new: NewFile) -> None:
        remove(source, FileSink(new.descriptor), removal)
        _require_unsigned(new.descriptor)

    new, _ = write_new(job, source, write)
    return new


def _require_unsigned(target: int) -> None:
    """Read what was written, as anybody would."""
    for part in read_image(FileSource(target)).parts:
        if part.thin.signature is not None:
            raise WriteError(f"the {part.thin.arch} slice would still be signed")
