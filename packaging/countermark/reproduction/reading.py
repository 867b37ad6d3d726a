"""Reading the build record of an archive, or of a file: input that nobody vouches for."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec

from countermark.errors import WorkError
from countermark.reproduction.record import LARGEST, BuildRecord
from counterproof.profiles.profile import BUILD_RECORD
from counterproof.trees.entry import Kind
from counterproof.trees.tree import walk

__all__ = ["parse_record", "read_record", "record_of_archive"]


def record_of_archive(archive: Path) -> BuildRecord:
    """Read the record that stands in an archive, below the directory that everything is in.

    Raises :class:`WorkError` when there is none that can be used, and
    :class:`~counterproof.errors.TreeError` for an archive that cannot be read.
    """
    found: bytes | None = None
    for member in walk(archive):
        if _is_record(member.entry.path) and member.entry.kind is Kind.FILE:
            if found is not None:
                raise WorkError(f"{archive}: there are two build records in it")
            if member.entry.size > LARGEST:
                raise _unusable(str(archive), f"it has {member.entry.size:,} bytes")
            found = bytes(member.content.read(0, member.entry.size))
    if found is None:
        raise WorkError(
            f"{archive}: there is no build record in it, {BUILD_RECORD}",
            hint="It was not packed by countermark, or without the record; "
            "give the record of another archive of the same build with --record.",
        )
    return parse_record(found, str(archive))


def read_record(file: Path) -> BuildRecord:
    """Read the record in a file, or in the archive that the file is.

    Raises what :func:`record_of_archive` does.
    """
    try:
        if file.stat().st_size and not _starts_document(file):
            return record_of_archive(file)
        if file.stat().st_size > LARGEST:
            raise _unusable(str(file), f"it has {file.stat().st_size:,} bytes")
        return parse_record(file.read_bytes(), str(file))
    except OSError as error:
        raise WorkError(f"{file}: cannot be read: {error.strerror}") from error


def parse_record(content: bytes, origin: str) -> BuildRecord:
    """Read a record strictly; ``origin`` names it in errors. Raises :class:`WorkError`."""
    try:
        return msgspec.json.decode(content, type=BuildRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unusable(origin, str(error)) from error


def _starts_document(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(1) in b"{ \t\r\n"


def _is_record(path: PurePosixPath) -> bool:
    """Tell whether a path is the record's, in one directory or in none."""
    return path == BUILD_RECORD or PurePosixPath(*path.parts[1:]) == BUILD_RECORD


def _unusable(origin: str, problem: str) -> WorkError:
    return WorkError(
        f"{origin}: its build record cannot be used: {problem}",
        hint="It was changed, or written by another version of countermark.",
    )
