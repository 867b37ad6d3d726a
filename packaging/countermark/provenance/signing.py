"""Signing what is said of a release."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from countermark.errors import ConfigurationError, RejectedError, WorkError
from countermark.files import write_whole
from countermark.provenance.checking import Demanded, check_provenance, find_statements
from countermark.provenance.envelope import (
    PAYLOAD_TYPE,
    Envelope,
    EnvelopeError,
    add_signature,
    format_envelope,
    open_envelope,
)
from countermark.provenance.names import ENVELOPE, STATEMENT
from countermark.provenance.strictjson import StrictJsonError, read_bounded
from countermark.provenance.writing import unfinished
from countersign.escaping import printable
from countersign.findings import Verdict

if TYPE_CHECKING:
    from countermark.provenance.envelope import Signs

__all__ = ["NotSoError", "sign_provenance"]

_ANY_MOMENT: Final = datetime.fromtimestamp(0, UTC)
"""Without keys no moment matters."""


class NotSoError(RejectedError):
    """A statement that was to be signed does not say what is so."""

    def __init__(self, directory: Path, verdict: Verdict) -> None:
        super().__init__(
            f"the statement in {directory} is not so, and was not signed",
            hint="See what is wrong: countermark provenance verify --no-signatures "
            f"{printable(str(directory))}",
        )
        self.verdict = verdict


def sign_provenance(directory: Path, signer: Signs) -> Path:
    """Sign the one statement in ``directory``, if it is so, and return the path of its envelope.

    Signatures of others in the envelope stay. Raises :class:`NotSoError` when the statement and the
    files differ, :class:`ConfigurationError` unless there is one statement, and :class:`WorkError`
    when its envelope cannot be read.
    """
    labels = find_statements(directory)
    if len(labels) != 1:
        raise ConfigurationError(
            f"{directory} holds statements about {len(labels)} releases, not about one",
            hint="Write one first, with: countermark provenance write DIR."
            if not labels
            else "Keep each release in a directory of its own.",
        )
    verdict = Verdict(check_provenance(directory, Demanded(keyring=None, now=_ANY_MOMENT)))
    if not verdict.accepted:
        raise NotSoError(directory, verdict)
    path = directory / f"{labels[0]}{ENVELOPE}"
    envelope = add_signature(_envelope(path, directory / f"{labels[0]}{STATEMENT}"), signer)
    with unfinished(directory) as temporary:
        write_whole(path, format_envelope(envelope), temporary=temporary)
    return path


def _envelope(path: Path, plain: Path) -> Envelope:
    """Return the envelope that is there, or a new one; it must hold the statement beside it."""
    if not path.is_file():
        return Envelope(payload=read_bounded(plain), payload_type=PAYLOAD_TYPE)
    try:
        envelope = open_envelope(read_bounded(path))
    except (EnvelopeError, StrictJsonError) as error:
        raise WorkError(f"{path}: {error}", hint="Delete it, or get it again.") from error
    if plain.is_file() and read_bounded(plain) != envelope.payload:
        raise WorkError(
            f"{path.name} holds another statement than {plain.name}",
            hint="Delete the one that is not about these files.",
        )
    return envelope
