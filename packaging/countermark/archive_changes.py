"""Signing, and removing signatures, inside archives, which are written anew without unpacking.

An archive is one file: it is replaced when everything in it could be done, and else left alone.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from countermark.changes import Change
from countermark.errors import CountermarkError, LeftAloneError, nothing
from countermark.rewriting import rewrite_archive
from countermark.targets import Archive
from counterproof.errors import LayoutError
from countersign.acceptance import Check
from countersign.durability import sync_directories
from countersign.errors import SigningError
from countersign.replacement import NewFile, make_durable
from countersign.settings import Settings
from countersign.signer import Signed, sign_open
from countersign.source import FileSource, open_source
from countersign.unsigner import Unsigned, unsign_open

__all__ = ["sign_members", "unsign_members"]

T = TypeVar("T", Signed, Unsigned)


def sign_members(archive: Archive, settings: Settings, check: Check) -> Iterator[Change[Signed]]:
    """Sign every Mach-O in an archive; gives one change for each of them."""

    def change(source: FileSource, target: int, name: str) -> Signed:
        return sign_open(source, target, name, settings, check=check)

    return _change_members(archive, change)


def unsign_members(archive: Archive, force: bool) -> Iterator[Change[Unsigned]]:
    """Remove the signature of every Mach-O in an archive; gives one change for each of them."""

    def change(source: FileSource, target: int, name: str) -> Unsigned:
        return unsign_open(source, target, name, force=force or archive.output is not None)

    return _change_members(archive, change)


def _change_members(
    archive: Archive, change: Callable[[FileSource, int, str], T]
) -> Iterator[Change[T]]:
    changes: list[Change[T]] = []
    target = archive.output or archive.path
    directory = target.parent

    def replace(name: str, content: BinaryIO) -> BinaryIO | None:
        new: BinaryIO = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115  # the caller reads it
        try:
            result = change(FileSource(content.fileno()), new.fileno(), name)
        except SigningError as error:
            changes.append(Change(path=target, member=name, error=error))
            return None
        changes.append(Change(path=target, member=name, result=result))
        return new if result.changed else None

    try:
        with open_source(archive.path) as source, NewFile(directory) as new:
            with os.fdopen(os.dup(new.descriptor), "wb") as stream:
                rewrite_archive(archive.path, stream, replace, temporary=directory)
            failed = [each for each in changes if each.error is not None]
            changed = any(each.result is not None and each.result.changed for each in changes)
            if not changes:
                raise nothing(archive.path)
            if not failed and (changed or archive.output is not None):
                _publish(new, source, archive.path, target)
    except (CountermarkError, LayoutError, SigningError) as error:
        return iter([Change(path=archive.path, error=error)])
    if failed:
        failed.append(Change(path=archive.path, error=LeftAloneError(len(failed))))
    return iter(failed or changes)


def _publish(new: NewFile, source: FileSource, path: Path, target: Path) -> None:
    new.resemble(source.descriptor, source.status)
    make_durable([new])
    source.expect_unchanged(path)
    new.publish([target])
    sync_directories([target.parent])
