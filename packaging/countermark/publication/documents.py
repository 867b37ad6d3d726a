"""What a release says of itself beside its archives: digests, SBOM and statement of provenance.

All of it is about one set of bytes. When these change, what others signed of the old ones goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from countermark import __version__
from countermark.configuration import Configuration
from countermark.errors import ConfigurationError, MissingToolError
from countermark.files import write_whole
from countermark.provenance.names import ENVELOPE, SBOM, STATEMENT
from countermark.provenance.statement import UNKNOWN_BUILDER
from countermark.provenance.writing import write_provenance
from countermark.sums.sources import SIGNATURES
from countermark.sums.writing import format_sums
from countermark.workspace import Workspace

__all__ = ["Documents", "write_documents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What was written, and why it is not everything."""

    written: tuple[Path, ...] = ()
    problem: ConfigurationError | MissingToolError | None = None
    """Why nothing is said of how the release was made."""


def write_documents(
    workspace: Workspace,
    digests: dict[str, str],
    before: bytes | None,
    configuration: Configuration,
    *,
    packed: bool,
) -> Documents:
    """Write all documents about the archives of ``digests``, by name, in a locked workspace.

    ``before`` are the sums that were there, of which signatures may be. When nothing was
    ``packed`` and the archives are the same, the others are right as they are. Without archives
    there are no documents. Raises :class:`OSError`, and :class:`~countermark.errors.WorkError` and
    :class:`~counterproof.errors.TreeError` for archives that cannot be read.
    """
    label = configuration.label
    sums = format_sums(digests)
    if sums != before:
        workspace.out.joinpath(SIGNATURES).unlink(missing_ok=True)
    if not digests:
        _remove(workspace.out, label)
        return Documents()
    write_whole(workspace.sums, sums, temporary=workspace.temporary)
    if sums == before and not packed:
        return Documents(written=(workspace.sums,))
    present = tuple(workspace.out / f"{label}{suffix}" for suffix in (SBOM, STATEMENT))
    if _stamp(sums, configuration, present) == _read(workspace.documented):
        return Documents(written=(workspace.sums, *present))
    try:
        written = write_provenance(
            workspace.out,
            source_uri=configuration.source_uri or "",
            builder=configuration.builder or UNKNOWN_BUILDER,
        )
    except (ConfigurationError, MissingToolError) as error:
        _remove(workspace.out, label)
        return Documents(written=(workspace.sums,), problem=error)
    stamp = _stamp(sums, configuration, written)
    write_whole(workspace.documented, stamp, temporary=workspace.temporary)
    return Documents(written=(workspace.sums, *written))


def _stamp(sums: bytes, configuration: Configuration, documents: Iterable[Path]) -> bytes:
    """Return a digest of all that the documents are made from, and of the documents themselves.

    Making them takes longer than all else when nothing has changed.
    """
    source = configuration.source
    said = (configuration.source_uri, configuration.builder, source.commit, source.dirty)
    parts = (__version__.encode(), sums, repr(said).encode(), *map(_read, documents))
    digests = (hashlib.sha256(part).digest() for part in parts)
    return hashlib.sha256(b"".join(digests)).hexdigest().encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _remove(out: Path, label: str) -> None:
    for suffix in (SBOM, STATEMENT, ENVELOPE):
        out.joinpath(f"{label}{suffix}").unlink(missing_ok=True)
