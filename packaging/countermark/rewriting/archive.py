"""The front door: any archive in, the same archive with other images out."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from countermark.rewriting.replacement import Replace, Replacer
from countermark.rewriting.tarball import rewrite_tar
from countermark.rewriting.target import Target
from countermark.rewriting.zipball import rewrite_zip
from counterproof.trees.format import ArchiveFormat, identify_archive

__all__ = ["rewrite_archive"]


def rewrite_archive(
    source: Path, target: BinaryIO, replace: Replace, *, temporary: Path
) -> tuple[str, ...]:
    """Copy the archive ``source`` into ``target``, with the Mach-O files that ``replace`` gives.

    ``replace`` is called for every regular file in it that is a Mach-O by its first 4 KiB, in the
    order of the archive, with the member's name and its content: a file without a name, in the
    directory ``temporary``, positioned at its start. It gives a file, which is read from its start
    to its end and closed, or None, having changed nothing, for the member to stay as it is. It may
    give back the same file, changed. What it raises passes through.

    ``target`` is empty, seekable and open for writing; what is in it after an error is of no use.
    Everything is kept to the bit but the contents of replaced members, their sizes and check sums,
    and what depends on these: offsets in a zip, the compressed form of a tar. A tar always ends as
    GNU tar ends it, in two blocks of zeros filled up to 10240 bytes.

    Returns the names of the replaced members. When there are none, ``source`` says the same in its
    own bytes, and there is no reason to put ``target`` in its place.

    Raises :class:`~counterproof.errors.TreeError` for an archive that cannot be read or should not
    be unpacked, :class:`~countermark.errors.RewriteError` for one that holds what could not be
    kept, and :class:`~countermark.errors.WorkError` when there is no room for the new one.
    """
    form = identify_archive(source)
    replacer = Replacer(source=source, replace=replace, temporary=temporary)
    output = Target(target, source)
    if form is ArchiveFormat.ZIP:
        replaced = rewrite_zip(source, output, replacer)
    else:
        replaced = rewrite_tar(source, form, output, replacer)
    output.finish()
    return replaced
