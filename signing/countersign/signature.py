"""A signature as a whole, as it is read from a slice."""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from countersign.codedirectory import CodeDirectory, Flag
from countersign.digest import HashType
from countersign.errors import FormatError
from countersign.superblob import Blob, SuperBlob

__all__ = ["MAX_SIGNATURE", "Directory", "Kind", "Signature", "parse_signature"]

MAX_SIGNATURE: Final = 1 << 27
"""Bytes that are read of a signature: more than 4 GiB of code need with every kind of hash."""
MAX_DIRECTORIES: Final = len(HashType)
"""One for each hash type: the kernel refuses a second one of the same type."""


class Kind(enum.StrEnum):
    """Who made a signature."""

    ADHOC = "ad-hoc"
    LINKER = "linker"
    CMS = "cms"


class Directory(NamedTuple):
    """A code directory and the blob that it was read from."""

    blob: Blob
    code: CodeDirectory

    @property
    def cdhash(self) -> str:
        """The first 20 bytes of the directory's own hash, in hexadecimal."""
        return self.code.hash_type.cdhash(self.blob.data)


class Signature(NamedTuple):
    """What a slice is signed with."""

    superblob: SuperBlob
    directories: tuple[Directory, ...]
    """In index order; never empty."""

    @property
    def best(self) -> Directory:
        """The directory with the strongest hash, which is the one the kernel uses."""
        return max(self.directories, key=lambda each: each.code.hash_type.rank)

    @property
    def kind(self) -> Kind:
        """Who made it, as macOS sees it: what is marked ad-hoc is asked for no certificate."""
        flags = self.best.code.flags
        if self.superblob.has_cms and Flag.ADHOC not in flags:
            return Kind.CMS
        return Kind.LINKER if Flag.LINKER_SIGNED in flags else Kind.ADHOC


def parse_signature(data: memoryview, start: int = 0) -> Signature:
    """Read the signature at the start of ``data``, which lies ``start`` bytes into the file.

    ``data`` may be longer: LC_CODE_SIGNATURE sets aside more room than is used. Raises
    :class:`FormatError` with the id of the broken rule, and no other error.
    """
    superblob = SuperBlob.parse(data, start)
    blobs = superblob.directories
    if not blobs:
        raise FormatError("superblob", start, "it holds no code directory", rule="R28")
    if len(blobs) > MAX_DIRECTORIES:
        raise FormatError("superblob", start, f"{len(blobs)} code directories", rule="R29")
    directories = tuple(
        Directory(blob, CodeDirectory.parse(blob.data, start + blob.offset)) for blob in blobs
    )
    return Signature(superblob=superblob, directories=directories)
