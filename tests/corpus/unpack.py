"""Take the Mach-O files, found by their content, out of an archive."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from countersign.image import ImageFormat, identify

__all__ = ["unpack_images"]

_ENOUGH = 4096
"""Bytes that :func:`identify` wants to see."""


def unpack_images(archive: Path, folder: Path) -> int:
    """Write every Mach-O of a wheel or npm tarball below ``folder``; return how many there are.

    ``folder`` is written anew. Members that would land outside of it are left out.
    """
    staged = folder.with_name(f"{folder.name}.part")
    for stale in (staged, folder):
        shutil.rmtree(stale, ignore_errors=True)
    count = 0
    for name, member in _members(archive):
        path = PurePosixPath(name)
        head = member.read(_ENOUGH)
        image = identify(head)
        if image is None or image.format is not ImageFormat.MACH_O:
            continue
        if path.is_absolute() or ".." in path.parts:
            continue
        with _created(staged / path) as out:
            out.write(head)
            shutil.copyfileobj(member, out)
        count += 1
    staged.mkdir(parents=True, exist_ok=True)
    staged.rename(folder)
    return count


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                with wheel.open(name) as member:
                    yield name, member
        return
    with tarfile.open(archive) as tarball:
        for entry in tarball:
            content = tarball.extractfile(entry) if entry.isreg() else None
            if content is not None:
                yield entry.name, content


@contextmanager
def _created(path: Path) -> Iterator[IO[bytes]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        yield file
