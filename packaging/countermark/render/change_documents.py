"""The JSON documents of the commands that change signatures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeVar

import msgspec

from countermark.changes import Change
from countersign.escaping import printable
from countersign.signer import Signed
from countersign.unsigner import Unsigned

__all__ = [
    "SignDocument",
    "UnsignDocument",
    "sign_document",
    "unsign_document",
]

T = TypeVar("T")


class SignedSliceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One signed architecture."""

    arch: str
    cdhash: str
    replaced: Literal["ad-hoc", "linker", "cms"] | None
    """The kind of the signature that was replaced."""


class SignedFile(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file, or of one member of an archive."""

    path: str
    member: str | None
    signed: bool
    changed: bool
    identifier: str | None
    """None when the signature was kept as it was, or there is none."""
    slices: tuple[SignedSliceEntry, ...]
    error: str | None


class SignDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``sign`` did."""

    schema: Literal["countermark.sign/1"] = "countermark.sign/1"
    files: tuple[SignedFile, ...]


class UnsignedFile(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file, or of one member of an archive."""

    path: str
    member: str | None
    changed: bool
    archs: tuple[str, ...]
    """The architectures whose signature was removed."""
    error: str | None


class UnsignDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``unsign`` did."""

    schema: Literal["countermark.unsign/1"] = "countermark.unsign/1"
    files: tuple[UnsignedFile, ...]


def sign_document(changes: Iterable[Change[Signed]]) -> SignDocument:
    """Return what ``sign`` prints."""
    return SignDocument(files=tuple(map(_signed_file, changes)))


def unsign_document(changes: Iterable[Change[Unsigned]]) -> UnsignDocument:
    """Return what ``unsign`` prints."""
    return UnsignDocument(files=tuple(map(_unsigned_file, changes)))


def _signed_file(change: Change[Signed]) -> SignedFile:
    signed = change.result
    slices = signed.slices if signed else ()
    return SignedFile(
        path=printable(str(change.path)),
        member=_member(change),
        signed=signed is not None,
        changed=signed is not None and signed.changed,
        identifier=printable(signed.identifier) if signed and signed.identifier else None,
        slices=tuple(
            SignedSliceEntry(
                arch=each.arch,
                cdhash=each.cdhash,
                replaced=each.replaced.value if each.replaced else None,
            )
            for each in slices
        ),
        error=_error(change),
    )


def _unsigned_file(change: Change[Unsigned]) -> UnsignedFile:
    return UnsignedFile(
        path=printable(str(change.path)),
        member=_member(change),
        changed=change.result is not None and change.result.changed,
        archs=change.result.archs if change.result else (),
        error=_error(change),
    )


def _member(change: Change[T]) -> str | None:
    return printable(change.member) if change.member is not None else None


def _error(change: Change[T]) -> str | None:
    return printable(str(change.error)) if change.error is not None else None
