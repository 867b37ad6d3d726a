"""Writing the documents about a release beside its files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from countermark.errors import WorkError
from countermark.files import write_whole
from countermark.provenance.envelope import EnvelopeError, open_envelope
from countermark.provenance.names import ENVELOPE, SBOM, STATEMENT
from countermark.provenance.release import find_source, survey_release
from countermark.provenance.sbom import MEDIA_TYPE, make_sbom
from countermark.provenance.statement import UNKNOWN_BUILDER, Resource, make_statement
from countermark.provenance.strictjson import StrictJsonError, read_bounded

__all__ = ["unfinished", "write_provenance"]


def write_provenance(
    directory: Path, *, source_uri: str = "", builder: str = UNKNOWN_BUILDER
) -> tuple[Path, ...]:
    """Write ``NAME-VERSION.cdx.json`` and ``NAME-VERSION.provenance.json``, and return their paths.

    ``directory`` holds the files of one release, and its manifest where the commit is to be told;
    ``source_uri`` and ``builder`` are what only the user knows. An envelope of an earlier statement
    that said something else is removed, for it signs what is no longer so. Raises what
    :func:`~countermark.provenance.release.survey_release` does.
    """
    from counterproof.hardening.pool import FactsReader

    with FactsReader() as reader:
        release = survey_release(directory, reader)
    source = find_source(directory, release, uri=source_uri)
    sbom = make_sbom(release, source=source)
    name = f"{release.label}{SBOM}"
    byproduct = Resource(
        name=name,
        digest={"sha256": hashlib.sha256(sbom).hexdigest()},
        media_type=MEDIA_TYPE,
    )
    statement = make_statement(release, source=source, byproducts=(byproduct,), builder=builder)
    documents = {name: sbom, f"{release.label}{STATEMENT}": statement}
    _remove_outdated(directory / f"{release.label}{ENVELOPE}", statement)
    with unfinished(directory) as temporary:
        for name, content in documents.items():
            write_whole(directory / name, content, temporary=temporary)
    return tuple(directory / name for name in documents)


def _remove_outdated(envelope: Path, statement: bytes) -> None:
    """Remove an envelope with another statement in it."""
    try:
        current = open_envelope(read_bounded(envelope)).payload == statement
    except (EnvelopeError, StrictJsonError):
        current = False
    except FileNotFoundError:
        return
    if not current:
        envelope.unlink()


@contextmanager
def unfinished(directory: Path) -> Iterator[Path]:
    """Give a place for unfinished files on the file system of ``directory``."""
    try:
        with TemporaryDirectory(dir=directory, prefix=".unfinished-") as temporary:
            yield Path(temporary)
    except OSError as error:
        raise WorkError(
            f"{directory} cannot be written to: {error.strerror}",
            hint="Check the free space and the permissions, then run it again.",
        ) from error
