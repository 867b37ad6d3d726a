"""From attestations to what is published: ``SHA256SUMS`` and everybody's signatures of it.

Source: Bitcoin Core doc/release-process.md, where ``SHA256SUMS`` is one builder's
``all.SHA256SUMS`` and ``SHA256SUMS.asc`` the signatures of all builders, one after another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from countermark.attestations.report import VersionReport
from countermark.attestations.testimony import Standing, Testimony
from countermark.attestations.tree import ListName
from countermark.errors import ConfigurationError, RejectedError
from countermark.files import write_whole
from countersign.escaping import printable

__all__ = ["Collected", "collect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What was written."""

    sums: Path
    signatures: Path
    builders: tuple[str, ...]
    """Whose signatures it holds."""


def collect(version: VersionReport, directory: Path) -> Collected:
    """Write ``SHA256SUMS`` and ``SHA256SUMS.asc`` of an accepted version into ``directory``.

    The list is what most of those who count attest to, byte for byte; only their good signatures
    are taken. Of a release that nobody codesigns it is the list of what anyone can build. Raises
    :class:`RejectedError` for a version that is not accepted or whose signatures were not checked,
    and :class:`OSError`.
    """
    if not directory.is_dir():
        raise ConfigurationError(
            f"{directory} is not a directory", hint="Name the directory of the artifacts."
        )
    name: ListName = "all" if "all" in version.lists else "noncodesigned"
    signed = [
        each
        for each in version.testimonies
        if each.list == name and each.counts and each.standing is Standing.GOOD
    ]
    if not (version.accepted and signed):
        raise RejectedError(
            f"{printable(version.version)} is not ready to be published: see what is said above",
            hint="Nothing was written. Wait for more builders, or mend what is named.",
        )
    content, _ = Counter(each.content for each in signed).most_common(1)[0]
    same = [each for each in signed if each.content == content]
    sums, signatures = directory / "SHA256SUMS", directory / "SHA256SUMS.asc"
    write_whole(sums, content, temporary=directory)
    write_whole(signatures, b"".join(map(_signature, same)), temporary=directory)
    return Collected(
        sums=sums, signatures=signatures, builders=tuple(each.builder for each in same)
    )


def _signature(testimony: Testimony) -> bytes:
    """Return a signature that another one may follow."""
    return testimony.signature.rstrip(b"\n") + b"\n"
